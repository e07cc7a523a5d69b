//! `metadata diff`: what a directory and a Hasura say differently; against a real one too, where
//! `HASURA_ENDPOINT` and `HASURA_ADMIN_SECRET` name it.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use super::Directory;
use super::hasura::Hasura;
use crate::support::process::run;

async fn diff(variables: &Variables, directory: &Directory, flags: &[&str]) -> (i32, String, String) {
    let folder = directory.path();
    let arguments = [&["metadata", "diff", "--dir", folder.as_str()], flags].concat();
    let output = run(&arguments, variables, "").await;
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn what_was_applied_is_equal() {
    for directory in [
        Directory::small(),
        Directory::copy_of("hasura/metadata"),
        Directory::copy_of("tests/fixtures/metadata/full"),
    ] {
        let hasura = Hasura::empty().await;
        let folder = directory.path();
        let applied = run(&["metadata", "apply", "--dir", &folder], &hasura.variables(), "").await;
        assert!(applied.status.success(), "{applied:?}");
        let (exit, out, _) = diff(&hasura.variables(), &directory, &[]).await;
        assert_eq!(out, "Hasura has what the directory says, and nothing else\n");
        assert_eq!(exit, 0);
    }
}

#[tokio::test]
async fn differences_are_told_path_by_path_and_without_secrets() {
    let theirs = json!({"version": 3, "sources": [{"name": "library", "kind": "postgres", "tables": [
        {"table": {"name": "book", "schema": "public"}, "select_permissions": [
            {"role": "guest", "permission": {"columns": ["title"], "filter": {}}}]}],
        "configuration": {"connection_info": {"database_url": "postgres://u:their-password@h/d"}}}],
        "cron_triggers": [{"name": "nightly", "headers": [{"name": "X", "value": "their-header"}]}]});
    let hasura = Hasura::with(&theirs.to_string()).await;
    let (exit, out, _) = diff(&hasura.variables(), &Directory::small(), &["--json"]).await;
    assert_eq!(exit, 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["equal"], false);
    let paths = |list: &str| -> Vec<String> {
        let items = report[list].as_array().unwrap();
        items
            .iter()
            .map(|one| one["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        paths("only_here"),
        [
            "query_collections[stored]",
            "actions[echo]",
            "custom_types.objects[EchoOutput]",
            "rest_endpoints[books]",
        ]
    );
    assert_eq!(paths("only_there"), ["cron_triggers[nightly]"]);
    assert_eq!(
        paths("different"),
        [
            "sources[library].configuration.connection_info.database_url",
            "sources[library].tables[public.book].select_permissions[guest].permission.columns",
        ]
    );
    assert_eq!(report["different"][1]["here"], json!(["id", "title"]));
    assert_eq!(report["different"][1]["there"], json!(["title"]));
    let (_, table, _) = diff(&hasura.variables(), &Directory::small(), &[]).await;
    assert!(table.starts_with("PATH "), "{table}");
    for text in [out, table] {
        assert!(
            !text.contains("their-password") && !text.contains("their-header"),
            "{text}"
        );
    }
    assert_eq!(
        hasura.calls(),
        ["export_metadata", "export_metadata"],
        "it reads and no more"
    );
}

#[tokio::test]
async fn a_fault_is_neither_equal_nor_different() {
    let hasura = Hasura::empty().await;
    hasura.is_switched_off();
    let (exit, out, err) = diff(&hasura.variables(), &Directory::small(), &[]).await;
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(
        err.starts_with("hasura-siwe: Hasura's metadata API is switched off"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1);
    let old = Hasura::with(r#"{"version":2,"tables":[]}"#).await;
    let (exit, _, err) = diff(&old.variables(), &Directory::small(), &[]).await;
    assert_eq!(exit, 2);
    assert!(err.contains("of version 2, expected 3"), "{err}");
}

/// Reads and changes nothing, so that it may be pointed at any Hasura.
#[tokio::test]
async fn a_real_hasura_is_read_where_one_is_named() {
    let process = Variables::of_process();
    let (Some(endpoint), Some(secret)) = (
        process.text("HASURA_ENDPOINT"),
        process.text("HASURA_ADMIN_SECRET"),
    ) else {
        return;
    };
    let variables: Variables = [
        ("HASURA_ENDPOINT", endpoint),
        ("HASURA_GRAPHQL_ADMIN_SECRET", secret),
    ]
    .into_iter()
    .collect();
    let shipped = Directory::copy_of("hasura/metadata");
    let (exit, out, err) = diff(&variables, &shipped, &["--json"]).await;
    assert!(exit < 2, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["equal"], exit == 0);
    let folder = shipped.path();
    let dry = run(
        &["metadata", "apply", "--dry-run", "--dir", &folder],
        &variables,
        "",
    )
    .await;
    assert!(dry.status.code().is_some(), "{dry:?}");
}

// Issue 14, item 21.
#[tokio::test]
async fn names_of_variables_are_told_and_their_values_are_not() {
    let directory = Directory::small();
    let ours: Value = {
        let folder = directory.path();
        let built = run(
            &["metadata", "build", "--dir", &folder],
            &Variables::default(),
            "",
        )
        .await;
        serde_json::from_slice(&built.stdout).unwrap()
    };
    let url = "/sources/0/configuration/connection_info/database_url";
    assert!(ours.pointer(url).unwrap()["from_env"].is_string(), "{ours}");
    let mut theirs = ours.clone();
    *theirs.pointer_mut(url).unwrap() = json!({"from_env": "THEIR_DATABASE_URL"});
    let hasura = Hasura::with(&theirs.to_string()).await;
    let (_, out, _) = diff(&hasura.variables(), &directory, &["--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let different = &report["different"][0];
    assert_eq!(different["here"], ours.pointer(url).unwrap()["from_env"]);
    assert_eq!(different["there"], "THEIR_DATABASE_URL");
    let (_, table, _) = diff(&hasura.variables(), &directory, &[]).await;
    assert!(
        table.contains("THEIR_DATABASE_URL") && !table.contains("***"),
        "{table}"
    );

    *theirs.pointer_mut(url).unwrap() = json!("postgres://u:their-password@h/d");
    let hasura = Hasura::with(&theirs.to_string()).await;
    let (_, table, _) = diff(&hasura.variables(), &directory, &[]).await;
    assert!(table.contains("from_env") && table.contains("***"), "{table}");
    assert!(!table.contains("their-password"), "{table}");
}
