//! `metadata diff`: a directory against what a Hasura has, path by path. It reads and changes nothing.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::remote::{Endpoint, Remote};
use super::{Directory, side_by_side};
use crate::cli::one_line;
use crate::cli::table::{show, show_json};
use crate::config::Variables;
use crate::hasura::document::{Difference, differences};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata diff --endpoint http://localhost:8081
  hasura-siwe metadata diff --dir hasura/metadata --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    #[command(flatten)]
    endpoint: Endpoint,
    /// Print one JSON object, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    equal: bool,
    only_here: Vec<One>,
    only_there: Vec<One>,
    different: Vec<Both>,
}

#[derive(Serialize)]
struct One {
    path: String,
    value: Value,
}

#[derive(Serialize)]
struct Both {
    path: String,
    here: Value,
    there: Value,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let ours = match arguments.directory.build() {
        Ok(ours) => ours,
        // A directory that cannot be built cannot be compared, either.
        Err(error) => bail!(one_line(&error)),
    };
    let remote = Remote::new(&arguments.endpoint, variables)?;
    let theirs = remote.export().await?.metadata;
    let found = differences(&ours, &theirs.to_value());
    let equal = found.is_empty();
    if arguments.json {
        show_json(&report(found))?;
    } else if equal {
        show("Hasura has what the directory says, and nothing else\n")?;
    } else {
        show(&side_by_side("", &found))?;
    }
    Ok(ExitCode::from(u8::from(!equal)))
}

fn report(found: Vec<Difference>) -> Report {
    let mut report = Report {
        equal: found.is_empty(),
        only_here: Vec::new(),
        only_there: Vec::new(),
        different: Vec::new(),
    };
    for Difference { path, here, there } in found.into_iter().map(Difference::hidden) {
        match (here, there) {
            (Some(here), Some(there)) => report.different.push(Both { path, here, there }),
            (Some(value), None) => report.only_here.push(One { path, value }),
            (None, Some(value)) => report.only_there.push(One { path, value }),
            (None, None) => {}
        }
    }
    report
}
