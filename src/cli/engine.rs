//! `engine`: the local engine alone, on any metadata directory and database, until it is asked to stop.
//!
//! It is configured as Hasura is, by Hasura's own names, so that the environment of one starts the other. Only the time limit of
//! statements has a name of ours, because Hasura has none for it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use tokio::net::{TcpListener, lookup_host};

use super::logging;
use crate::app::asked_to_stop;
use crate::clock::Clock;
use crate::config::{Faults, LogFormat, Variables};
use crate::engine::{Config, Engine, Environment, MetadataSource, StartError};
use crate::hasura::metadata::{Files, Metadata, Problem};
use crate::server;

const HOST: &str = "HASURA_GRAPHQL_SERVER_HOST";
const PORT: &str = "HASURA_GRAPHQL_SERVER_PORT";
/// Hasura's own.
const DEFAULT_PORT: u16 = 8080;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe engine
  HASURA_GRAPHQL_METADATA_DIR=hasura/metadata HASURA_GRAPHQL_SERVER_PORT=8090 hasura-siwe engine")]
pub(super) struct Arguments {
    /// Start although the metadata has parts that the local engine does not support, such as cron triggers, event triggers and remote
    /// schemas. They are left out and listed.
    #[arg(long)]
    ignore_unsupported: bool,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let _log = logging::start(LogFormat::Text, &variables, None);
    let environment = Environment::from(
        variables
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let mut faults = Vec::new();
    let mut left_out = Vec::new();
    let address = address(&variables).await.unwrap_or_else(|fault| {
        faults.push(fault);
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    });
    let config = match Config::read(&environment) {
        Ok(config) => {
            match metadata_problems(&config.metadata) {
                Ok(problems) => {
                    let stops =
                        |problem: &Problem| problem.severity.stops_engine(arguments.ignore_unsupported);
                    let (stopping, ignored): (Vec<Problem>, Vec<Problem>) =
                        problems.into_iter().partition(stops);
                    left_out.extend(ignored);
                    faults.extend(stopping.iter().map(ToString::to_string));
                }
                Err(fault) => faults.push(fault),
            }
            Some(Config {
                ignores_unsupported: arguments.ignore_unsupported,
                is_exposed: !address.ip().is_loopback(),
                ..config
            })
        }
        Err(more) => {
            faults.extend(more);
            None
        }
    };
    let config = config.filter(|_| faults.is_empty()).ok_or(Faults(faults))?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: stop what is there, or set {PORT}"))?;
    let engine = Engine::start(config, environment, Clock::system())
        .await
        .map_err(|error| match error {
            StartError::NotSupported(reasons) => anyhow!(Faults(reasons)),
            error => anyhow!(error),
        })?;
    let stop = asked_to_stop();
    for problem in left_out {
        println!("left out: {problem}");
    }
    println!("the local engine listens on http://{}", listener.local_addr()?);
    server::serve(listener, engine.router(), server::Limits::default(), stop)
        .await
        .context("the listener failed")?;
    Ok(ExitCode::SUCCESS)
}

/// Where to listen. On this machine alone unless a host is named: without an admin secret whoever
/// reaches the engine is admin.
async fn address(variables: &Variables) -> Result<SocketAddr, String> {
    let port = match variables.text(PORT) {
        None => DEFAULT_PORT,
        Some(text) => text
            .trim()
            .parse()
            .map_err(|_| format!("{PORT} is {text:?}, expected a number up to 65535"))?,
    };
    let host = variables.text(HOST).unwrap_or("127.0.0.1").trim();
    if host == "*" {
        return Ok((IpAddr::from(Ipv4Addr::UNSPECIFIED), port).into());
    }
    let found = lookup_host((host, port))
        .await
        .ok()
        .and_then(|mut all| all.next());
    found.ok_or_else(|| format!("{HOST} is {host:?}, expected an address or a name of this machine"))
}

/// The problems of a directory that need a word at the start: those that stop it, and those that are left out.
///
/// # Errors
/// A sentence if the directory cannot be read.
fn metadata_problems(source: &MetadataSource) -> Result<Vec<Problem>, String> {
    let MetadataSource::Directory(path) = source else {
        return Ok(Vec::new());
    };
    let files = Files::from_directory(path)
        .map_err(|error| format!("cannot read the metadata in {}: {error}", path.display()))?;
    Ok(Metadata::load(&files).problems)
}
