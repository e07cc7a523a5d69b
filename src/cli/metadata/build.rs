//! `metadata build`: the directory as one JSON document.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::Directory;
use super::report::{Remark, remarks};
use crate::cli::table::show_json;
use crate::hasura::metadata;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe metadata build --dir hasura/metadata >metadata.json
  hasura-siwe metadata build --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    directory: Directory,
    /// Print one JSON object, for programs: ok, errors, warnings and metadata.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
    metadata: Option<Value>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    if !arguments.json {
        show_json(&directory.build()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = match metadata::build(&directory.files()?) {
        Ok(built) => Report {
            ok: true,
            errors: Vec::new(),
            warnings: remarks(built.warnings, directory),
            metadata: Some(built.metadata),
        },
        Err(problems) => Report {
            ok: false,
            errors: remarks(problems, directory),
            warnings: Vec::new(),
            metadata: None,
        },
    };
    show_json(&report)?;
    Ok(ExitCode::from(u8::from(!report.ok)))
}
