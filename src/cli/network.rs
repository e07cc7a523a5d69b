//! `network`: which chains accounts live on, and which of them may sign in.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::database;
use super::table::{show, show_json, table};
use crate::config::Variables;
use crate::model::{ChainId, NetworkName};
use crate::storage::Db;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe network add gnosis 100
  hasura-siwe network disable sepolia

A network is never removed, for accounts live on it: it is disabled.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the networks.
    #[command(after_help = "Example:
  hasura-siwe network list --json")]
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add a network, open for log-ins.
    #[command(after_help = "Example:
  hasura-siwe network add gnosis 100")]
    Add {
        /// Lower-case letters, digits, - and _: what clients name it by.
        name: NetworkName,
        /// Its EIP-155 chain id, which messages name it by.
        chain_id: ChainId,
    },
    /// Open a network for log-ins again.
    #[command(after_help = "Example:
  hasura-siwe network enable sepolia")]
    Enable {
        /// The network.
        name: NetworkName,
    },
    /// Close a network for log-ins. Open sessions go on, and its accounts stay.
    #[command(after_help = "Example:
  hasura-siwe network disable sepolia")]
    Disable {
        /// The network.
        name: NetworkName,
    },
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let db = database::of(&variables).await?;
    match arguments.command {
        Command::List { json } => list(&db, json).await?,
        Command::Add { name, chain_id } => add(&db, &name, chain_id).await?,
        Command::Enable { name } => switch(&db, &name, true).await?,
        Command::Disable { name } => switch(&db, &name, false).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, json: bool) -> anyhow::Result<()> {
    let networks = db.networks().await?;
    if json {
        return show_json(&networks);
    }
    let rows: Vec<[String; 3]> = networks
        .iter()
        .map(|network| {
            let log_ins = if network.enabled { "open" } else { "closed" };
            [
                network.name.clone(),
                network.chain_id.to_string(),
                log_ins.to_owned(),
            ]
        })
        .collect();
    show(&table("", ["NETWORK", "CHAIN ID", "LOG-INS"], &rows))
}

async fn add(db: &Db, name: &NetworkName, chain_id: ChainId) -> anyhow::Result<()> {
    let number = chain_id
        .to_i64()
        .context("chain ids above 9223372036854775807 cannot be stored")?;
    if db.add_network(name, number).await? {
        return show(&format!("chain {chain_id} may sign in at once, as {name}\n"));
    }
    for there in db.networks().await? {
        match (there.name == name.as_str(), there.chain_id == number) {
            (true, true) if there.enabled => {
                return show(&format!("{name} was there already, and may sign in\n"));
            }
            (true, true) => bail!("{name} is there and disabled: `hasura-siwe network enable {name}`"),
            (true, false) => bail!("{name} is the name of chain {} already", there.chain_id),
            (false, true) => bail!("chain {chain_id} is there already, as {}", there.name),
            (false, false) => {}
        }
    }
    bail!("{name} was neither added nor is it there: try again")
}

async fn switch(db: &Db, name: &NetworkName, enabled: bool) -> anyhow::Result<()> {
    let text = match (db.switch_network(name, enabled).await?, enabled) {
        (None, _) => {
            bail!("there is no network {name}: `hasura-siwe network list` shows those that there are")
        }
        (Some(true), true) => format!("{name} may sign in at once\n"),
        (Some(true), false) => format!("{name} may not sign in from now on; open sessions go on\n"),
        (Some(false), true) => format!("{name} was enabled already\n"),
        (Some(false), false) => format!("{name} was disabled already\n"),
    };
    show(&text)
}
