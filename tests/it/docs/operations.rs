//! docs/operations.md against the log lines and the metrics of the source.

use std::collections::BTreeSet;

use crate::repository::{between, code_span, files, literals, read, table_rows};

pub(crate) fn documented(heading: &str) -> BTreeSet<String> {
    let document = read("docs/operations.md");
    table_rows(between(&document, &format!("\n## {heading}\n"), "\n## "))
        .iter()
        .filter_map(|row| code_span(&row[0]).map(str::to_owned))
        .collect()
}

/// The code of the service: not the local engine, which is no part of a deployment.
fn service_source() -> String {
    files("src", "rs")
        .into_iter()
        .filter(|path| !path.starts_with("src/engine/") && !path.starts_with("src/local/"))
        .map(|path| {
            let text = read(&path);
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            code.lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|l| format!("{l}\n"))
                .collect::<String>()
        })
        .collect()
}

#[test]
fn every_check_of_the_doctor_is_documented_in_its_order() {
    let document = read("docs/operations.md");
    let section = between(&document, "\n## Is it all right? `hasura-siwe doctor`\n", "\n## ");
    let rows = table_rows(section);
    let documented: Vec<&str> = rows.iter().filter_map(|row| code_span(&row[0])).collect();
    assert_eq!(documented, hasura_siwe::cli::DOCTOR_CHECKS);
    for row in &rows {
        assert!(
            row.len() == 3 && row.iter().all(|cell| !cell.is_empty()),
            "check, what is wrong, what to do: {row:?}"
        );
    }
}

#[test]
fn every_metric_is_documented() {
    let source = service_source();
    let emitted: BTreeSet<String> = literals(&source)
        .into_iter()
        .filter(|literal| {
            ["hasura_siwe_", "process_"]
                .iter()
                .any(|prefix| literal.starts_with(prefix))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(documented("Metrics"), emitted);
}

#[test]
fn every_field_of_the_log_is_documented() {
    let source = service_source();
    let documented = documented("The log");
    for field in &documented {
        let code = if field.contains('.') {
            format!("{field} = ")
        } else {
            field.clone()
        };
        assert!(
            source.contains(&code),
            "docs/operations.md lists {field}, which nothing logs"
        );
    }
    for (at, _) in source.match_indices(" = %").chain(source.match_indices(" = ?")) {
        let name: String = source[..at]
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric() || "._".contains(*c))
            .collect();
        let name: String = name.chars().rev().collect();
        assert!(
            documented.contains(&name),
            "{name} is logged and not in docs/operations.md"
        );
    }
}

#[test]
fn every_line_that_an_operator_is_told_to_look_for_is_logged() {
    let source = service_source();
    let document = read("docs/operations.md");
    let section = between(&document, "\n## At night, by symptom\n", "\n## ");
    let mut seen = 0;
    for quoted in section
        .split('“')
        .skip(1)
        .filter_map(|rest| rest.split('”').next())
    {
        assert!(source.contains(quoted), "nothing says “{quoted}”");
        seen += 1;
    }
    assert!(seen >= 4, "the symptoms quote {seen} lines of the log");
}

/// The actions that statements write into the audit log: they stand beside their result.
fn recorded() -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for path in files("src/storage", "rs") {
        let text = read(&path);
        for line in text.lines().filter(|line| {
            let line = line.trim_start();
            !line.starts_with("//")
                && (line.contains("', 'ok'")
                    || line.contains("end, 'ok'")
                    || line.contains("', 'refresh_token_reused'"))
        }) {
            let (before, _) = line
                .split_once(", 'ok'")
                .or_else(|| line.split_once(", 'refresh_"))
                .unwrap();
            actions.extend(before.split('\'').skip(1).step_by(2).map(str::to_owned));
        }
    }
    actions
}

#[test]
fn every_action_of_the_audit_log_is_documented() {
    let document = read("docs/operations.md");
    let section = between(&document, "\n## Reading the audit log\n", "\n## ");
    let documented: BTreeSet<String> = table_rows(section)
        .iter()
        .flat_map(|row| {
            row[0]
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(documented, recorded());
}
