//! `metadata check`: what is wrong with a directory, before Hasura says so.
//!
//! Errors are what Hasura or its CLI would refuse or leave out. What has no effect is a warning. What only the local engine
//! does not know is named as not checked; neither is an error.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Directory;
use super::report::{Remark, remarks};
use crate::cli::table::{plain, show, show_json};
use crate::config::Variables;
use crate::engine::{self, Environment};
use crate::hasura::metadata::{Metadata, Problem, Severity};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata check --dir hasura/metadata
  hasura-siwe metadata check --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    /// Print one JSON object, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
    not_checked: Vec<Remark>,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let environment = Environment::from(
        variables
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let loaded = Metadata::load(&arguments.directory.files()?);
    let checked = engine::check(loaded.metadata, &environment).await;
    let mut problems = loaded.problems;
    for one in checked.inconsistencies {
        problems.push(loaded.places.problem(one.kind, &one.name, &one.reason));
    }
    problems.sort_by(|a, b| (&a.file, a.line, &a.reason).cmp(&(&b.file, b.line, &b.reason)));
    problems.dedup();
    let of = |severity: Severity| -> Vec<Problem> {
        let problems = problems.iter().filter(|problem| problem.severity == severity);
        problems.cloned().collect()
    };
    let mut not_checked = remarks(of(Severity::NotChecked), &arguments.directory);
    not_checked.extend(checked.not_supported.into_iter().map(Remark::general));
    not_checked.extend(
        checked
            .tables_unchecked
            .map(|why| Remark::general(format!("tables and columns: {why}"))),
    );
    let errors = remarks(of(Severity::Error), &arguments.directory);
    let report = Report {
        ok: errors.is_empty(),
        errors,
        warnings: remarks(of(Severity::Warning), &arguments.directory),
        not_checked,
    };
    if arguments.json {
        show_json(&report)?;
    } else {
        show(&text(&report))?;
    }
    Ok(ExitCode::from(u8::from(!report.ok)))
}

/// Errors first.
fn text(report: &Report) -> String {
    let mut text = String::new();
    for error in &report.errors {
        text.push_str(&format!("{}\n", plain(&error.to_string())));
    }
    for warning in &report.warnings {
        text.push_str(&format!("warning: {}\n", plain(&warning.to_string())));
    }
    for remark in &report.not_checked {
        text.push_str(&format!("not checked: {}\n", plain(&remark.to_string())));
    }
    text.push_str(&match report.errors.len() {
        0 if !report.not_checked.is_empty() => "what was checked is consistent\n".to_owned(),
        0 => "the metadata is consistent\n".to_owned(),
        1 => "1 error\n".to_owned(),
        many => format!("{many} errors\n"),
    });
    text
}
