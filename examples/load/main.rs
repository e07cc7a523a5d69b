//! `make bench`: what a request costs, beside the least that it could cost. docs/performance.md keeps what one run found.
//!
//! It starts a PostgreSQL and processes of the release binary, drives real requests over loopback, judges every answer, and
//! measures each floor in the same minutes on the same machine. It is no test: nothing fails because it is slow.

mod asks;
mod command;
mod drive;
mod floors;
mod footprint;
mod growth;
mod machine;
mod pgbench;
mod plot;
mod processes;
mod report;
mod seeds;
mod stack;
mod stages;
mod throughput;
mod usage;
mod wire;

use std::time::Duration;

use crate::command::Command;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Of one run.
    pub time: Duration,
    /// Runs of each kind at each level.
    pub rounds: usize,
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    match Command::read(std::env::args().skip(1))? {
        Command::BeTheBareRoute => runtime.block_on(stack::be_the_bare_route()),
        Command::Measure(wanted) => runtime.block_on(stages::measure(&wanted)),
    }
}
