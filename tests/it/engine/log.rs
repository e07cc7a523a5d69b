//! The request log: who asked what with which outcome, and nothing that was said.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::support::{SECRET, TestEngine};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_without_its_secrets() {
    // Every place that logs is asked once whether anybody listens, by whichever test comes there
    // first. With a listener for the whole process the answer is yes, and this test's own is heard.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let engine = TestEngine::start().await;
    engine
        .stub
        .replies(422, json!({"message": "hidden-message", "code": "bad"}));
    let query =
        "mutation Enter($m: String!) { v1Login(message: $m, signature: \"hidden-signature\") { token } }";
    let headers = [
        ("x-hasura-admin-secret", SECRET),
        ("x-hasura-role", "user"),
        ("x-request-id", "the-id"),
    ];
    engine.ask(&headers, query, json!({"m": "hidden-variable"})).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let found: Vec<&str> = text.lines().filter(|line| line.contains("the-id")).collect();
    assert_eq!(found.len(), 1, "{text}");
    for part in [
        "POST /v1/graphql",
        "operation=\"Enter\"",
        "role=\"user\"",
        "code=\"bad\"",
        "status=200",
        "latency_ms=",
    ] {
        assert!(found[0].contains(part), "{part}: {}", found[0]);
    }
    assert!(!text.contains("hidden") && !text.contains(SECRET), "{text}");
}
