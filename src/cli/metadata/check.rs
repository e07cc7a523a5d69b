//! `metadata check`: what is wrong with a directory, before Hasura says so.
//!
//! Faults are what Hasura or its CLI would refuse or leave out. What only the local engine does not know is
//! named as not checked and is no fault.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Directory;
use crate::cli::table::{plain, show, show_json};
use crate::config::Variables;
use crate::engine::{self, Environment};
use crate::hasura::metadata::{Metadata, Problem};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata check --dir hasura/metadata
  hasura-siwe metadata check --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    /// For programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    faults: Vec<Fault>,
    not_checked: Vec<String>,
}

#[derive(Serialize)]
struct Fault {
    file: String,
    line: Option<u64>,
    reason: String,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let environment = Environment::from(
        variables
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let looked = Metadata::look(&arguments.directory.files()?);
    let (unsupported, mut problems): (Vec<Problem>, Vec<Problem>) = looked
        .problems
        .into_iter()
        .partition(Problem::is_of_the_reader_alone);
    let checked = engine::check(looked.metadata, &environment).await;
    for one in checked.inconsistencies {
        problems.push(looked.places.problem(one.kind, &one.name, &one.reason));
    }
    let (only_here, problems): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(Problem::is_of_the_reader_alone);
    let mut not_checked: Vec<String> = unsupported
        .iter()
        .chain(&only_here)
        .map(|problem| format!("by the local engine: {problem}"))
        .collect();
    not_checked.extend(
        checked
            .not_supported
            .iter()
            .map(|what| format!("by the local engine: {what}")),
    );
    not_checked.extend(
        checked
            .tables_unchecked
            .map(|why| format!("tables and columns: {why}")),
    );
    let faults = sorted(problems, &arguments.directory);
    let report = Report {
        ok: faults.is_empty(),
        faults,
        not_checked,
    };
    if arguments.json {
        show_json(&report)?;
    } else {
        show(&text(&report))?;
    }
    Ok(ExitCode::from(u8::from(!report.ok)))
}

/// By file and line, each once.
fn sorted(mut problems: Vec<Problem>, directory: &Directory) -> Vec<Fault> {
    problems.sort_by(|a, b| (&a.file, a.line, &a.reason).cmp(&(&b.file, b.line, &b.reason)));
    problems.dedup();
    problems
        .into_iter()
        .map(|problem| Fault {
            file: directory.shown(&problem.file),
            line: problem.line,
            reason: problem.reason,
        })
        .collect()
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
        text.push_str(&format!("{}{line}: {}\n", fault.file, plain(&fault.reason)));
    }
    for what in &report.not_checked {
        text.push_str(&format!("not checked: {}\n", plain(what)));
    }
    text.push_str(&match report.faults.len() {
        0 if !report.not_checked.is_empty() => "what was checked is consistent\n".to_owned(),
        0 => "the metadata is consistent\n".to_owned(),
        1 => "1 fault\n".to_owned(),
        many => format!("{many} faults\n"),
    });
    text
}
