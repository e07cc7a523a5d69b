//! What crosses a call of an action in headers, where Hasura does what one would not expect.

use serde_json::{Value, json};

use super::support::{SECRET, TestEngine};

const LOGIN: &str = "mutation { v1Login(message: \"m\", signature: \"s\") { token } }";

/// graphql-engine#8407: only what a mutation succeeded in sets a cookie.
#[tokio::test]
async fn no_cookie_comes_with_a_query_or_with_an_error() {
    let engine = TestEngine::start().await;
    let query = "query { typed_nested_null { id } }";
    for (document, body) in [(query, json!({"id": 1})), (LOGIN, json!({"token": null}))] {
        engine.stub.replies_with_header("Set-Cookie", "abcd", &body);
        let request = engine
            .post("/v1/graphql")
            .header("x-hasura-admin-secret", SECRET)
            .json(&json!({"query": document}));
        let reply = request.send().await.unwrap();
        assert!(reply.headers().get("set-cookie").is_none(), "{document}");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body.get("errors").is_some(), document == LOGIN, "{body}");
    }
}

/// Hasura merges the two by name, and the client's comes later.
#[tokio::test]
async fn a_clients_own_x_forwarded_origin_wins() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t"}));
    let sent = [
        ("origin", "https://evil.example"),
        ("x-forwarded-origin", "https://app.example.com"),
    ];
    engine.ask(&sent, LOGIN, json!({})).await;
    assert_eq!(
        engine.stub.last().headers["x-forwarded-origin"],
        "https://app.example.com"
    );
}
