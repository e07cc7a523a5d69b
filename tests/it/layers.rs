//! Who may import whom, and the other rules that hold for every file of src/.
//!
//! It reads the text of the files; what the compiler already forbids is not repeated here.

use crate::repository::{files, literals, read};

/// For each part of the program, the parts that it may name. ARCHITECTURE.md says why.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "app", "clock", "config", "engine", "entropy", "flow", "hasura", "http", "local", "model",
            "password", "secret", "server", "siwe", "storage", "token", "trace",
        ],
    ),
    (
        "local",
        &[
            "app", "clock", "config", "engine", "entropy", "model", "secret", "server", "storage", "web",
        ],
    ),
    (
        "app",
        &[
            "clock", "config", "entropy", "flow", "http", "model", "password", "secret", "server", "storage",
            "web",
        ],
    ),
    (
        "http",
        &[
            "config", "entropy", "flow", "model", "password", "secret", "siwe", "trace",
        ],
    ),
    (
        "flow",
        &[
            "clock", "config", "entropy", "model", "password", "rpc", "secret", "siwe", "storage", "token",
            "trace",
        ],
    ),
    (
        "storage",
        &[
            "clock", "config", "entropy", "model", "password", "secret", "token", "trace",
        ],
    ),
    ("rpc", &["config", "model", "secret", "trace"]),
    ("token", &["config", "entropy", "model", "secret"]),
    ("config", &["model", "password", "secret", "siwe"]),
    ("siwe", &["model"]),
    ("password", &["entropy", "trace"]),
    ("engine", &["clock", "hasura"]),
    ("hasura", &[]),
    ("model", &[]),
    ("clock", &[]),
    ("entropy", &[]),
    ("secret", &[]),
    ("server", &[]),
    ("trace", &[]),
    ("web", &[]),
];

/// Files that break the table, each with its reason. One that breaks it no longer must go.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Crates that only some parts may name.
const CRATES: &[(&str, &[&str])] = &[
    ("axum", &["app", "engine", "http", "local", "server", "web"]),
    ("deadpool_postgres", &["engine", "storage"]),
    ("reqwest", &["cli", "engine", "local", "rpc"]),
    ("clap", &["cli"]),
    ("metrics", &["cli", "flow", "http", "password", "rpc"]),
    ("opentelemetry", &["cli", "trace"]),
    ("opentelemetry_otlp", &["cli"]),
    ("opentelemetry_sdk", &["cli"]),
    ("tracing_opentelemetry", &["cli", "trace"]),
    ("anyhow", &["app", "cli", "local"]),
];

/// The part that a file belongs to: `src/http/log.rs` and `src/http.rs` are `http`.
fn part(path: &str) -> &str {
    let inner = path.strip_prefix("src/").unwrap();
    inner.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The lines of code, without comments, each with how deep its module lies below the crate.
fn code_lines(path: &str, text: &str) -> Vec<(usize, String)> {
    let modules = path
        .strip_prefix("src/")
        .unwrap()
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    let depth = modules.split('/').count();
    let mut inside_tests = 0;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("mod ") && line.ends_with('{') {
            inside_tests = 1;
        }
        if !line.trim_start().starts_with("//") {
            lines.push((depth + inside_tests, line.to_owned()));
        }
    }
    lines
}

/// Every part of our own that a file names, by `crate::` or by climbing with `super::`.
fn named_parts(path: &str) -> Vec<String> {
    let text = read(path);
    let lines = code_lines(path, &text);
    let mut names = Vec::new();
    let whole: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    for root in ["crate::", "hasura_siwe::"] {
        for (at, _) in whole.match_indices(root) {
            let before = whole[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            names.extend(heads(&whole[at + root.len()..]));
        }
    }
    for (depth, line) in &lines {
        let mut rest = line.as_str();
        while let Some(at) = rest.find("super::") {
            let chain = &rest[at..];
            let climbed = chain.matches("super::").count().min(chain.len() / 7);
            let climbed = (1..=climbed)
                .take_while(|n| chain.starts_with(&"super::".repeat(*n)))
                .count();
            rest = &chain[climbed * 7..];
            if climbed >= *depth {
                names.extend(heads(rest));
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

/// The first names of a path or of a group of paths: `flow::Error` → flow; `{http::{self}, flow}` → http, flow.
fn heads(text: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = text.strip_prefix('{') else {
        return vec![word(text)];
    };
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            c => items.last_mut().unwrap().push(c),
        }
    }
    items
        .iter()
        .map(|item| word(item))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn imports_go_only_in_the_directions_of_the_architecture() {
    let parts: Vec<&str> = MAY_IMPORT.iter().map(|(part, _)| *part).collect();
    let mut wrong = Vec::new();
    let mut used = vec![false; EXCEPTIONS.len()];
    for path in files("src", "rs").iter().filter(|path| *path != "src/lib.rs") {
        let own = part(path);
        let (_, allowed) = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == own)
            .unwrap_or_else(|| panic!("{path}: say in tests/it/layers.rs what {own} may import"));
        for name in named_parts(path)
            .iter()
            .filter(|name| parts.contains(&name.as_str()) && *name != own)
        {
            if allowed.contains(&name.as_str()) {
                continue;
            }
            match EXCEPTIONS
                .iter()
                .position(|(file, part, _)| file == path && part == name)
            {
                Some(at) => used[at] = true,
                None => wrong.push(format!("{path} must not import {name}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (used, (file, part, _)) in used.iter().zip(EXCEPTIONS) {
        assert!(
            used,
            "{file} does not import {part} any more: delete its exception"
        );
    }
}

#[test]
fn the_scan_sees_groups_and_climbs() {
    assert_eq!(heads("flow::Error;"), ["flow"]);
    assert_eq!(heads("{http::{self, router}, flow, };"), ["http", "flow"]);
    assert!(named_parts("src/app.rs").contains(&"storage".to_owned()));
    assert_eq!(named_parts("src/main.rs"), ["cli"]);
}

#[test]
fn crates_of_the_edges_are_named_only_at_the_edges() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        for (_, line) in code_lines(&path, &read(&path)) {
            for (name, allowed) in CRATES {
                let used = line.match_indices(&format!("{name}::")).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if used && !allowed.contains(&part(&path)) {
                    wrong.push(format!("{path} names {name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn flows_know_nothing_of_http_or_json() {
    for path in files("src/flow", "rs") {
        for (_, line) in code_lines(&path, &read(&path)) {
            for word in [
                "serde_json",
                "serde::",
                "StatusCode",
                "crate::http",
                "tokio_postgres",
            ] {
                assert!(!line.contains(word), "{path}: {line}");
            }
        }
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        assert!(
            read(&path).starts_with("//! "),
            "{path} does not open with a paragraph"
        );
    }
}

#[test]
fn no_file_is_longer_than_400_lines_before_its_tests() {
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let lines = read(&path)
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        assert!(
            lines <= 400,
            "{path} has {lines} lines: look for the second noun in it"
        );
    }
}

#[test]
fn only_the_configuration_reads_the_environment() {
    // PATH is where programs are looked for, and a socket's folder may have to be a short one.
    let allowed = ["src/config/env.rs", "src/local/postgres.rs"];
    for path in files("src", "rs") {
        for (_, line) in code_lines(&path, &read(&path)) {
            let names = line.contains("std::env") || line.contains("env::var");
            assert!(
                !names || allowed.contains(&path.as_str()),
                "{path}: {}",
                line.trim()
            );
        }
    }
}

#[test]
fn what_a_client_sends_or_gets_in_secret_is_wiped() {
    let names = ["password", "token", "signature", "access", "refresh", "secret"];
    let mut kept = 0;
    for path in files("src/http", "rs") {
        for (_, line) in code_lines(&path, &read(&path)) {
            let Some((field, kind)) = line.trim().trim_end_matches(',').split_once(": ") else {
                continue;
            };
            let field = field.rsplit(' ').next().unwrap_or(field);
            if !field.split('_').any(|word| names.contains(&word)) {
                continue;
            }
            assert!(
                !matches!(kind, "String" | "Option<String>" | "Vec<u8>"),
                "{path}: {}",
                line.trim()
            );
            kept += usize::from(kind.contains("Secret<String>") || kind.contains("Disclosed"));
        }
    }
    assert!(kept > 20, "the scan sees {kept} of them");
}

#[test]
fn only_storage_and_the_local_stack_speak_sql() {
    let marks = [
        "select ",
        "insert into ",
        "delete from ",
        "create table",
        "create role ",
        "create schema",
        "create database",
        "grant select",
        "grant usage",
        "alter table",
        "drop table",
        "truncate ",
    ];
    for path in files("src", "rs") {
        if matches!(part(&path), "storage" | "engine" | "local") {
            continue;
        }
        let text = read(&path);
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((text.as_str(), ""));
        for literal in literals(code) {
            let lower = literal.trim_start().to_lowercase();
            assert!(
                !marks.iter().any(|mark| lower.starts_with(mark)),
                "{path}: {literal}"
            );
        }
    }
}
