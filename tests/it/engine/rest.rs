//! Stored queries under /api/rest.

use serde_json::{Value, json};

use super::support::{SECRET, TestEngine};

#[tokio::test]
async fn a_body_gives_the_variables_and_the_reply_is_bare() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t"}));
    let response = engine
        .post("/api/rest/v1/login")
        .json(&json!({"message": "m", "signature": "s"}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({"v1Login": {"token": "t"}})
    );
    assert_eq!(
        engine.stub.last().body["input"],
        json!({"message": "m", "signature": "s"})
    );
}

#[tokio::test]
async fn errors_are_flat_and_keep_their_status() {
    let engine = TestEngine::start().await;
    engine.stub.replies(
        409,
        json!({"message": "no", "code": "taken", "extensions": {"code": "inner"}}),
    );
    let body = json!({"message": "m", "signature": "s"});
    for (path, method, body, status, error, code) in [
        (
            "v1/login",
            reqwest::Method::POST,
            body.clone(),
            409,
            "no",
            "taken",
        ),
        (
            "v1/login",
            reqwest::Method::GET,
            Value::Null,
            405,
            "Allowed methods: POST",
            "method-not-allowed",
        ),
        (
            "nope",
            reqwest::Method::POST,
            Value::Null,
            404,
            "Endpoint not found",
            "not-found",
        ),
        (
            "v1/login",
            reqwest::Method::POST,
            json!({"x": 1}),
            400,
            "Unexpected variable x",
            "bad-request",
        ),
        (
            "v1/login",
            reqwest::Method::POST,
            json!({}),
            400,
            "expecting a value for non-nullable variable: \"message\"",
            "validation-failed",
        ),
    ] {
        let url = format!("{}/api/rest/{path}", engine.url);
        let response = engine
            .client
            .request(method, url)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status);
        let found: Value = response.json().await.unwrap();
        assert_eq!(
            (&found["error"], &found["code"], &found["path"]),
            (&json!(error), &json!(code), &json!("$"))
        );
    }
}

#[tokio::test]
async fn path_and_query_parameters_become_variables() {
    let engine = TestEngine::start().await;
    let ask = |path: &str| {
        engine
            .get(path)
            .header("x-hasura-admin-secret", SECRET)
            .header("x-hasura-role", "user")
            .send()
    };
    let reply: Value = ask("/api/rest/authors/2").await.unwrap().json().await.unwrap();
    assert_eq!(reply["author_by_pk"]["name"], "Author \"2\"");
    let reply: Value = ask("/api/rest/authors/2?shout")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        reply,
        json!({"author_by_pk": {"id": 2, "name": "Author \"2\"", "bio": "short"}})
    );
    let reply = ask("/api/rest/authors/x").await.unwrap();
    assert_eq!(reply.status(), 400);
}
