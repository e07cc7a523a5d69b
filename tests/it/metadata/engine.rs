//! `engine`: the local engine alone, as a process of its own.

use axum::Router;
use axum::routing::post;
use hasura_siwe::config::Variables;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Directory;
use crate::support::db::TestDb;
use crate::support::process::{Process, run};

/// A handler that says what was put in, and its URL.
async fn handler() -> String {
    let answer = post(async |body: String| {
        let body: Value = serde_json::from_str(&body).unwrap();
        json!({"text": body["input"]["text"]}).to_string()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, Router::new().route("/echo", answer)).into_future());
    format!("http://{address}")
}

pub fn address(line: &str) -> Option<String> {
    line.strip_prefix("the local engine listens on ")
        .map(str::to_owned)
}

#[tokio::test]
async fn it_answers_for_the_tables_and_actions_of_any_directory_until_it_is_told_to_stop() {
    let directory = Directory::small();
    let db = TestDb::create_empty().await;
    let owner = db.connect().await;
    owner
        .batch_execute(
            "create table book (id integer primary key, title text); insert into book values (1, 'Emma')",
        )
        .await
        .unwrap();
    let variables: Variables = [
        ("HASURA_GRAPHQL_METADATA_DIR", directory.path()),
        ("HASURA_GRAPHQL_SERVER_PORT", "0".to_owned()),
        ("HASURA_GRAPHQL_ADMIN_SECRET", "the-secret".to_owned()),
        ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "guest".to_owned()),
        ("HASURA_GRAPHQL_ENABLE_CONSOLE", "true".to_owned()),
        ("LIBRARY_URL", db.url()),
        ("BASE", handler().await),
        ("TOKEN", "t".to_owned()),
    ]
    .into_iter()
    .collect();
    let engine = Process::start(&["engine"], &variables, address).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |query: &str| -> Value {
        let request = client
            .post(format!("{}/v1/graphql", engine.base))
            .json(&json!({"query": query}));
        request.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(
        ask("{ book { id title } }").await,
        json!({"data": {"book": [{"id": 1, "title": "Emma"}]}})
    );
    assert_eq!(
        ask(r#"mutation { echo(text: "hello") { text } }"#).await,
        json!({"data": {"echo": {"text": "hello"}}})
    );
    let health = client
        .get(format!("{}/healthz?strict=true", engine.base))
        .send()
        .await
        .unwrap();
    assert_eq!(health.text().await.unwrap(), "OK");
    let (status, _) = engine.stop().await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn every_fault_of_the_start_is_said_at_once_on_a_line_of_its_own() {
    let directory = Directory::small();
    directory.write("surprise.yaml", "[]");
    directory.write("cron_triggers.yaml", "- name: nightly\n");
    let mut variables: Variables = [
        ("HASURA_GRAPHQL_METADATA_DIR", directory.path()),
        ("HASURA_GRAPHQL_SERVER_PORT", "http".to_owned()),
    ]
    .into_iter()
    .collect();
    let output = run(&["engine"], &variables, "").await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "hasura-siwe: HASURA_GRAPHQL_SERVER_PORT is \"http\", expected a number up to 65535\n\
         cron_triggers.yaml:1: not supported by the local engine\n"
    );
    variables.set("HASURA_GRAPHQL_ENABLE_ALLOWLIST", "true");
    variables.set("HASURA_GRAPHQL_DEV_MODE", "maybe");
    let output = run(&["engine"], &variables, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    for part in ["SERVER_PORT", "ENABLE_ALLOWLIST", "DEV_MODE"] {
        assert_eq!(
            said.lines().filter(|line| line.contains(part)).count(),
            1,
            "{said}"
        );
    }
}
