//! The files of the project as text, for the tests that hold documents and code against each other.
//!
//! It reads; it judges nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// The project's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, by its path in the project.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `folder` with this extension, by its path in the project, sorted. What was
/// installed or built is left out.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), extension, &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "target" | "node_modules" | ".venv" | ".git") {
                walk(&path, extension, found);
            }
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// Everything between two quotation marks on the lines of `source` that are no comments.
pub fn literals(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

/// A piece of `text` between two marks, for tests that look into one section or one function.
pub fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("{begin:?} is not there any more"));
    rest.split_once(end).map_or(rest, |(piece, _)| piece)
}

/// The rows of the tables of a Markdown text, cell by cell; heads and rules are left out.
pub fn table_rows(markdown: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = markdown.lines().collect();
    let is_row = |line: &str| line.trim_start().starts_with('|');
    let is_rule = |line: &str| is_row(line) && line.chars().all(|c| "|-: ".contains(c));
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_head = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if is_row(line) && !is_rule(line) && !is_head {
            let inner = line.trim().trim_matches('|').replace("\\|", "\u{1}");
            rows.push(
                inner
                    .split('|')
                    .map(|cell| cell.trim().replace('\u{1}', "|"))
                    .collect(),
            );
        }
    }
    rows
}

/// The first code span of a cell.
pub fn code_span(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}
