//! What the metadata directories of real projects hold, and the Hasura CLI accepts: small cases of the same kinds.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use super::Directory;
use crate::support::process::run;

fn environment() -> Variables {
    [("BASE", "http://handler"), ("TOKEN", "t")].into_iter().collect()
}

async fn check(directory: &Directory) -> Value {
    let output = run(
        &["metadata", "check", "--json", "--dir", &directory.path()],
        &environment(),
        "",
    )
    .await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(i32::from(report["ok"] == false)),
        "{report:#}"
    );
    report
}

fn reasons(report: &Value, list: &str) -> Vec<String> {
    let remarks = report[list].as_array().unwrap();
    remarks
        .iter()
        .map(|remark| remark["reason"].as_str().unwrap().to_owned())
        .collect()
}

/// The report of a directory without errors and warnings, and its JSON.
async fn accepted(directory: &Directory) -> (Value, Value) {
    let report = check(directory).await;
    assert_eq!(
        (reasons(&report, "errors"), reasons(&report, "warnings")),
        (vec![], vec![])
    );
    (report, build(directory).await)
}

async fn build(directory: &Directory) -> Value {
    let output = run(
        &["metadata", "build", "--dir", &directory.path()],
        &environment(),
        "",
    )
    .await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

// Field report M01.
#[tokio::test]
async fn what_the_cli_writes_and_then_ignores_is_accepted() {
    let directory = Directory::small();
    let before = build(&directory).await;
    directory.change(
        "actions.yaml",
        "    - name: EchoOutput",
        "    - name: EchoOutput\n      fields: [{name: old, type: Int}]",
    );
    directory.change(
        "actions.yaml",
        "enums: []",
        "enums:\n    - name: Colour\n      fields: null\n      values: [{value: A, description: null, is_deprecated: null}]",
    );
    directory.change(
        "actions.graphql",
        "type EchoOutput",
        "enum Colour { RED }\ntype EchoOutput",
    );
    directory.change(
        "actions.yaml",
        "handler:",
        "type: query\n      arguments: []\n      output_type: X\n      handler:",
    );
    let (_, after) = accepted(&directory).await;
    assert_eq!(
        after["custom_types"]["objects"],
        before["custom_types"]["objects"]
    );
    assert_eq!(
        after["actions"][0]["definition"]["output_type"],
        before["actions"][0]["definition"]["output_type"]
    );
    assert_eq!(
        after["custom_types"]["enums"],
        json!([{"name": "Colour", "values": [{"value": "RED"}]}])
    );
}

// Field report M02.
#[tokio::test]
async fn a_type_that_only_the_sdl_has_is_built() {
    let directory = Directory::small();
    let sdl = "\n\"Not listed.\"\ntype Unlisted { a: String }\nenum Kind { ONE }\ninput In { b: Int }\nscalar Odd\n";
    let path = format!("{}/actions.graphql", directory.path());
    let text = std::fs::read_to_string(&path).unwrap();
    directory.write("actions.graphql", &format!("{text}{sdl}"));
    let (_, built) = accepted(&directory).await;
    let types = &built["custom_types"];
    assert_eq!(
        types["objects"][1],
        json!({"name": "Unlisted", "fields": [{"name": "a", "type": "String", "description": null}], "description": "Not listed."})
    );
    assert_eq!(
        types["enums"],
        json!([{"name": "Kind", "values": [{"value": "ONE"}]}])
    );
    assert_eq!(types["input_objects"][0]["name"], "In");
    assert_eq!(types["scalars"], json!([{"name": "Odd"}]));
}

// Field reports M03 and M07.
#[tokio::test]
async fn includes_are_tags_or_texts_with_any_path_and_any_kind_of_file() {
    let before = build(&Directory::small()).await;
    let directory = Directory::small();
    directory.change(
        "databases/databases.yaml",
        "\"!include library/tables/tables.yaml\"",
        "!include ./library/tables/tables.yaml",
    );
    directory.change(
        "databases/library/tables/tables.yaml",
        "public_book.yaml",
        "../tables/./public_book.yaml",
    );
    assert_eq!(accepted(&directory).await.1, before);
    let query = "query books($id: Int) {\n  book(where: {id: {_eq: $id}}) {\n    title\n  }\n}\n";
    directory.write("q/b.graphql", query);
    directory.write(
        "query_collections.yaml",
        "- name: stored\n  definition:\n    queries:\n      - {name: books, query: '!include q/b.graphql'}\n",
    );
    assert_eq!(
        build(&directory).await["query_collections"][0]["definition"]["queries"][0]["query"],
        query
    );
    directory.write("query_collections.yaml", "!include ../outside.yaml\n");
    assert_eq!(
        reasons(&check(&directory).await, "errors"),
        [
            "includes ../outside.yaml, which is outside of the metadata directory",
            "Inconsistent object: query with name books does not exist in collection stored"
        ]
    );
}

// Field report M04.
#[tokio::test]
async fn a_leftover_file_is_a_warning_that_names_it() {
    let directory = Directory::small();
    let before = build(&directory).await;
    directory.write(
        "databases/library/tables/public_old.yaml",
        "table: {name: old, schema: public}\n",
    );
    let report = check(&directory).await;
    assert_eq!(report["ok"], true);
    let warning = &report["warnings"][0];
    assert!(
        warning["file"]
            .as_str()
            .unwrap()
            .ends_with("/databases/library/tables/public_old.yaml")
    );
    assert_eq!(
        warning["reason"],
        "has no effect: tables.yaml does not include it. Delete the file, or add it to tables.yaml"
    );
    for name in ["b", "c"] {
        directory.write(&format!("databases/library/tables/public_{name}.yaml"), "{}\n");
    }
    let report = check(&directory).await;
    assert_eq!(
        (
            report["warnings"].as_array().unwrap().len(),
            &report["warnings"][0]["count"]
        ),
        (1, &json!(3))
    );
    assert_eq!(build(&directory).await, before);
}

// Field report M05.
#[tokio::test]
async fn a_source_of_another_kind_is_named_as_not_checked() {
    let directory = Directory::small();
    let path = format!("{}/databases/databases.yaml", directory.path());
    let text = std::fs::read_to_string(&path).unwrap();
    let more = "- {name: ms, kind: mssql, configuration: {connection_info: {connection_string: {from_env: MS}}}, tables: []}
- {name: bq, kind: bigquery, configuration: {service_account: {}, datasets: [a], project_id: p}, tables: []}
- {name: dc, kind: Mongo, configuration: {template: null, timeout: null, value: {}}, tables: []}
";
    directory.write("databases/databases.yaml", &format!("{text}{more}"));
    let (report, built) = accepted(&directory).await;
    let not_checked = reasons(&report, "not_checked");
    for name in [
        "source ms: kind mssql",
        "source bq: kind bigquery",
        "source dc: kind Mongo",
    ] {
        let lines = not_checked
            .iter()
            .filter(|reason| reason.starts_with(name))
            .count();
        assert_eq!(lines, 1, "{name}: {not_checked:?}");
    }
    assert_eq!(built["sources"].as_array().unwrap().len(), 4);
    assert_eq!(
        built["sources"][1]["configuration"]["connection_info"]["connection_string"],
        json!({"from_env": "MS"})
    );
}

// Field report M08.
#[tokio::test]
async fn a_connection_by_parameters_is_not_checked() {
    let directory = Directory::small();
    directory.change(
        "databases/databases.yaml",
        "from_env: LIBRARY_URL",
        "connection_parameters: {host: h, port: 5432, username: u, database: d, password: {from_env: P}}",
    );
    let (report, built) = accepted(&directory).await;
    assert!(
        reasons(&report, "not_checked").contains(
            &"source library: connection_parameters is not supported by the local engine".to_owned()
        )
    );
    let connection = &built["sources"][0]["configuration"]["connection_info"];
    assert_eq!(connection["database_url"]["connection_parameters"]["port"], 5432);
}

// Field report M11.
#[tokio::test]
async fn a_file_that_is_not_yaml_is_passed_over() {
    let directory = Directory::small();
    directory.write("databases/library/tables/readme.txt", "keep: [this\n");
    std::fs::write(format!("{}/picture.png", directory.path()), [0x89, 0xff, 0xfe]).unwrap();
    accepted(&directory).await;
    directory.write("extra.yml", "[]");
    directory.write("surprise.yaml", "[]");
    let warnings = reasons(&check(&directory).await, "warnings");
    assert_eq!(
        warnings,
        [
            "has no effect: the Hasura CLI reads files that end in .yaml",
            "has no effect: it is not a metadata file of the Hasura CLI, and no file includes it"
        ]
    );
}

// Field report M12 and issue 15, item 6.
#[tokio::test]
async fn a_missing_variable_is_one_line_with_a_count() {
    let directory = Directory::empty();
    directory.write("version.yaml", "version: 3\n");
    let mut yaml = "actions:\n".to_owned();
    let mut sdl = "type Query {\n".to_owned();
    for number in 0..100 {
        yaml.push_str(&format!("- {{name: a{number}, definition: {{handler: '{{{{BASE}}}}/a', headers: [{{name: X, value_from_env: TOKEN}}]}}}}\n"));
        sdl.push_str(&format!("  a{number}: String\n"));
    }
    directory.write("actions.yaml", &yaml);
    directory.write("actions.graphql", &format!("{sdl}}}\n"));
    let output = run(
        &["metadata", "check", "--dir", &directory.path()],
        &Variables::default(),
        "",
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout)
        .unwrap()
        .replace(&directory.path(), "");
    assert_eq!(
        said.lines().next(),
        Some("/actions.yaml:2: BASE is not set: 100 actions"),
        "{said}"
    );
    assert!(said.lines().count() <= 3, "{said}");
}

// Issue 15, item 2.
#[tokio::test]
async fn tables_may_be_named_alone_and_permissions_may_have_comments() {
    let directory = Directory::small();
    directory.change("actions.yaml", "- role: guest", "- {role: guest, comment: why}");
    let tables = "databases/library/tables/public_book.yaml";
    directory.change(tables, "table:\n  name: book\n  schema: public", "table: book");
    accepted(&directory).await;
}

// Issue 15, item 2.
#[tokio::test]
async fn an_unknown_key_is_a_warning_and_is_built_unchanged() {
    let directory = Directory::small();
    directory.change(
        "rest_endpoints.yaml",
        "- name: books",
        "- name: books\n  cache: {ttl: 0777}",
    );
    let report = check(&directory).await;
    assert_eq!(report["ok"], true);
    assert!(
        reasons(&report, "warnings")[0].starts_with("unknown key cache: Hasura ignores it"),
        "{report:#}"
    );
    assert_eq!(
        build(&directory).await["rest_endpoints"][0]["cache"],
        json!({"ttl": 511})
    );
}

// Issue 16, item 4: Hasura refuses `"metrics_config": {}`.
#[tokio::test]
async fn an_empty_file_adds_nothing_to_the_json() {
    let built = build(&Directory::copy_of("hasura/metadata")).await;
    let keys: Vec<&String> = built.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "version",
            "sources",
            "query_collections",
            "actions",
            "custom_types",
            "rest_endpoints",
            "graphql_schema_introspection"
        ]
    );
}

// Issue 15, item 6.
#[tokio::test]
async fn the_exit_status_tells_a_bad_directory_from_a_command_that_could_not_run() {
    let bad = Directory::small();
    bad.write("actions.yaml", "actions: [\n");
    let folder = bad.path();
    for command in ["check", "build"] {
        let found = run(&["metadata", command, "--dir", &folder], &environment(), "").await;
        assert_eq!(found.status.code(), Some(1), "{command}");
        let missing = format!("{folder}/nowhere");
        let absent = run(&["metadata", command, "--dir", &missing], &environment(), "").await;
        assert_eq!(absent.status.code(), Some(2), "{command}");
    }
    for command in ["diff", "apply"] {
        let lost = run(
            &["metadata", command, "--endpoint", "http://127.0.0.1:1"],
            &environment(),
            "",
        )
        .await;
        assert_eq!(lost.status.code(), Some(2), "{command}");
    }
}
