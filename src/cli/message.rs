//! `message check`: why was a log-in refused? Answered from its text alone.

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::ChainId;
use crate::siwe::{Origin, Policy, check};

/// Standard input beyond this is no log-in.
const INPUT_CAP: u64 = 1 << 20;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read a log-in on standard input and say whether it would sign in.
    ///
    /// Reads {"message","signature"}, {"session":{…}} with the two, or a whole body
    /// {"query","variables":{"session":{…}}}.
    ///
    /// Prints {"ok","code","reason","address"} and exits 0 or 1. Asks no database, so it cannot say
    /// whether a nonce was spent.
    #[command(after_help = "Examples:
  hasura-siwe message check --origin http://localhost:3000 <login.json
  hasura-siwe message check --origin https://app.example.com --chain 1 --at 2024-09-14T20:45:00Z <login.json")]
    Check(Check),
}

#[derive(Args)]
struct Check {
    /// The server's time, as RFC 3339: 2024-09-14T20:45:00Z. Now, if left out.
    #[arg(long, value_parser = instant)]
    at: Option<OffsetDateTime>,
    /// An allowed origin, such as `https://app.example.com`; may be repeated.
    #[arg(long, required = true)]
    origin: Vec<Origin>,
    /// An allowed chain id; may be repeated. Any, if left out.
    #[arg(long)]
    chain: Vec<ChainId>,
    /// The nonce that was issued. Any, if left out.
    #[arg(long)]
    nonce: Option<String>,
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("{error}; write 2024-09-14T20:45:00Z"))
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Check(check) = &arguments.command;
    let mut input = String::new();
    std::io::stdin()
        .lock()
        .take(INPUT_CAP)
        .read_to_string(&mut input)
        .context("cannot read standard input")?;
    let mut policy = Policy::new(check.origin.iter().cloned());
    if !check.chain.is_empty() {
        policy = policy.chains(check.chain.iter().copied());
    }
    if let Some(nonce) = &check.nonce {
        policy = policy.nonce(nonce);
    }
    let at = check.at.unwrap_or_else(|| crate::clock::Clock::system().now());
    let report = check::check(&input, &policy, at);
    println!("{}", serde_json::to_string(&report)?);
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
