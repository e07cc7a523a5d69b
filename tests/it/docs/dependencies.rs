//! Cargo.toml against the table in ARCHITECTURE.md: each dependency has a reason in both.

use crate::repository::{between, code_span, files, read, table_rows};

/// The lines `name = ...` of a section of Cargo.toml.
fn dependencies(section: &str) -> Vec<(String, String)> {
    let manifest = read("Cargo.toml");
    between(&manifest, &format!("\n[{section}]\n"), "\n[")
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" = ")?;
            Some((name.to_owned(), rest.to_owned()))
        })
        .collect()
}

#[test]
fn every_dependency_carries_its_reason() {
    for (name, rest) in dependencies("dependencies")
        .into_iter()
        .chain(dependencies("dev-dependencies"))
    {
        let reason = rest.split_once(" # ").map(|(_, reason)| reason.trim());
        assert!(
            reason.is_some_and(|reason| reason.len() > 5),
            "{name} in Cargo.toml says no reason behind a #"
        );
    }
}

#[test]
fn architecture_says_of_each_dependency_what_it_does_and_what_would_replace_it() {
    let document = read("ARCHITECTURE.md");
    let rows = table_rows(between(&document, "\n## Dependencies\n", "\n## "));
    let mut listed: Vec<String> = Vec::new();
    for row in &rows {
        assert_eq!(row.len(), 3, "crate, use, replacement: {row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
        listed.extend(row[0].split('`').skip(1).step_by(2).map(str::to_owned));
        assert!(code_span(&row[0]).is_some(), "{row:?}");
    }
    let mut used: Vec<String> = dependencies("dependencies")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    listed.sort();
    used.sort();
    assert_eq!(listed, used, "the table of ARCHITECTURE.md and Cargo.toml differ");
}

#[test]
fn every_dependency_is_used() {
    let source: String = files("src", "rs").iter().map(|path| read(path)).collect();
    // The local engine alone needs these, and a checkout without it is no fault.
    let engine_is_there = files("src/engine", "rs").len() > 1;
    for (name, rest) in dependencies("dependencies") {
        let excused = !engine_is_there && rest.contains("# local engine:");
        let word = name.replace('-', "_");
        let used = [format!("{word}::"), format!("{word}!"), format!("use {word}")]
            .iter()
            .any(|w| source.contains(w));
        assert!(used || excused, "nothing in src/ names {name}");
    }
}
