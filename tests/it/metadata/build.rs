//! `metadata build`: the JSON of a directory, against one written by hand and against the shipped files.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};
use tokio::process::Command;

use super::Directory;
use crate::deploy::yaml;
use crate::repository::{files, read};
use crate::support::process::run;

async fn build(folder: &str) -> String {
    let output = run(&["metadata", "build", "--dir", folder], &Variables::default(), "").await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every text, number and boolean of a value.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, found)),
        Value::Null => {}
        leaf => found.push(leaf.to_string()),
    }
}

#[tokio::test]
async fn a_directory_that_uses_every_file_becomes_the_json_written_by_hand() {
    let built = build("tests/fixtures/metadata/full").await;
    // As text, so that the order counts: it is the same each time.
    let by_hand: Value = serde_json::from_str(&read("tests/fixtures/metadata/full.json")).unwrap();
    assert_eq!(built, format!("{by_hand:#}\n"));
}

#[tokio::test]
async fn nothing_of_the_shipped_directory_is_dropped() {
    let folder = "hasura/metadata";
    let built: Value = serde_json::from_str(&build(folder).await).unwrap();
    let mut held = Vec::new();
    leaves(&built, &mut held);
    for path in files(folder, "yaml") {
        let mut wanted = Vec::new();
        leaves(&yaml(&path), &mut wanted);
        for leaf in wanted.iter().filter(|leaf| !leaf.contains("!include ")) {
            assert!(held.contains(leaf), "{path}: {leaf} is dropped");
        }
    }
    let login = &built["actions"][0];
    assert_eq!(login["name"], "v1Login");
    assert_eq!(
        login["definition"]["arguments"],
        json!([{"name": "session", "type": "LoginInput!", "description": null}])
    );
    assert_eq!(login["definition"]["output_type"], "LoginOutput");
    assert_eq!(built["sources"][0]["tables"].as_array().unwrap().len(), 5);
    assert_eq!(
        built["custom_types"]["scalars"],
        json!([{"name": "JSONObject"}, {"name": "EthereumAddress"}, {"name": "Signature"}, {"name": "Jwt"}])
    );
}

#[tokio::test]
async fn the_program_holds_what_it_ships() {
    let nowhere = Directory::empty();
    let output = Command::new(env!("CARGO_BIN_EXE_hasura-siwe"))
        .args(["metadata", "build"])
        .current_dir(nowhere.path())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let built = String::from_utf8(output.stdout).unwrap();
    assert_eq!(built, build("hasura/metadata").await);
}

#[tokio::test]
async fn what_the_cli_would_stop_at_is_said_on_a_line_each() {
    let directory = Directory::small();
    directory.change("actions.yaml", "name: echo", "name: foo");
    directory.change("actions.yaml", "objects:\n    - name: EchoOutput", "objects: []");
    directory.write("surprise.yaml", "[]");
    let folder = directory.path();
    let output = run(
        &["metadata", "build", "--dir", &folder],
        &Variables::default(),
        "",
    )
    .await;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<String> = said.lines().map(|line| line.replace(&folder, "")).collect();
    assert_eq!(
        lines,
        [
            "hasura-siwe: /actions.yaml:2: action foo is not present in actions.graphql",
            "/actions.graphql:2: action echo is not present in actions.yaml",
        ]
    );
}

#[tokio::test]
async fn nothing_is_dropped_in_silence() {
    for (text, code, reason) in [
        ("- name: echo\n", 1, "/actions.yaml:1: expected a map"),
        (
            "actions: {name: echo}\n",
            1,
            "/actions.yaml:1: actions: expected a list",
        ),
        (
            "action: []\nactions: [{name: echo, definition: {handler: h}}]\n",
            0,
            "/actions.yaml:1: unknown key action: Hasura ignores it. Known here: actions, custom_types",
        ),
        (
            "actions: [{name: echo, definition: {handler: h}}]\ncustom_types: {unions: []}\n",
            0,
            "/actions.yaml:2: unknown key unions: Hasura ignores it",
        ),
    ] {
        let directory = Directory::small();
        directory.write("actions.yaml", text);
        let folder = directory.path();
        let output = run(
            &["metadata", "build", "--dir", &folder],
            &Variables::default(),
            "",
        )
        .await;
        assert_eq!(output.status.code(), Some(code), "{text}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{text}: {said}");
        assert_eq!(said.contains("warning: "), code == 0, "{text}: {said}");
    }
}
