//! The command line: what was asked, the environment it needs, and how it ends.
//!
//! Exit codes are a contract: 0 done, 1 refused or failed (the reason is on standard error, one
//! line with its causes), 2 the command line itself was wrong.

mod account;
mod audit;
mod demo;
mod engine;
mod epoch;
mod gathered;
mod health;
mod keys;
mod local;
mod logging;
mod message;
mod metadata;
mod migrate;
mod network;
mod role;
mod serve;
mod table;
mod token;
mod traces;
pub mod wallet;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Variables;

/// Sign-In with Ethereum for Hasura.
#[derive(Parser)]
#[command(name = "hasura-siwe", version, about, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer Hasura's actions. Configured by the environment: see docs/configuration.md.
    Serve,
    /// Run everything on this machine: a private PostgreSQL, the service and the local engine.
    Local(local::Arguments),
    /// Run the local engine alone, on any metadata directory and database, configured by Hasura's own variables.
    Engine,
    /// Play the whole story against an endpoint with a throw-away wallet, printing each request.
    Demo(demo::Arguments),
    /// Bring the database up to this program, and let Hasura's role (PG_DATABASE_URL) read what it serves.
    Migrate,
    /// Check Hasura's metadata, print it as JSON, send it to a Hasura, compare it with one.
    Metadata(metadata::Arguments),
    /// Look at accounts, grant and revoke roles, add claims, disable, end sessions.
    Account(account::Arguments),
    /// List, add and remove the roles that can be granted.
    Role(role::Arguments),
    /// List, add, enable and disable networks.
    Network(network::Arguments),
    /// Read the audit log: who did what, from where, with which result.
    Audit(audit::Arguments),
    /// Make, list, rotate and retire the keys that sign, where Hasura reads them from a jwk_url.
    Keys(keys::Arguments),
    /// Look at, judge or mint an access token.
    Token(token::Arguments),
    /// Look at a signed message without a database.
    Message(message::Arguments),
    /// End all sessions after a backup was restored.
    Epoch(epoch::Arguments),
    /// Ask the service on this machine whether it is ready (the image's health check).
    Health,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let command = CommandLine::parse().command;
    let variables = Variables::of_process();
    let outcome = match command {
        Command::Message(arguments) => message::run(&arguments),
        Command::Serve => on_runtime(serve::run(variables)),
        Command::Local(arguments) => on_runtime(local::run(arguments, variables)),
        Command::Engine => on_runtime(engine::run(variables)),
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Migrate => on_runtime(migrate::run(variables)),
        Command::Metadata(arguments) => on_runtime(metadata::run(arguments, variables)),
        Command::Account(arguments) => on_runtime(account::run(arguments, variables)),
        Command::Role(arguments) => on_runtime(role::run(arguments, variables)),
        Command::Network(arguments) => on_runtime(network::run(arguments, variables)),
        Command::Audit(arguments) => on_runtime(audit::run(arguments, variables)),
        Command::Keys(arguments) => on_runtime(keys::run(arguments, variables)),
        Command::Token(arguments) => on_runtime(token::run(arguments, variables)),
        Command::Epoch(arguments) => on_runtime(epoch::run(arguments, variables)),
        Command::Health => on_runtime(health::run(variables)),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("hasura-siwe: {}", one_line(&error));
        ExitCode::FAILURE
    })
}

fn on_runtime(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(command)
}

/// An error with its causes. Faults of the configuration keep a line each.
fn one_line(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Some libraries repeat their source in their own text.
        if !parts.last().is_some_and(|last| last.ends_with(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
