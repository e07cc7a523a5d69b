//! `metadata apply`: our metadata into a real Hasura, beside what is there.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::ours::Ours;
use super::remote::{Endpoint, Remote};
use super::report::Comparison;
use super::send::{Sent, send};
use super::{Refused, side_by_side};
use crate::cli::table::{show, show_json};
use crate::config::Variables;
use crate::hasura::document::{Clash, Exact, Merged, differences, merge};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata apply --endpoint http://localhost:8081 --dry-run
  hasura-siwe metadata apply --endpoint http://localhost:8081
  hasura-siwe metadata apply --flows siwe,email --prefix auth_ --suffix Auth
  hasura-siwe metadata apply --overwrite      # after an upgrade")]
pub(super) struct Arguments {
    #[command(flatten)]
    ours: Ours,
    #[command(flatten)]
    endpoint: Endpoint,
    /// Send ours alone: everything else that this Hasura has is gone afterwards.
    #[arg(long)]
    replace: bool,
    /// If this Hasura has another thing of the same name, put ours in its place (after an upgrade, for example).
    #[arg(long, conflicts_with = "replace")]
    overwrite: bool,
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
struct Report {
    ok: bool,
    sent: bool,
    added: Vec<String>,
    overwritten: Vec<String>,
    clashes: Vec<Shown>,
    /// What `--replace` changes.
    changes: Option<Comparison>,
}

#[derive(Serialize)]
struct Shown {
    path: String,
    differences: Comparison,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let ours = arguments.ours.build()?;
    let remote = Remote::new(&arguments.endpoint, variables)?;
    let mut report = Report::default();
    let outcome = send(&remote, arguments.dry_run, arguments.json, |theirs| {
        report = Report::default();
        to_send(&arguments, &ours, theirs, &mut report)
    })
    .await;
    report.sent = matches!(outcome, Ok(Sent::Done));
    report.ok = outcome.is_ok();
    if arguments.json {
        show_json(&report)?;
    }
    let sent = outcome?;
    if !arguments.json {
        show(sent.text())?;
    }
    sent.finish(&remote, arguments.json).await
}

/// The document to send; `None` if this Hasura has all of it.
///
/// # Errors
/// [`Refused`] if it has different things of the same names.
fn to_send(
    arguments: &Arguments,
    ours: &Value,
    theirs: &Exact,
    report: &mut Report,
) -> anyhow::Result<Option<Exact>> {
    if arguments.replace {
        let changes = differences(ours, &theirs.to_value());
        if !arguments.json {
            show(&side_by_side("", &changes))?;
        }
        let is_changed = !changes.is_empty();
        report.changes = Some(Comparison::of(changes));
        return Ok(is_changed.then(|| ours.into()));
    }
    let Merged {
        document,
        added,
        overwritten,
        clashes,
    } = merge(ours, theirs, arguments.overwrite);
    if !arguments.json {
        show(&text(&added, &overwritten, &clashes))?;
    }
    let has_changes = !added.is_empty() || !overwritten.is_empty();
    report.added = added;
    report.overwritten = overwritten;
    let count = clashes.len();
    report.clashes = clashes
        .into_iter()
        .map(|clash| Shown {
            path: clash.path,
            differences: Comparison::of(clash.differences),
        })
        .collect();
    if count > 0 {
        bail!(Refused(format!(
            "{count} of our names mean something else there: nothing was sent. Rename yours, choose other names for ours with --prefix and \
             --suffix, or let ours take their place with --overwrite"
        )));
    }
    Ok(has_changes.then_some(document))
}

/// Clashes first.
pub(super) fn text(added: &[String], overwritten: &[String], clashes: &[Clash]) -> String {
    let mut text = String::new();
    for clash in clashes {
        text.push_str(&format!("another thing of this name is there: {}\n", clash.path));
        text.push_str(&side_by_side("  ", &clash.differences));
    }
    for path in added {
        text.push_str(&format!("to add: {path}\n"));
    }
    for path in overwritten {
        text.push_str(&format!("to overwrite: {path}\n"));
    }
    text
}
