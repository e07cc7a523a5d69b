//! The metadata API of the local engine, on which the commands can be rehearsed.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use super::Directory;
use super::engine::address;
use crate::support::db::TestDb;
use crate::support::process::{Process, run};

const SECRET: &str = "the-admin-secret-of-the-rehearsal";

/// An engine on the small directory, and the variables that lead the commands to it.
async fn engine(directory: &Directory, flags: &[&str]) -> (Process, Variables, TestDb) {
    let db = TestDb::create_empty().await;
    let owner = db.connect().await;
    let table = "create table book (id integer primary key, title text)";
    owner.batch_execute(table).await.unwrap();
    let variables: Variables = [
        ("HASURA_GRAPHQL_METADATA_DIR", directory.path()),
        ("HASURA_GRAPHQL_SERVER_PORT", "0".to_owned()),
        ("HASURA_GRAPHQL_ADMIN_SECRET", SECRET.to_owned()),
        ("LIBRARY_URL", db.url()),
        ("PG_DATABASE_URL", db.url()),
        ("BASE", "http://127.0.0.1:1".to_owned()),
        ("TOKEN", "t".to_owned()),
    ]
    .into_iter()
    .collect();
    let engine = Process::start(&[&["engine"], flags].concat(), &variables, address).await;
    let mut client: Variables = [("HASURA_GRAPHQL_ADMIN_SECRET", SECRET)].into_iter().collect();
    client.set("HASURA_ENDPOINT", engine.base.clone());
    (engine, client, db)
}

async fn call(base: &str, secret: Option<&str>, body: Value) -> (u16, Value) {
    let mut request = reqwest::Client::new()
        .post(format!("{base}/v1/metadata"))
        .json(&body);
    if let Some(secret) = secret {
        request = request.header("x-hasura-admin-secret", secret);
    }
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

// Issue 15, item 5.
#[tokio::test]
async fn apply_diff_and_remove_can_be_rehearsed() {
    let mine = Directory::small();
    let (engine, client, _db) = engine(&mine, &[]).await;
    let ours = Directory::small();
    ours.change("actions.yaml", "name: echo", "name: second");
    ours.change("actions.graphql", "echo(", "second(");
    let folder = ours.path();
    let schema = async || {
        let query = json!({"query": "{ __schema { mutationType { fields { name } } } }"});
        let request = reqwest::Client::new()
            .post(format!("{}/v1/graphql", engine.base))
            .header("x-hasura-admin-secret", SECRET)
            .json(&query);
        let reply: Value = request.send().await.unwrap().json().await.unwrap();
        reply["data"]["__schema"]["mutationType"]["fields"].to_string()
    };
    assert!(!schema().await.contains("second"));
    for (command, expected) in [
        (
            "apply",
            "sent; Hasura has taken it\nHasura's metadata is consistent\n",
        ),
        (
            "apply",
            "nothing to change, nothing was sent\nHasura's metadata is consistent\n",
        ),
    ] {
        let output = run(&["metadata", command, "--dir", &folder], &client, "").await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.ends_with(expected), "{said}");
    }
    let served = schema().await;
    assert!(served.contains("second") && served.contains("echo"), "{served}");
    let output = run(&["metadata", "remove", "--dir", &folder], &client, "").await;
    assert!(output.status.success(), "{output:?}");
    assert!(!schema().await.contains("second"), "what apply put in is gone");
    assert!(schema().await.contains("echo"), "what was there before is kept");
}

// Issue 15, item 5.
#[tokio::test]
async fn the_metadata_api_wants_the_admin_secret_and_keeps_versions_apart() {
    let (engine, ..) = engine(&Directory::small(), &[]).await;
    let export = json!({"type": "export_metadata", "version": 2, "args": {}});
    for secret in [None, Some("wrong")] {
        let (status, body) = call(&engine.base, secret, export.clone()).await;
        assert_eq!((status, &body["code"]), (401, &json!("access-denied")), "{body}");
    }
    let (status, exported) = call(&engine.base, Some(SECRET), export.clone()).await;
    assert_eq!((status, &exported["resource_version"]), (200, &json!(1)));
    // Without a secret configured there is no metadata API, and a role that is only named is not admin.
    let request = reqwest::Client::new()
        .post(format!("{}/v1/metadata", engine.base))
        .header("x-hasura-role", "admin")
        .json(&export);
    assert_eq!(request.send().await.unwrap().status(), 401);
    let replace = |version: i64, metadata: &Value| {
        json!({"type": "replace_metadata", "version": 2, "resource_version": version,
            "args": {"allow_inconsistent_metadata": false, "metadata": metadata}})
    };
    let (status, body) = call(&engine.base, Some(SECRET), replace(7, &exported["metadata"])).await;
    assert_eq!((status, &body["code"]), (409, &json!("conflict")));
    let mut broken = exported["metadata"].clone();
    broken["actions"][0]["definition"]["handler"] = "{{NOWHERE}}/x".into();
    let (status, body) = call(&engine.base, Some(SECRET), replace(1, &broken)).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("cannot continue due to inconsistent metadata"))
    );
    assert_eq!(body["internal"][0]["name"], "action echo");
    let mut foreign = exported["metadata"].clone();
    foreign["cron_triggers"] = json!([{"name": "nightly"}]);
    let (status, body) = call(&engine.base, Some(SECRET), replace(1, &foreign)).await;
    assert_eq!(status, 400, "{body}");
    let (status, body) = call(&engine.base, Some(SECRET), replace(1, &exported["metadata"])).await;
    assert_eq!(
        (status, body),
        (200, json!({"is_consistent": true, "inconsistent_objects": []}))
    );
    let (_, again) = call(&engine.base, Some(SECRET), export).await;
    assert_eq!(
        (&again["resource_version"], &again["metadata"]),
        (&json!(2), &exported["metadata"])
    );
    let (status, _) = call(
        &engine.base,
        Some(SECRET),
        json!({"type": "clear_metadata", "args": {}}),
    )
    .await;
    assert_eq!(status, 400);
}

// Issue 15, item 5.
#[tokio::test]
async fn a_role_admin_without_the_secret_has_no_metadata_api() {
    let directory = Directory::small();
    let variables: Variables = [
        ("HASURA_GRAPHQL_METADATA_DIR", directory.path()),
        ("HASURA_GRAPHQL_SERVER_PORT", "0".to_owned()),
        ("HASURA_GRAPHQL_ADMIN_SECRET", SECRET.to_owned()),
        ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "admin".to_owned()),
    ]
    .into_iter()
    .collect();
    let engine = Process::start(&["engine"], &variables, address).await;
    let export = json!({"type": "export_metadata", "version": 2, "args": {}});
    let (status, body) = call(&engine.base, None, export.clone()).await;
    assert_eq!((status, &body["code"]), (400, &json!("access-denied")), "{body}");
    assert_eq!(call(&engine.base, Some(SECRET), export).await.0, 200);
}

// Issue 15, item 5.
#[tokio::test]
async fn unsupported_parts_are_left_out_and_listed_on_request() {
    let directory = Directory::small();
    directory.write("cron_triggers.yaml", "- name: nightly\n");
    directory.write(
        "remote_schemas.yaml",
        "- {name: other, definition: {url: http://h}}\n",
    );
    directory.change(
        "databases/library/tables/public_book.yaml",
        "select_permissions:",
        "event_triggers: [{name: added}]\nselect_permissions:",
    );
    let refused = run(
        &["engine"],
        &[
            ("HASURA_GRAPHQL_METADATA_DIR", directory.path()),
            ("HASURA_GRAPHQL_SERVER_PORT", "0".to_owned()),
        ]
        .into_iter()
        .collect(),
        "",
    )
    .await;
    assert_eq!(refused.status.code(), Some(1));
    let (engine, ..) = engine(&directory, &["--ignore-unsupported"]).await;
    let health = reqwest::get(format!("{}/healthz?strict=true", engine.base))
        .await
        .unwrap();
    assert_eq!(health.text().await.unwrap(), "OK");
    let (_, log) = engine.stop().await;
    assert_eq!(log.matches("left out: ").count(), 3, "{log}");
    for part in [
        "cron_triggers.yaml",
        "remote_schemas.yaml",
        "event_triggers is not supported",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

// Issue 15, item 5: docs/guides/existing-hasura.md, played as it is printed.
#[tokio::test]
async fn the_metadata_commands_of_the_guide_can_be_played() {
    let guide = crate::repository::read("docs/guides/existing-hasura.md");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    let block = |part: &str| {
        let found = blocks.iter().find(|block| block.contains(part));
        found
            .unwrap_or_else(|| panic!("the guide has no {part}"))
            .to_string()
    };
    let app = crate::support::app::TestApp::start().await;
    let mine = Directory::small();
    mine.change("databases/databases.yaml", "- name: library", "- name: default");
    mine.change("databases/databases.yaml", "LIBRARY_URL", "PG_DATABASE_URL");
    let owner = app.db.connect().await;
    owner
        .batch_execute("create table public.book (id integer primary key, title text)")
        .await
        .unwrap();
    let variables: Variables = [
        ("HASURA_GRAPHQL_METADATA_DIR", mine.path()),
        ("HASURA_GRAPHQL_SERVER_PORT", "0".to_owned()),
        ("HASURA_GRAPHQL_ADMIN_SECRET", SECRET.to_owned()),
        ("PG_DATABASE_URL", app.db.url()),
        ("ACTIONS_BASE_URL", format!("http://{}", app.address)),
        ("ACTIONS_SECRET", "x".repeat(32)),
        ("BASE", "http://127.0.0.1:1".to_owned()),
        ("TOKEN", "t".to_owned()),
    ]
    .into_iter()
    .collect();
    let engine = Process::start(&["engine", "--ignore-unsupported"], &variables, address).await;
    let work = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        crate::repository::root().join("hasura"),
        work.path().join("hasura"),
    )
    .unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_hasura-siwe"));
    let folder = program.parent().unwrap().display().to_string();
    let play = async |script: &str| {
        let output = tokio::process::Command::new("bash")
            .args([
                "-euo",
                "pipefail",
                "-c",
                &format!("PATH={folder}:$PATH\n{script}"),
            ])
            .current_dir(work.path())
            .env("HASURA_ENDPOINT", &engine.base)
            .env("HASURA_GRAPHQL_ADMIN_SECRET", SECRET)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let actions = async || {
        let (_, exported) = call(
            &engine.base,
            Some(SECRET),
            json!({"type": "export_metadata", "args": {}}),
        )
        .await;
        exported["actions"].as_array().unwrap().len()
    };
    play(&block("export_metadata")).await;
    assert_eq!(actions().await, 1);
    play(&block("hasura-siwe metadata apply\n")).await;
    let all = actions().await;
    assert!(all > 20, "{all} actions");
    play(&block("hasura-siwe metadata remove\n")).await;
    assert_eq!(actions().await, 1);
    play(&block("--flows siwe --prefix auth_")).await;
    assert!((2..all).contains(&actions().await));
    let restored = play(&block("cat before.json")).await;
    assert!(restored.contains("success"), "{restored}");
    assert_eq!(actions().await, 1);
}
