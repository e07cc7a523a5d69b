//! A directory of Hasura's metadata: YAML that includes YAML, and a schema.

use std::collections::BTreeMap;
use std::path::Path;

use hasura_siwe::hasura::metadata::{Files, Metadata};

use super::draw::Draw;
use super::driver::Target;
use super::mutate;
use crate::repository::root;

const WORDS: &[&str] = &[
    "\"!include ",
    "!include x.yaml",
    "&a ",
    "*a",
    "<<: *a",
    "- ",
    ": ",
    "{}",
    "[]",
    "|\n  ",
    ">-\n",
    "? ",
    "---\n",
    "...\n",
    "!!binary ",
    "%YAML 1.2\n",
    "null",
    "~",
    "0x10",
    "1_000",
    ".inf",
    "yes",
    "\t",
    "#",
    "- name: f\n",
    "  definition: {handler: 'http://h'}\n",
    "select_permissions:\n",
    "columns: '*'\n",
    "filter: {id: {_eq: X-Hasura-User-Id}}\n",
    "type Query { f(a: [Int!]! = 1): T! }\n",
    "input ",
    "enum E { A B }\n",
    "scalar S\n",
    "extend type ",
    "union U = A | B\n",
    "interface I { a: Int }\n",
    "directive @d on FIELD\n",
    "\"\"\"",
    "{",
    "}",
    "(",
    ")",
    "!",
    "@deprecated(reason: \"x\")",
    "&a [*a, *a]",
    "a: &b [x, x, x, x, x, x, x, x, x]\n",
    "{{BASE}}/x",
    "value_from_env: HASURA_GRAPHQL_X",
];

pub fn target() -> Target {
    Target {
        name: "metadata",
        seeds: seeds(),
        mutate: another,
        check: Box::new(check),
        short: 1500,
    }
}

/// The shipped directory and that of the engine's tests, as JSON: path to text.
fn seeds() -> Vec<Vec<u8>> {
    let fixture = root().join("tests/fixtures/engine/metadata");
    [
        Files::embedded(),
        Files::from_directory(Path::new(&fixture)).unwrap(),
    ]
    .iter()
    .map(|files| {
        let texts: BTreeMap<&str, &str> = files
            .paths()
            .map(|path| (path, files.text(path).unwrap().unwrap()))
            .collect();
        serde_json::to_vec(&texts).unwrap()
    })
    .collect()
}

fn another(draw: &mut Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let read = |seed: &Vec<u8>| serde_json::from_slice::<BTreeMap<String, String>>(seed).unwrap();
    let (mut files, other) = (read(draw.pick(seeds)), read(draw.pick(seeds)));
    let paths: Vec<String> = files.keys().cloned().collect();
    for _ in 0..=draw.below(2) {
        let path = draw.pick(&paths);
        match draw.below(10) {
            0 => drop(files.remove(path)),
            1 => {
                let donor = other.values().nth(draw.below(other.len())).cloned();
                files.insert(path.clone(), donor.unwrap_or_default());
            }
            2 => {
                let text = files.remove(path).unwrap_or_default();
                files.insert(mutate::text(draw, path, WORDS), text);
            }
            _ => {
                let text = files.get(path).cloned().unwrap_or_default();
                files.insert(path.clone(), mutate::text(draw, &text, WORDS));
            }
        }
    }
    serde_json::to_vec(&files).unwrap()
}

fn check(input: &[u8]) -> String {
    let Ok(files) = serde_json::from_slice::<BTreeMap<String, String>>(input) else {
        return "no files".to_owned();
    };
    match Metadata::read(&Files::from_iter(files)) {
        Ok(metadata) => format!(
            "read {} actions, {} sources",
            metadata.actions.len(),
            metadata.sources.len()
        ),
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                assert!(!problem.reason.is_empty(), "{}: no reason", problem.file);
                // What is wrong may be quoted, and not again and again.
                let length = problem.reason.len();
                assert!(length < input.len() + 4096, "a reason of {length} bytes");
            }
            let first = &problems[0];
            let words: Vec<&str> = first.reason.split(' ').take(3).collect();
            format!("{} {}", problems.len().min(5), words.join(" "))
        }
    }
}
