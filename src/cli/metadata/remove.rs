//! `metadata remove`: what `apply` put into a Hasura taken out again, and nothing else.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::ours::Ours;
use super::remote::{Endpoint, Remote};
use super::send::{Sent, send};
use crate::cli::table::{show, show_json};
use crate::config::Variables;
use crate::hasura::document::{Removed, remove};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata remove --endpoint http://localhost:8081 --dry-run
  hasura-siwe metadata remove --endpoint http://localhost:8081")]
pub(super) struct Arguments {
    #[command(flatten)]
    ours: Ours,
    #[command(flatten)]
    endpoint: Endpoint,
    /// Say what would be removed, and send nothing.
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
    removed: Vec<String>,
    kept: Vec<Kept>,
}

#[derive(Serialize)]
struct Kept {
    path: String,
    reason: &'static str,
}

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let ours = arguments.ours.build()?;
    let remote = Remote::new(&arguments.endpoint, variables)?;
    let mut report = Report::default();
    let sent = send(&remote, arguments.dry_run, arguments.json, |theirs| {
        let Removed {
            document,
            removed,
            kept,
        } = remove(&ours, theirs);
        report.removed = removed;
        report.kept = kept
            .into_iter()
            .map(|(path, reason)| Kept { path, reason })
            .collect();
        Ok((!report.removed.is_empty()).then_some(document))
    })
    .await?;
    report.sent = matches!(sent, Sent::Done);
    report.ok = true;
    if arguments.json {
        show_json(&report)?;
    } else {
        show(&text(&report, &sent))?;
    }
    sent.finish(&remote, arguments.json).await
}

fn text(report: &Report, sent: &Sent) -> String {
    let mut text = String::new();
    for path in &report.removed {
        text.push_str(&format!("to remove: {path}\n"));
    }
    for kept in &report.kept {
        text.push_str(&format!("kept: {} ({})\n", kept.path, kept.reason));
    }
    text.push_str(sent.text());
    text
}
