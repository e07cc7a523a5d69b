//! `metadata`: what is done with a metadata directory on its way to Hasura.

mod apply;
mod build;
mod check;
mod diff;
mod look;
mod remote;

pub(super) use look::{Look, look};
pub(super) use remote::{Endpoint, NotOffered, url};

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use serde_json::Value;

use super::table::{or_dash, table};
use crate::config::{Faults, Variables};
use crate::hasura::document::Difference;
use crate::hasura::metadata::{self, Files};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print the JSON that Hasura's metadata API takes: the directory, joined as the Hasura CLI joins it.
    #[command(after_help = "Example:
  hasura-siwe metadata build --dir hasura/metadata >metadata.json")]
    Build(Directory),
    /// Say what Hasura would refuse or call inconsistent, with file and line.
    Check(check::Arguments),
    /// Put it into a Hasura, beside what that has. A different thing of the same name is shown, and nothing is sent.
    Apply(apply::Arguments),
    /// Compare it with what a Hasura has. Exit code 0 when equal, 1 when different, 2 when that cannot be said.
    Diff(diff::Arguments),
}

/// Where the metadata lies.
#[derive(Args)]
pub(super) struct Directory {
    /// The metadata directory, as the Hasura CLI writes it (config v3). Default: hasura/metadata, or what this
    /// program ships where there is no such directory.
    #[arg(long)]
    dir: Option<PathBuf>,
}

const DEFAULT: &str = "hasura/metadata";

impl Directory {
    fn path(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new(DEFAULT))
    }

    fn files(&self) -> anyhow::Result<Files> {
        let path = self.path();
        // The image holds the program alone.
        if self.dir.is_none() && !path.exists() {
            return Ok(Files::embedded());
        }
        Files::from_directory(path).with_context(|| format!("cannot read the metadata in {}", path.display()))
    }

    /// A path inside, for a person.
    fn shown(&self, file: &str) -> String {
        self.path().join(file).display().to_string()
    }

    /// The JSON that the metadata API takes. What is wrong with the files comes on a line each.
    pub(super) fn build(&self) -> anyhow::Result<Value> {
        metadata::build(&self.files()?).map_err(|problems| {
            let lines = problems.iter().map(|problem| self.shown(&problem.to_string()));
            Faults(lines.collect()).into()
        })
    }
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::Build(directory) => build::run(&directory),
        What::Check(arguments) => check::run(arguments, &variables).await,
        What::Apply(arguments) => apply::run(arguments, &variables).await,
        What::Diff(arguments) => diff::run(arguments, &variables).await,
    }
}

/// Differences as a table: where, what the directory says, what Hasura has. Secrets are stars.
fn side_by_side(indent: &str, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 3]> = differences
        .iter()
        .cloned()
        .map(Difference::hidden)
        .map(|Difference { path, here, there }| [path, short(here), short(there)])
        .collect();
    table(indent, ["PATH", "HERE", "THERE"], &rows)
}

/// A value in a cell, cut where it would fill the screen; --json has all of it.
fn short(value: Option<Value>) -> String {
    const WIDTH: usize = 60;
    let text = or_dash(value);
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
