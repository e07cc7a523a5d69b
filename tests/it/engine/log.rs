//! The request log: Hasura's http-log, with who asked what to which outcome, and nothing that was said.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;

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

impl Lines {
    /// Hears what is logged on this thread as long as the guard lives.
    fn listen() -> (Self, DefaultGuard) {
        // Every place that logs is asked once whether anybody listens, by whichever test comes there
        // first. With a listener for the whole process the answer is yes, and this test's own is heard.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The one line of this request.
    fn of(&self, request_id: &str) -> Value {
        let text = self.text();
        let found: Vec<&str> = text.lines().filter(|line| line.contains(request_id)).collect();
        assert_eq!(found.len(), 1, "{text}");
        serde_json::from_str(&found[0][found[0].find('{').unwrap()..]).unwrap()
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_without_its_secrets() {
    let (lines, _guard) = Lines::listen();
    let engine = TestEngine::start().await;
    engine
        .stub
        .replies(422, json!({"message": "hidden-message", "code": "bad"}));
    let query =
        "mutation Enter($m: String!) { v1Login(message: $m, signature: \"hidden-signature\") { token } }";
    let headers = [
        ("x-hasura-admin-secret", SECRET),
        ("x-hasura-role", "user"),
        ("x-hasura-user-id", "hidden-user"),
        ("authorization", "Bearer hidden-token"),
        ("cookie", "hidden=cookie"),
        ("x-real-ip", "203.0.113.9"),
        ("x-request-id", "the-id"),
    ];
    engine.ask(&headers, query, json!({"m": "hidden-variable"})).await;
    let line = lines.of("the-id");
    let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        keys(&line),
        ["type", "timestamp", "level", "trace_id", "span_id", "detail"]
    );
    assert_eq!(
        (&line["type"], &line["level"]),
        (&json!("http-log"), &json!("error"))
    );
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(
        timestamp.ends_with("+0000") && timestamp.len() == 28,
        "{timestamp}"
    );
    let detail = &line["detail"];
    assert_eq!(detail["request_id"], "the-id");
    assert_eq!(
        detail["http_info"],
        json!({"status": 200, "method": "POST", "ip": "203.0.113.9", "url": "/v1/graphql",
               "http_version": "HTTP/1.1", "content_encoding": null})
    );
    let operation = &detail["operation"];
    assert_eq!(
        keys(operation),
        [
            "request_id",
            "user_vars",
            "response_size",
            "query_execution_time",
            "query",
            "error",
            "request_mode"
        ]
    );
    assert_eq!(operation["user_vars"], json!({"x-hasura-role": "user"}));
    assert_eq!(operation["query"], json!({"operationName": "Enter"}));
    assert_eq!(operation["error"], json!({"path": "$", "code": "bad"}));
    assert_eq!(operation["request_mode"], "error");
    assert!(operation["query_execution_time"].as_f64().unwrap() >= 0.0);
    let text = lines.text();
    assert!(!text.contains("hidden") && !text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn successes_batches_and_refusals_are_told_apart() {
    let (lines, _guard) = Lines::listen();
    let engine = TestEngine::start().await;
    let admin = |request: reqwest::RequestBuilder| request.header("x-hasura-admin-secret", SECRET);
    let ask = async |id: &str, path: &str, body: Value| {
        let request = engine.post(path).header("x-request-id", id).json(&body);
        admin(request).send().await.unwrap()
    };
    let reply = ask("one", "/v1/graphql", json!({"query": "{ __typename }"})).await;
    assert_eq!(reply.headers()["x-request-id"], "one");
    let size = reply.bytes().await.unwrap().len();
    let operation = lines.of("\"one\"")["detail"]["operation"].clone();
    assert_eq!(
        (&operation["request_mode"], &operation["response_size"]),
        (&json!("single"), &json!(size))
    );
    assert_eq!(operation["user_vars"]["x-hasura-role"], "admin");
    ask("many", "/v1/graphql", json!([{"query": "{ __typename }"}])).await;
    let line = lines.of("\"many\"");
    assert_eq!(line["detail"]["operation"]["request_mode"], "batched");
    assert_eq!(line["level"], "info");
    ask("nowhere", "/nope?token=hidden", json!({})).await;
    let line = lines.of("\"nowhere\"");
    assert_eq!(
        line["detail"]["operation"]["error"],
        json!({"path": "$", "code": "not-found"})
    );
    assert_eq!(
        (
            &line["detail"]["http_info"]["status"],
            &line["detail"]["http_info"]["url"]
        ),
        (&json!(404), &json!("/nope"))
    );
    let health = engine.get("/healthz").header("x-request-id", "health");
    health.send().await.unwrap();
    assert_eq!(
        lines.of("\"health\"")["detail"]["operation"]["request_mode"],
        "non-graphql"
    );
    assert!(!lines.text().contains("hidden"));
}

#[tokio::test]
async fn a_handler_is_told_the_trace_that_the_line_names() {
    let (lines, _guard) = Lines::listen();
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t", "claims": null}));
    let query = "mutation { v1Login(message: \"m\", signature: \"s\") { token } }";
    let admin = ("x-hasura-admin-secret", SECRET);
    engine
        .ask(&[admin, ("x-request-id", "fresh")], query, json!({}))
        .await;
    let line = lines.of("\"fresh\"");
    let (trace, span) = (
        line["trace_id"].as_str().unwrap(),
        line["span_id"].as_str().unwrap(),
    );
    let sent = engine.stub.last().headers;
    assert_eq!(sent["traceparent"], format!("00-{trace}-{span}-01"));
    assert_eq!(sent["x-b3-traceid"], trace);
    assert_eq!(sent["x-b3-spanid"], span);

    let clients = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{clients}-00f067aa0ba902b7-01");
    engine
        .ask(
            &[admin, ("x-request-id", "traced"), ("traceparent", &parent)],
            query,
            json!({}),
        )
        .await;
    assert_eq!(lines.of("\"traced\"")["trace_id"], clients);
    let sent = engine.stub.last().headers;
    assert!(
        sent["traceparent"]
            .to_str()
            .unwrap()
            .starts_with(&format!("00-{clients}-"))
    );
    assert_ne!(sent["traceparent"], parent.as_str(), "a span of its own");
}

// Issue 14, item 20.
#[tokio::test]
async fn a_token_that_is_the_name_of_nothing_is_refused_in_hasuras_words_and_explained_in_the_log() {
    let (lines, _guard) = Lines::listen();
    let engine = TestEngine::start().await;
    for nothing in ["undefined", "null"] {
        let bearer = format!("Bearer {nothing}");
        let answer = engine
            .ask(&[("authorization", &bearer)], "{ __typename }", json!({}))
            .await;
        assert_eq!(
            answer["errors"][0]["message"],
            "Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)"
        );
        let hint = format!("a client sends `Bearer {nothing}`: it sends a token before it has one");
        assert!(lines.text().contains(&hint), "{}", lines.text());
    }
}
