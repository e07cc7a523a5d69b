//! The diagrams of docs/flows.md against the program: every action, path, code, statement and variable in them is there.

use std::collections::BTreeSet;

use hasura_siwe::http::ACTIONS;
use hasura_siwe::model::Flow;

use super::errors::documented;
use crate::repository::{files, literals, read};

/// The lines of all diagrams.
fn lines() -> Vec<String> {
    let document = read("docs/flows.md");
    let blocks = document.split("```mermaid\n").skip(1);
    let lines: Vec<String> = blocks
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .map(str::to_owned)
        .collect();
    assert!(lines.len() > 100, "the diagrams are not where they were");
    lines
}

/// What follows each `before` in the diagrams, up to the next blank or comma.
fn after(before: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines() {
        for rest in line.split(before).skip(1) {
            found.push(rest.split([' ', ',', ':']).next().unwrap().to_owned());
        }
    }
    assert!(!found.is_empty(), "no diagram has {before:?}");
    found
}

/// The words of the diagrams: letters, digits, `_`.
fn words() -> BTreeSet<String> {
    lines()
        .iter()
        .flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_operation_in_the_diagrams_is_an_action_or_a_table() {
    let tables = read("docs/api.md");
    for name in after(": query ").into_iter().chain(after(": mutation ")) {
        let is_action = ACTIONS.iter().any(|(_, action)| *action == name);
        assert!(
            is_action || tables.contains(&format!("  {name}(where:")),
            "{name}"
        );
    }
}

#[test]
fn every_path_in_the_diagrams_is_answered() {
    let source = read("src/http/mod.rs") + &read("src/http/rest/mod.rs");
    let routes = literals(&source);
    for path in after("POST ").into_iter().chain(after("GET ")) {
        assert!(routes.contains(&path.as_str()), "{path}");
    }
}

#[test]
fn every_statement_in_the_diagrams_is_in_its_file() {
    let mut seen = 0;
    for line in lines() {
        for part in line.split("(storage/").collect::<Vec<_>>().windows(2) {
            let statement = part[0].trim_end().rsplit([' ', ':']).next().unwrap();
            let file = part[1].split(')').next().unwrap();
            let source = read(&format!("src/storage/{file}"));
            assert!(
                source.contains(&format!("const {statement}: &str")),
                "{file}: {statement}"
            );
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} statements were seen");
}

#[test]
fn every_code_and_name_in_the_diagrams_exists() {
    let codes = documented();
    let fields = files("migrations", "sql")
        .iter()
        .chain(&files("src/http", "rs"))
        .chain(&files("src/storage", "rs"))
        .map(|path| read(path))
        .chain([read("hasura/metadata/actions.graphql")])
        .collect::<String>();
    let variables = read("docs/configuration.md");
    let mut seen = 0;
    for word in words().iter().filter(|word| word.contains('_')) {
        if word.chars().any(|c| c.is_ascii_uppercase()) {
            let is_statement = files("src/storage", "rs")
                .iter()
                .any(|path| read(path).contains(&format!("const {word}: &str")));
            assert!(
                is_statement || variables.contains(&format!("### `{word}`")),
                "{word}"
            );
        } else if codes.contains_key(word) {
            seen += 1;
        } else {
            assert!(fields.contains(word.as_str()), "{word} is no code and no column");
        }
    }
    assert!(seen > 10, "only {seen} codes were seen");
}

#[test]
fn every_way_to_sign_in_and_every_command_has_its_diagram() {
    let document = read("docs/flows.md");
    for flow in Flow::ALL {
        assert!(
            document.contains(&format!("the flow `{}`", flow.as_str())),
            "{}",
            flow.as_str()
        );
    }
    // What docs::commands holds against the program.
    let operations = read("docs/operations.md");
    for command in after("hasura-siwe keys ") {
        assert!(
            operations.contains(&format!("hasura-siwe keys {command}")),
            "{command}"
        );
    }
}
