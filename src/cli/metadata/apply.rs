//! `metadata apply`: our metadata into a real Hasura, beside what is there.
//!
//! The sum is computed here and sent as one replacement that names the version it was computed from, so
//! whatever somebody else changes meanwhile is refused by Hasura and looked at again, never lost.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use super::remote::{Endpoint, Exported, Inconsistent, Remote, Replaced};
use super::{Directory, Refused, side_by_side};
use crate::cli::table::show;
use crate::config::Variables;
use crate::hasura::document::{Exact, Merged, differences, merge};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata apply --endpoint http://localhost:8081 --dry-run
  hasura-siwe metadata apply --endpoint http://localhost:8081
  hasura-siwe metadata apply --overwrite      # after an upgrade")]
pub(super) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    #[command(flatten)]
    endpoint: Endpoint,
    /// Send ours alone: whatever else that Hasura has is gone afterwards.
    #[arg(long)]
    replace: bool,
    /// Where that Hasura has another thing of the same name, put ours in its place (after an upgrade, say).
    #[arg(long, conflicts_with = "replace")]
    overwrite: bool,
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

/// How often the metadata may change under our hands before we give up.
const ATTEMPTS: u32 = 2;

pub(super) async fn run(arguments: Arguments, variables: &Variables) -> anyhow::Result<ExitCode> {
    let ours = arguments.directory.build()?;
    let remote = Remote::new(&arguments.endpoint, variables)?;
    for _ in 0..ATTEMPTS {
        let Exported {
            resource_version,
            metadata: theirs,
        } = remote.export().await?;
        let Some(document) = to_send(&arguments, &ours, &theirs)? else {
            show("nothing to change, nothing was sent\n")?;
            return consistent(remote.inconsistent().await?);
        };
        if arguments.dry_run {
            show("a dry run: nothing was sent\n")?;
            return Ok(ExitCode::SUCCESS);
        }
        match remote.replace(resource_version, &document).await? {
            Replaced::Done => {
                show("sent; Hasura has taken it\n")?;
                return consistent(remote.inconsistent().await?);
            }
            Replaced::Conflict => show("the metadata was changed meanwhile; once more\n")?,
            Replaced::Inconsistent(reason, objects) => {
                list(&objects)?;
                bail!(Refused(format!("Hasura has changed nothing: {reason}")));
            }
        }
    }
    bail!(Refused(
        "another client keeps changing Hasura's metadata (409 conflict): nothing was sent, try again".to_owned()
    ))
}

/// The document to send; `None` when that Hasura has all of it.
///
/// # Errors
/// When it has different things of the same names.
fn to_send(arguments: &Arguments, ours: &Value, theirs: &Exact) -> anyhow::Result<Option<Exact>> {
    if arguments.replace {
        let changes = differences(ours, &theirs.to_value());
        show(&side_by_side("", &changes))?;
        return Ok((!changes.is_empty()).then(|| ours.into()));
    }
    let Merged {
        document,
        added,
        overwritten,
        clashes,
    } = merge(ours, theirs, arguments.overwrite);
    let mut text = String::new();
    for clash in &clashes {
        text.push_str(&format!("another thing of this name is there: {}\n", clash.path));
        text.push_str(&side_by_side("  ", &clash.differences));
    }
    for path in &added {
        text.push_str(&format!("to add: {path}\n"));
    }
    for path in &overwritten {
        text.push_str(&format!("to overwrite: {path}\n"));
    }
    show(&text)?;
    if !clashes.is_empty() {
        bail!(Refused(format!(
            "{} of our names mean something else there: nothing was sent. Rename theirs, or let ours take their place with --overwrite",
            clashes.len()
        )));
    }
    Ok((!added.is_empty() || !overwritten.is_empty()).then_some(document))
}

fn consistent(objects: Vec<Inconsistent>) -> anyhow::Result<ExitCode> {
    if objects.is_empty() {
        show("Hasura's metadata is consistent\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    list(&objects)?;
    bail!(Refused("Hasura's metadata is inconsistent".to_owned()));
}

fn list(objects: &[Inconsistent]) -> anyhow::Result<()> {
    let lines: Vec<String> = objects
        .iter()
        .map(|object| format!("inconsistent: {}\n", object.line()))
        .collect();
    show(&lines.concat())
}
