//! The plain HTTP surface under `/sapi` as anybody may use or misuse it. What the log-ins themselves do is
//! in `seed_tanx.rs` and `challenges.rs`.

use hasura_siwe::clock::Clock;
use serde_json::{Value, json};

use crate::support::hasura::Hasura;
use crate::support::raw::{self, assert_only_sapi_leads_to_the_service};
use crate::support::wallet_flow::{LOGIN_PATH, NONCE_PATH, REFRESH_PATH, WalletFlow};
use crate::support::{Reply, TestApp, wallet};

const PATHS: [&str; 3] = [NONCE_PATH, LOGIN_PATH, REFRESH_PATH];

/// A refusal in the envelope; its sentence.
#[track_caller]
fn refusal(reply: &Reply, status: u16, code: &str) -> String {
    let mut body = reply.json();
    let message = body["message"].take();
    assert_eq!(
        (reply.status, body),
        (
            status,
            json!({"status": "error", "message": null, "code": code, "payload": null})
        ),
        "{reply:?}"
    );
    assert_eq!(reply.headers["content-type"], "application/json");
    message.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_without_quoting_it() {
    let app = TestApp::start().await;
    for path in PATHS {
        for body in [
            "",
            "s3cret",
            "{",
            "[]",
            "null",
            "\"s3cret\"",
            r#"{"eth_address":{"s3cret":1},"user_signature":5,"refresh":["s3cret"]}"#,
            r#"{"eth_address":"a","eth_address":"s3cret","refresh":"a","refresh":"s3cret"}"#,
            "\u{0}\u{1}",
        ] {
            let sentence = refusal(&app.post(path, None, body).await, 400, "bad_request");
            assert!(!sentence.contains("s3cret"), "{path} {body}: {sentence}");
        }
        let sentence = refusal(&app.post(path, None, "{}").await, 400, "bad_request");
        assert!(
            sentence.contains("missing field `eth_address`") || sentence.contains("missing field `refresh`"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn fields_that_we_do_not_know_are_skipped() {
    let app = TestApp::start().await;
    let body = json!({"eth_address": wallet().address(), "device": {"os": "x"}, "v": [1]});
    let reply = app.post(NONCE_PATH, None, body.to_string()).await;
    assert_eq!(reply.assert_ok().json()["status"], "success");
}

#[tokio::test]
async fn a_body_over_64_kib_is_refused() {
    let app = TestApp::start().await;
    let body = |length: usize| {
        let frame = json!({"eth_address": wallet().address(), "filler": ""}).to_string();
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(length - frame.len())))
    };
    app.post(NONCE_PATH, None, body(64 << 10)).await.assert_ok();
    for path in PATHS {
        let reply = app.post(path, None, body((64 << 10) + 1)).await;
        refusal(&reply, 413, "payload_too_large");
    }
}

#[tokio::test]
async fn another_method_or_path_is_refused_in_the_envelope() {
    let app = TestApp::start().await;
    for path in PATHS {
        for path in [path, path.trim_end_matches('/')] {
            let reply = app.get(path).await;
            refusal(&reply, 405, "method_not_allowed");
            assert_eq!(reply.headers["allow"], "POST");
        }
    }
    for path in [
        "/sapi/",
        "/sapi/v2",
        "/sapi/v2/auth/nonce//",
        "/sapi/v1/auth/nonce/",
        "/sapi/actions/login",
        "/sapi/webhook",
    ] {
        refusal(&app.get(path).await, 404, "not_found");
        refusal(&app.post(path, None, "{}").await, 404, "not_found");
    }
}

/// The proxy keeps connections for the next client, whom a closed one would cost a 502.
#[tokio::test]
async fn a_refused_request_leaves_its_connection_good_for_the_next() {
    let app = TestApp::start().await;
    let base = format!("http://{}", app.address);
    for (length, method, path, status) in [
        (60_000, "POST", "/sapi/v2/nothing", 404),
        (60_000, "PUT", NONCE_PATH, 405),
        (60_000, "POST", NONCE_PATH, 400),
        (500_000, "POST", NONCE_PATH, 413),
    ] {
        let both = raw::twice(&base, method, path, &"x".repeat(length)).await;
        assert_eq!(both.matches(&format!("HTTP/1.1 {status}")).count(), 2, "{both}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_a_503_that_says_when_to_try_again() {
    let app = TestApp::start().await;
    app.app_service.db().close();
    let alice = wallet();
    let bodies = [
        json!({"eth_address": alice.address()}),
        json!({"eth_address": alice.address(), "user_signature": alice.sign("x")}),
        json!({"refresh": uuid::Uuid::from_u128(7 | 4 << 76 | 2 << 62)}),
    ];
    for (path, body) in PATHS.into_iter().zip(bodies) {
        let reply = app.post(path, None, body.to_string()).await;
        refusal(&reply, 503, "unavailable");
        assert_eq!(reply.headers["retry-after"], "1");
    }
}

#[tokio::test]
async fn the_audit_log_and_the_list_of_sessions_know_where_the_client_was() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let alice = wallet();
    let address = alice.address().to_string();
    let text = WalletFlow::Tanx.challenge(&hasura, &address).await.unwrap();
    let body = json!({"eth_address": address, "user_signature": alice.sign(&text)});
    let headers = [
        ("user-agent", "a wallet/1.0"),
        // What the client itself claims is dropped on the way.
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-user-agent", "somebody else"),
    ];
    hasura.post(LOGIN_PATH, &headers, body).await;
    let client = hasura.app.as_ref().unwrap().db.connect().await;
    let row = client
        .query_one(
            "select host(s.ip), s.user_agent, host(a.ip), a.request_id is not null
             from auth.sessions s join auth.audit_log a on a.session_id = s.id",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (
            row.get::<_, &str>(0),
            row.get::<_, &str>(1),
            row.get::<_, &str>(2),
            row.get::<_, bool>(3)
        ),
        ("127.0.0.1", "a wallet/1.0", "127.0.0.1", true)
    );
}

#[tokio::test]
async fn the_front_leads_sapi_to_the_service_and_nothing_else() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    assert_only_sapi_leads_to_the_service(&hasura.endpoint).await;
}

#[tokio::test]
async fn no_secret_is_asked_for_here_and_none_opens_the_actions() {
    let app = TestApp::start().await;
    let body = json!({"eth_address": wallet().address()}).to_string();
    let reply = app.post(NONCE_PATH, Some("nonsense"), body.clone()).await;
    assert_eq!(reply.assert_ok().json()["message"], "Nonce Acquired");
    let reply: Value = app.post("/actions/challenge", None, body).await.json();
    assert_eq!(reply["code"], "caller_not_allowed");
}
