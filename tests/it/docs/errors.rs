//! docs/errors.md: its tables are whole, and what it says of Hasura is what the local engine answers.

use std::collections::BTreeMap;

use crate::repository::{between, code_span, files, read, table_rows};

/// Who can do something about a refusal.
const WHO: [&str; 3] = ["user", "developer", "operator"];

/// The codes of the service, with their statuses, as the document has them.
pub fn documented() -> BTreeMap<String, u16> {
    let document = read("docs/errors.md");
    let tables = between(
        &document,
        "\n## Codes of the service\n",
        "\n### Where no action is\n",
    );
    codes(tables)
}

fn codes(tables: &str) -> BTreeMap<String, u16> {
    let mut codes = BTreeMap::new();
    for row in table_rows(tables) {
        let code = code_span(&row[0]).unwrap().to_owned();
        let status = row[1].parse().unwrap_or_else(|_| panic!("no status: {row:?}"));
        assert!(codes.insert(code, status).is_none(), "twice: {row:?}");
    }
    codes
}

#[test]
fn every_row_says_for_whom_it_is_why_and_what_to_do() {
    let rows = table_rows(&read("docs/errors.md"));
    assert!(rows.len() > 50, "the tables are not where they were");
    for row in rows {
        assert!(
            row.len() == 5 && row.iter().all(|cell| !cell.is_empty()),
            "five cells: {row:?}"
        );
        assert!(
            row[2].split(", ").all(|who| WHO.contains(&who)),
            "for whom: {row:?}"
        );
    }
}

#[test]
fn the_codes_beside_the_actions_are_those_of_the_source() {
    let document = read("docs/errors.md");
    let tables = between(&document, "\n### Where no action is\n", "\n## ");
    let source = read("src/http/error.rs");
    for (name, status) in [("NOT_FOUND", 404), ("METHOD_NOT_ALLOWED", 405)] {
        let code = between(
            &source,
            &format!("reply(\n        StatusCode::{name},\n        \""),
            "\"",
        );
        assert_eq!(codes(tables).get(code), Some(&status), "{code}");
    }
}

#[test]
fn what_hasura_says_is_what_the_local_engine_says() {
    let document = read("docs/errors.md");
    let tables = between(&document, "\n## Codes of Hasura\n", "\nOver a websocket ");
    let engine: String = files("src/engine", "rs").iter().map(|path| read(path)).collect();
    // A text that goes on in the next line of the source, and quotation marks in one.
    let engine = engine.replace("\\\"", "\"");
    for row in table_rows(tables) {
        let code = code_span(&row[0]).unwrap();
        assert!(
            engine.contains(&format!("\"{code}\"")),
            "{code} is no code of the engine"
        );
        for sentence in row[1].split('`').skip(1).step_by(2) {
            for piece in sentence.split('…').map(str::trim).filter(|piece| piece.len() > 1) {
                assert!(engine.contains(piece), "the engine does not say {piece:?}");
            }
        }
    }
}
