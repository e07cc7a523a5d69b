//! The JSON form of the log, as docs/operations.md promises it.

use std::collections::BTreeMap;

use hasura_siwe::clock::Clock;
use serde_json::{Value, json};

use crate::repository::{between, read};
use crate::support::app::{ACTIONS_SECRET, guest};
use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::{nonce, origin, wallet};

/// The keys of an object, those within it included, each with what kind of thing it holds.
fn shape(value: &Value) -> BTreeMap<String, &'static str> {
    let mut found = BTreeMap::new();
    for (key, value) in value.as_object().unwrap() {
        let kind = match value {
            Value::String(_) => "text",
            Value::Number(_) => "number",
            Value::Object(_) => "object",
            other => panic!("{key}: {other}"),
        };
        found.insert(key.clone(), kind);
        if value.is_object() {
            let inner = shape(value).into_iter();
            found.extend(inner.map(|(name, kind)| (format!("{key} {name}"), kind)));
        }
    }
    found
}

#[tokio::test]
async fn the_line_of_a_request_is_the_one_that_the_documents_show() {
    let document = read("docs/operations.md");
    let section = between(&document, "\n## The log\n", "\n## ");
    let shown: Value = serde_json::from_str(between(section, "```json\n", "\n```")).unwrap();

    let process = Process::on(&TestDb::create().await).await;
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let body = json!({"action": {"name": "v1Login"}, "input": input, "session_variables": guest()});
    let request = reqwest::Client::new()
        .post(format!("{}/actions/login", process.base))
        .header("x-actions-secret", ACTIONS_SECRET)
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let (_, log) = process.stop().await;
    let lines = serde_json::Deserializer::from_str(&log).into_iter::<Value>();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line["http.route"] == "/actions/login")
        .unwrap();

    assert_eq!(shape(&line), shape(&shown));
    for field in ["level", "http.method", "http.status", "code", "message", "target"] {
        assert_eq!(line[field], shown[field], "{field}");
    }
    assert_eq!(line["span"]["trace.id"], shown["span"]["trace.id"]);
    assert_eq!(line["span"]["name"], shown["span"]["name"]);
    let at = |line: &Value| {
        let text = line["timestamp"].as_str().unwrap().to_owned();
        time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339)
            .unwrap_or_else(|_| panic!("{text}"))
    };
    assert!(at(&line) > at(&shown) && at(&line).offset().is_utc());
}
