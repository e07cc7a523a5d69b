//! Runs the published message vectors and holds `docs/siwe.md` to the result.
//!
//! Each file is run as its README says. A case that is answered otherwise than its file wants must
//! stand in the table of the document, and nothing else may stand there. It does not test rule by
//! rule; that is done beside the code.

mod grammar;
mod verification;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/siwe.md");

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cases that are part of this repository.
pub fn committed(file: &str) -> Vec<Value> {
    cases(&crate_root().join("tests/vectors").join(file))
}

/// Cases under other licences, from the folder SIWE_VECTORS. `None`, said aloud, where it is missing.
pub fn external(file: &str) -> Option<Vec<Value>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test finds its vectors, the service reads nothing"
    )]
    let folder = std::env::var_os("SIWE_VECTORS");
    let folder = folder.map_or_else(|| crate_root().join("../shared/siwe"), PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(cases(&path));
    }
    println!("skipped: {file} is not in {}; set SIWE_VECTORS", folder.display());
    None
}

fn cases(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let cases = file["cases"].take();
    let Value::Array(cases) = cases else {
        panic!("{} has no cases", path.display())
    };
    assert_eq!(
        file["count"].as_u64().map(|n| n as usize),
        Some(cases.len()).filter(|_| !file["count"].is_null())
    );
    cases
}

pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

pub fn id(case: &Value) -> String {
    text(case, "id").expect("a case has an id").to_owned()
}

/// The text under `key`, or what `{key}_repeat` describes.
fn long_text(case: &Value, key: &str) -> String {
    let repeat = &case[format!("{key}_repeat")];
    text(case, key).map(str::to_owned).unwrap_or_else(|| {
        let part = |name| text(repeat, name).unwrap();
        let times = repeat["times"].as_u64().unwrap() as usize;
        format!(
            "{}{}{}",
            part("prefix"),
            part("unit").repeat(times),
            part("suffix")
        )
    })
}

/// The ids under a heading of the document: the first cell of each row of its table.
pub fn listed(heading: &str) -> BTreeSet<String> {
    let section = DOCUMENT
        .split_once(heading)
        .expect("the document has this heading")
        .1;
    let section = section.split("\n## ").next().unwrap_or(section);
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(id, _)| id.to_owned())
        .collect()
}

/// Compares what a file answered otherwise with what the document lists for that file's cases.
fn assert_documented(file: &str, cases: &[Value], otherwise: Vec<String>) {
    let ids: BTreeSet<String> = cases.iter().map(id).collect();
    let documented = listed("## Vectors answered otherwise");
    let documented: BTreeSet<String> = documented.intersection(&ids).cloned().collect();
    assert_eq!(
        otherwise.into_iter().collect::<BTreeSet<_>>(),
        documented,
        "{file}: the run and docs/siwe.md differ"
    );
}

#[test]
fn the_document_lists_no_case_that_does_not_exist() {
    let files = [
        "parsing_positive.json",
        "parsing_negative.json",
        "objects.json",
        "grammar_chars.json",
        "verification_positive.json",
        "verification_negative.json",
        "erc55.json",
    ];
    let Some(external) = files.into_iter().map(external).collect::<Option<Vec<_>>>() else {
        return;
    };
    let ids: BTreeSet<String> = external
        .iter()
        .flatten()
        .chain(&committed("derived.json"))
        .chain(&committed("field_reports.json"))
        .chain(&committed("eip1271_stubs.json"))
        .map(id)
        .collect();
    let listed = listed("## Vectors answered otherwise");
    assert_eq!(listed.difference(&ids).collect::<Vec<_>>(), Vec::<&String>::new());
}
