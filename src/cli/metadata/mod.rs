//! `metadata`: what is done with a metadata directory on its way to Hasura.

mod apply;
mod build;
mod check;
mod diff;
mod look;
mod merge;
mod ours;
mod remote;
mod remove;
mod report;
mod send;

pub(super) use look::{Look, look};
pub(super) use remote::{Endpoint, NotOffered, url};

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use serde_json::Value;

use super::one_line;
use super::table::{or_dash, plain, table};
use crate::config::{Faults, Variables};
use crate::hasura::document::Difference;
use crate::hasura::metadata::{self, Files, Problem};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print the JSON that Hasura's metadata API takes: the directory, joined as the Hasura CLI joins it.
    Build(build::Arguments),
    /// Say what Hasura would refuse or call inconsistent, with file and line. Exit status 0 if there is no error, 1 if there is one, 2 if the
    /// command could not run.
    Check(check::Arguments),
    /// Put it into a Hasura, beside what that has. If a different thing has the same name, both are shown and nothing is sent.
    Apply(apply::Arguments),
    /// Put it into a metadata directory of yours, for teams that apply from git.
    Merge(merge::Arguments),
    /// Take what `apply` put into a Hasura out of it, and nothing else.
    Remove(remove::Arguments),
    /// Compare it with what a Hasura has. Exit status 0 if equal, 1 if different, 2 if the command could not run.
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

    /// The JSON that the metadata API takes. Prints warnings on standard error.
    ///
    /// # Errors
    /// What is wrong with the files, a line each.
    pub(super) fn build(&self) -> anyhow::Result<Value> {
        let shown = |problems: &[Problem]| -> Vec<String> {
            problems
                .iter()
                .map(|problem| self.shown(&problem.to_string()))
                .collect()
        };
        let built = metadata::build(&self.files()?).map_err(|problems| Faults(shown(&problems)))?;
        for line in shown(&built.warnings) {
            eprintln!("warning: {}", plain(&line));
        }
        Ok(built.metadata)
    }
}

/// What a command says when it found something wrong, apart from what kept it from running.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// The exit status of a command that could not run; 1 says that it ran and found something wrong.
const COULD_NOT_RUN: u8 = 2;

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let outcome = match arguments.what {
        What::Build(arguments) => build::run(&arguments),
        What::Check(arguments) => check::run(arguments, &variables).await,
        What::Apply(arguments) => apply::run(arguments, &variables).await,
        What::Merge(arguments) => merge::run(&arguments),
        What::Remove(arguments) => remove::run(arguments, &variables).await,
        What::Diff(arguments) => diff::run(arguments, &variables).await,
    };
    match outcome {
        Err(error) if error.is::<Refused>() || error.is::<Faults>() => Err(error),
        Err(error) => {
            eprintln!("hasura-siwe: {}", one_line(&error));
            Ok(ExitCode::from(COULD_NOT_RUN))
        }
        done => done,
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
