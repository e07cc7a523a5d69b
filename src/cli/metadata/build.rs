//! `metadata build`: the directory as one JSON document.

use std::process::ExitCode;

use super::Directory;
use crate::cli::table::show_json;

pub(super) fn run(directory: &Directory) -> anyhow::Result<ExitCode> {
    show_json(&directory.build()?)?;
    Ok(ExitCode::SUCCESS)
}
