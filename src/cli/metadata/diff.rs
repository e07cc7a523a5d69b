//! `metadata diff`: a directory against what a Hasura has, path by path. It reads and changes nothing.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::ours::Ours;
use super::remote::{Endpoint, Remote};
use super::report::Comparison;
use super::side_by_side;
use crate::cli::one_line;
use crate::cli::table::{show, show_json};
use crate::config::Variables;
use crate::hasura::document::differences;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata diff --endpoint http://localhost:8081
  hasura-siwe metadata diff --dir hasura/metadata --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    ours: Ours,
    #[command(flatten)]
    endpoint: Endpoint,
    /// Print one JSON object, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let ours = match arguments.ours.build() {
        Ok(ours) => ours,
        // A directory that cannot be built cannot be compared, either.
        Err(error) => bail!(one_line(&error)),
    };
    let remote = Remote::new(&arguments.endpoint, variables)?;
    let theirs = remote.export().await?.metadata;
    let found = differences(&ours, &theirs.to_value());
    let equal = found.is_empty();
    if arguments.json {
        show_json(&Comparison::of(found))?;
    } else if equal {
        show("Hasura has what the directory says, and nothing else\n")?;
    } else {
        show(&side_by_side("", &found))?;
    }
    Ok(ExitCode::from(u8::from(!equal)))
}
