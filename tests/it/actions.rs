//! The action surface itself: who may call, what is a call, and what an error looks like.

use serde_json::json;

use crate::support::app::{ACTIONS_SECRET, TestApp, guest};
use crate::support::wallet;

fn envelope(action: &str, input: serde_json::Value) -> String {
    json!({"action": {"name": action}, "input": input, "session_variables": guest(), "request_query": ""})
        .to_string()
}

#[tokio::test]
async fn h01_only_a_holder_of_the_actions_secret_is_answered() {
    let app = TestApp::start().await;
    let body = envelope("v1Nonce", json!({}));
    for secret in [
        None,
        Some(""),
        Some("wrong"),
        Some(&ACTIONS_SECRET[1..]),
        Some(&ACTIONS_SECRET.to_lowercase()),
    ] {
        for (path, _) in hasura_siwe::http::ACTIONS {
            app.post(path, secret, body.clone())
                .await
                .assert_error(401, "caller_not_allowed");
            // Before the body: not even a broken one is looked at.
            app.post(path, secret, "{")
                .await
                .assert_error(401, "caller_not_allowed");
        }
    }
    app.post("/actions/nonce", Some(ACTIONS_SECRET), body)
        .await
        .assert_ok();
}

#[tokio::test]
async fn both_secrets_open_while_they_are_rotated() {
    let newer = "Zt5Bq1Nw8Xe3Mv7Kc0Ly6Rj4Hd9Ps2Ug";
    let app = TestApp::with(&[("ACTIONS_SECRET", &format!("{newer}, {ACTIONS_SECRET}"))]).await;
    let body = envelope("v1Nonce", json!({}));
    app.post("/actions/nonce", Some(newer), body.clone())
        .await
        .assert_ok();
    app.post("/actions/nonce", Some(ACTIONS_SECRET), body.clone())
        .await
        .assert_ok();
    app.post(
        "/actions/nonce",
        Some(&format!("{newer}, {ACTIONS_SECRET}")),
        body,
    )
    .await
    .assert_error(401, "caller_not_allowed");
}

#[tokio::test]
async fn h13_what_is_no_call_of_this_action_is_refused() {
    let app = TestApp::start().await;
    let post = async |body: String| app.post("/actions/nonce", Some(ACTIONS_SECRET), body).await;
    post(envelope("v1Login", json!({})))
        .await
        .assert_error(400, "bad_request");
    post(envelope("nosuch", json!({})))
        .await
        .assert_error(400, "bad_request");
    post(envelope("v1Nonce", json!({"extra": 1})))
        .await
        .assert_error(400, "bad_request");
    post(String::new()).await.assert_error(400, "bad_request");
    post("[]".into()).await.assert_error(400, "bad_request");
    post("\u{feff}{}".into()).await.assert_error(400, "bad_request");
    post(json!({"action": {"name": "v1Nonce"}, "input": {}}).to_string())
        .await
        .assert_error(400, "bad_request");
    post(json!({"action": {"name": "v1Nonce"}, "input": {}, "session_variables": {}}).to_string())
        .await
        .assert_error(400, "bad_request");
    post(
        json!({"action": {"name": "v1Nonce"}, "input": {}, "session_variables": {"x-hasura-role": 1}})
            .to_string(),
    )
    .await
    .assert_error(400, "bad_request");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    post(deep).await.assert_error(400, "bad_request");
    let unknown_keys = json!({"action": {"name": "v1Nonce"}, "input": {}, "session_variables": guest(), "later": [1, {"a": 2}]});
    post(unknown_keys.to_string()).await.assert_ok();
}

#[tokio::test]
async fn h03_an_input_cannot_name_a_user_or_a_role() {
    let app = TestApp::start().await;
    let signed = app.message(&wallet());
    for extra in ["userId", "role", "x-hasura-role", "x-hasura-user-id"] {
        let mut input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        input["session"][extra] = json!("admin");
        app.call("/actions/login", "v1Login", guest(), input)
            .await
            .assert_error(400, "bad_request");
    }
    app.log_in_with(&signed).await.assert_ok();
}

#[tokio::test]
async fn a_refusal_does_not_repeat_a_value() {
    let app = TestApp::start().await;
    let input = json!({"session": {"message": ["hunter2hunter2"], "signature": "0x"}});
    let reply = app.call("/actions/login", "v1Login", guest(), input).await;
    assert!(!reply.assert_error(400, "bad_request").text.contains("hunter2"));
}

#[tokio::test]
async fn h11_a_huge_request_query_is_skipped_and_a_huge_body_refused() {
    let app = TestApp::start().await;
    let with_query = |length: usize| {
        json!({"action": {"name": "v1Nonce"}, "input": {}, "session_variables": guest(), "request_query": "q".repeat(length)})
            .to_string()
    };
    app.post("/actions/nonce", Some(ACTIONS_SECRET), with_query(3 << 20))
        .await
        .assert_ok();
    app.post("/actions/nonce", Some(ACTIONS_SECRET), with_query(5 << 20))
        .await
        .assert_error(413, "payload_too_large");
}

#[tokio::test]
async fn s16_a_message_beyond_its_cap_is_named_as_such() {
    let app = TestApp::start().await;
    let signed = app.message(&wallet());
    let input = json!({"session": {"message": "x".repeat(1 << 20), "signature": signed.signature}});
    app.call("/actions/login", "v1Login", guest(), input)
        .await
        .assert_error(400, "message_too_large");
    let input = json!({"session": {"message": signed.message, "signature": "0x".repeat(1 << 16)}});
    app.call("/actions/login", "v1Login", guest(), input)
        .await
        .assert_error(400, "message_too_large");
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_answered_as_json() {
    let app = TestApp::start().await;
    app.get("/nope").await.assert_error(404, "not_found");
    app.get("/actions/login")
        .await
        .assert_error(405, "method_not_allowed");
    let alive = app.get("/healthz").await;
    assert_eq!((alive.status, alive.text.as_str()), (200, "OK"));
    assert!(alive.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn the_client_of_a_log_in_is_noted_as_the_trusted_proxy_saw_it() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let signed = app.message(&wallet());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let body = json!({"action": {"name": "v1Login"}, "input": input, "session_variables": guest()});
    let request = reqwest::Client::new()
        .post(format!("http://{}/actions/login", app.address))
        .header("x-actions-secret", ACTIONS_SECRET)
        .header("x-forwarded-for", "6.6.6.6, 203.0.113.7")
        .header("x-forwarded-user-agent", "a browser")
        .body(body.to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    let client = app.db.connect().await;
    let row = client
        .query_one("select host(ip), user_agent from auth.sessions", &[])
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), ("203.0.113.7", "a browser"));
    let row = client
        .query_one("select host(ip), request_id from auth.audit_log", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "203.0.113.7");
    assert!(uuid::Uuid::parse_str(row.get(1)).is_ok());
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable_and_not_a_refusal() {
    let app = TestApp::start().await;
    let token = app.log_in(&wallet()).await;
    let client = app.db.connect().await;
    client
        .batch_execute("alter table auth.sessions rename to elsewhere")
        .await
        .unwrap();
    let reply = app.restore(&token).await;
    assert!(!reply.assert_error(400, "unavailable").text.contains("sessions"));
    client
        .batch_execute("alter table auth.elsewhere rename to sessions")
        .await
        .unwrap();
    app.restore(&token).await.assert_ok();
}
