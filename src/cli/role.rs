//! `role`: which roles an operator may grant.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::database;
use super::table::{instant, show, show_json, table};
use crate::config::Variables;
use crate::model::RoleName;
use crate::storage::{Added, Db, Removed};

#[derive(Args)]
#[command(after_help = "\
A role of your own, from nothing to a token that carries it:

  hasura-siwe role add editor
  hasura-siwe account grant 0xYourAddress editor

What it may do stands in Hasura's metadata, and requests act as it with `x-hasura-role: editor`.
`user` and `guest` are not listed: everybody has them, or nobody.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the roles that can be granted, and how many accounts hold each.
    #[command(after_help = "Example:
  hasura-siwe role list --json")]
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add a role.
    #[command(after_help = "Example:
  hasura-siwe role add editor")]
    Add {
        /// Letters, digits, _ and -; not `user` or `guest`, and no name that differs from another role's in letter case alone.
        name: RoleName,
    },
    /// Remove a role that no account holds.
    #[command(after_help = "Example:
  hasura-siwe role remove editor")]
    Remove {
        /// The role.
        name: RoleName,
    },
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let db = database::of(&variables).await?;
    match arguments.command {
        Command::List { json } => list(&db, json).await?,
        Command::Add { name } => match db.add_role(&name).await? {
            Added::Now => show(&format!(
                "the role {name} can be granted from now on; Hasura's metadata says what it may do\n"
            ))?,
            Added::Already => show(&format!("there was a role {name} already\n"))?,
            Added::Beside(other) => bail!(
                "there is a role {other}, and Hasura tells upper case from lower case: {name} would be another role without its permissions. Use {other}, or choose a name that differs in more than letter case"
            ),
        },
        Command::Remove { name } if name.is_admin() => {
            bail!("{name} is Hasura's own role and stays: revoke it from those who hold it")
        }
        Command::Remove { name } => match db.remove_role(&name).await? {
            Removed::Now => show(&format!("the role {name} is gone\n"))?,
            Removed::Unknown => show(&format!("there was no role {name}\n"))?,
            Removed::Held => bail!(
                "accounts hold the role {name}: take it from them first (`hasura-siwe account revoke ADDRESS {name}`)"
            ),
        },
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, json: bool) -> anyhow::Result<()> {
    let roles = db.roles().await?;
    if json {
        return show_json(&roles);
    }
    let rows: Vec<[String; 3]> = roles
        .iter()
        .map(|role| {
            [
                role.name.clone(),
                role.holders.to_string(),
                instant(role.created_at),
            ]
        })
        .collect();
    show(&table("", ["ROLE", "ACCOUNTS", "SINCE"], &rows))
}
