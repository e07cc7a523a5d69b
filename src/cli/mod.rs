//! The command line: what was asked, the environment it needs, and how it ends.
//!
//! Exit codes are a contract: 0 done, 1 refused or failed (the reason is on standard error, one
//! line with its causes), 2 the command line itself was wrong.

mod account;
mod audit;
mod database;
mod demo;
mod doctor;
mod engine;
mod epoch;
mod gathered;
mod health;
mod ids;
mod keys;
mod local;
mod logging;
mod manual;
mod message;
mod metadata;
mod metrics;
mod migrate;
mod needs;
mod network;
mod openapi;
mod preflight;
mod role;
mod serve;
mod table;
mod token;
mod traces;
pub mod wallet;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use doctor::CHECKS as DOCTOR_CHECKS;
pub use openapi::document as openapi_document;

use crate::config::{Faults, Variables, unreadable};

const NAME: &str = "hasura-siwe";

/// Sign-In with Ethereum for Hasura.
#[derive(Parser)]
#[command(name = NAME, version, about, max_term_width = 100)]
#[command(after_help = "Examples:
  hasura-siwe local                # everything on this machine
  hasura-siwe demo                 # in a second shell: a wallet signs in
  hasura-siwe account --help       # each command's help ends with examples, and names the variables that it reads")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer Hasura's actions. Configured by the environment: see docs/configuration.md.
    #[command(after_help = "Examples:
  hasura-siwe serve
  LOG_FORMAT=json METRICS_ADDR=127.0.0.1:9400 hasura-siwe serve")]
    Serve,
    /// Run everything on this machine: a private PostgreSQL, the service and the local engine.
    Local(local::Arguments),
    /// Run the local engine alone, on any metadata directory and database, configured by Hasura's own variables.
    Engine(engine::Arguments),
    /// Play the whole story against an endpoint with a throw-away wallet, printing each request.
    Demo(demo::Arguments),
    /// Bring the database up to this program, and let Hasura's role (PG_DATABASE_URL) read what it serves.
    #[command(after_help = "Examples:
  hasura-siwe migrate
  PG_DATABASE_URL=postgres://hasura@localhost/siwe hasura-siwe migrate")]
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
    #[command(after_help = "Example:
  hasura-siwe health")]
    Health,
    /// Check a deployment end to end, and say of each check what to do where it does not hold.
    Doctor(doctor::Arguments),
    /// Print what can be reached without GraphQL as an OpenAPI document.
    #[command(after_help = "Example:
  hasura-siwe openapi >openapi.json")]
    Openapi,
    /// Print the completion script of a shell.
    Completions(manual::Completions),
    /// Write the manual pages.
    Man(manual::Man),
}

/// The command line, as its help, the completions and the manual pages have it.
pub fn command() -> clap::Command {
    needs::told(CommandLine::command())
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let command = match CommandLine::from_arg_matches(&matches) {
        Ok(line) => line.command,
        Err(error) => error.exit(),
    };
    let variables = Variables::of_process();
    let outcome = has_readable(&command, &variables).and_then(|()| answer(command, variables));
    outcome.unwrap_or_else(|error| {
        eprintln!("hasura-siwe: {}", one_line(&error));
        ExitCode::FAILURE
    })
}

/// Refuses variables that are read and hold no text.
fn has_readable(command: &Command, variables: &Variables) -> anyhow::Result<()> {
    let reads_none = matches!(
        command,
        Command::Message(_) | Command::Openapi | Command::Completions(_) | Command::Man(_) | Command::Demo(_)
    );
    let faults = unreadable(variables);
    if reads_none || faults.is_empty() {
        return Ok(());
    }
    Err(Faults(faults).into())
}

fn answer(command: Command, variables: Variables) -> anyhow::Result<ExitCode> {
    match command {
        Command::Message(arguments) => message::run(&arguments),
        Command::Openapi => openapi::run(),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
        Command::Doctor(arguments) => on_runtime(doctor::run(arguments, variables)),
        Command::Serve => on_runtime(serve::run(variables)),
        Command::Local(arguments) => on_runtime(local::run(arguments, variables)),
        Command::Engine(arguments) => on_runtime(engine::run(arguments, variables)),
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
    }
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
