//! `metadata merge`: our metadata into a metadata directory, for teams that apply from git.
//!
//! Files that the merge does not change stay byte for byte as they were. A file that it changes is written as the Hasura CLI
//! writes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::ours::Ours;
use super::{Refused, apply};
use crate::cli::table::{show, show_json};
use crate::config::Faults;
use crate::hasura::document::{Exact, Merged, differences, merge};
use crate::hasura::metadata::{Files, build, directory};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata merge --into ../my-hasura/metadata --dry-run
  hasura-siwe metadata merge --into ../my-hasura/metadata")]
pub(super) struct Arguments {
    #[command(flatten)]
    ours: Ours,
    /// The metadata directory to write into, as the Hasura CLI writes it (config v3).
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// If the directory has another thing of the same name, put ours in its place.
    #[arg(long)]
    overwrite: bool,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    added: Vec<String>,
    overwritten: Vec<String>,
    clashes: Vec<String>,
    written: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let ours = arguments.ours.build()?;
    let folder = &arguments.into;
    let files = Files::from_directory(folder)
        .with_context(|| format!("cannot read the metadata in {}", folder.display()))?;
    let theirs = build(&files)
        .map_err(|problems| {
            Faults(
                problems
                    .iter()
                    .map(|one| folder.join(one.to_string()).display().to_string())
                    .collect(),
            )
        })?
        .metadata;
    let Merged {
        document,
        added,
        overwritten,
        clashes,
    } = merge(&ours, &Exact::from(&theirs), arguments.overwrite);
    let has_changes = clashes.is_empty() && (!added.is_empty() || !overwritten.is_empty());
    let changed = if has_changes {
        changed_files(&files, &theirs, &document.to_value())?
    } else {
        BTreeMap::new()
    };
    if !arguments.dry_run {
        write(folder, &changed)?;
    }
    let written: Vec<String> = changed.into_keys().collect();
    if arguments.json {
        show_json(&Report {
            ok: clashes.is_empty(),
            added,
            overwritten,
            clashes: clashes.iter().map(|clash| clash.path.clone()).collect(),
            written,
        })?;
    } else {
        show(&apply::text(&added, &overwritten, &clashes))?;
        let verb = if arguments.dry_run { "to write" } else { "written" };
        let lines: Vec<String> = written
            .iter()
            .map(|path| format!("{verb}: {}\n", folder.join(path).display()))
            .collect();
        show(&if has_changes {
            lines.concat()
        } else {
            "nothing to change, nothing was written\n".to_owned()
        })?;
    }
    if !clashes.is_empty() {
        bail!(Refused(format!(
            "{} of our names mean something else there: nothing was written. Rename yours, choose other names for ours with --prefix and \
             --suffix, or let ours take their place with --overwrite",
            clashes.len()
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// The files to write, so that the directory is built into the merged JSON.
fn changed_files(files: &Files, theirs: &Value, merged: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    let written = |document: &Value| directory(document).map_err(|reason| anyhow!(reason));
    let (before, after) = (written(theirs)?, written(merged)?);
    let changed: BTreeMap<String, String> = after
        .iter()
        .filter(|(path, text)| before.get(*path) != Some(text))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    // A directory of another layout than the CLI's has its tables elsewhere: then all files of its sources are written.
    let with_sources: BTreeMap<String, String> = after
        .iter()
        .filter(|(path, _)| changed.contains_key(*path) || path.starts_with("databases/"))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    [changed, with_sources]
        .into_iter()
        .find(|changed| {
            let mut files = files.clone();
            files.extend(changed.clone());
            build(&files).is_ok_and(|built| differences(&built.metadata, merged).is_empty())
        })
        .context("the merged metadata cannot be written into this directory: let the Hasura CLI export it first, which gives it the usual layout")
}

fn write(folder: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let failed = || format!("cannot write {}", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(failed)?;
        }
        std::fs::write(&path, text).with_context(failed)?;
    }
    Ok(())
}
