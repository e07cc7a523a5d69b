//! What the program was asked for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};

use crate::Pace;
use crate::stack::BARE;

/// Measures what requests cost, beside the least that they could cost.
#[derive(Parser)]
#[command(name = "load", bin_name = "make bench")]
pub struct Wanted {
    /// Only these parts, by default all.
    pub stages: Vec<Stage>,
    /// Seconds of each run.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Runs of each kind at each number of connections.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The program to measure: by default the one beside this one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// A variable of the service's besides, as NAME=VALUE: to try what it changes.
    #[arg(long = "set", value_parser = variable)]
    pub variables: Vec<(String, String)>,
    /// Writes tables and plot into docs/ as well.
    #[arg(long)]
    pub write: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// `v1RestoreSession` beside pgbench.
    Restore,
    /// `v1Login` beside pgbench.
    Login,
    /// The auth webhook beside a bare axum route.
    Webhook,
    /// A log-in with a password beside argon2, and recovery beside libsecp256k1.
    Crypto,
    /// Memory, start, size.
    Footprint,
    /// One, two and four processes.
    Processes,
    /// A hundred times as many rows, and the removal of a million.
    Growth,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it wants a name, = and a value")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub enum Command {
    BeTheBareRoute,
    Measure(Wanted),
}

impl Command {
    pub fn read(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let arguments: Vec<String> = arguments.collect();
        if arguments.first().is_some_and(|first| first == BARE) {
            return Ok(Self::BeTheBareRoute);
        }
        let named = std::iter::once("load".to_owned()).chain(arguments);
        let wanted = Wanted::try_parse_from(named).unwrap_or_else(|error| error.exit());
        if wanted.rounds == 0 || wanted.seconds == 0 {
            bail!("a run takes a second at least, and there is one at least");
        }
        Ok(Self::Measure(wanted))
    }
}

impl Wanted {
    pub fn wants(&self, stage: Stage) -> bool {
        self.stages.is_empty() || self.stages.contains(&stage)
    }

    pub fn pace(&self) -> Pace {
        Pace {
            time: Duration::from_secs(self.seconds),
            rounds: self.rounds,
        }
    }

    /// The release binary, which cargo puts beside the folder of this program.
    pub fn binary(&self) -> anyhow::Result<PathBuf> {
        if let Some(binary) = &self.binary {
            return Ok(binary.clone());
        }
        let own = std::env::current_exe()?;
        let folder = own.parent().and_then(|folder| folder.parent());
        Ok(folder.context("a program without a folder")?.join("hasura-siwe"))
    }
}
