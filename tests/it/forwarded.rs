//! `X-Forwarded-For` as proxies write it, and as clients would like it to be read.

use serde_json::{Value, json};

use crate::support::app::{ACTIONS_SECRET, guest, variables};
use crate::support::db::TestDb;
use crate::support::hasura::{Mode, start_engine};
use crate::support::process::Process;
use crate::support::wallet_flow::{LOGIN_PATH, NONCE_PATH};
use crate::support::{TestApp, wallet};

fn nonce() -> Value {
    json!({"action": {"name": "v1Nonce"}, "input": {}, "session_variables": guest()})
}

/// The call of a log-in of a new wallet.
fn log_in(app: &TestApp) -> Value {
    let signed = app.message(&wallet());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    json!({"action": {"name": "v1Login"}, "input": input, "session_variables": guest()})
}

async fn texts(app: &TestApp, query: &str) -> Vec<Option<String>> {
    let rows = app.db.connect().await.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The client's addresses of the last session and of its line in the audit log.
async fn last_addresses(app: &TestApp) -> Vec<Option<String>> {
    let query = "select host(ip) from (
         (select ip from auth.sessions order by created_at desc limit 1)
         union all (select ip from auth.audit_log order by id desc limit 1)) as both_of_them";
    texts(app, query).await
}

const ASKERS: &str = "select subject from auth.limits where subject like 'asker:%' order by subject";

// Issue 14, item 12; field report P01.
#[tokio::test]
async fn a_client_behind_a_proxy_that_writes_ports_is_one_client() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    for port in 1000..1040 {
        let from = format!("203.0.113.7:{port}");
        app.post_from(from.as_bytes(), "/actions/nonce", nonce())
            .await
            .assert_ok();
    }
    assert_eq!(texts(&app, ASKERS).await, [Some("asker:203.0.113.7".to_owned())]);
    for (entry, ip) in [
        ("6.6.6.6, 203.0.113.7:55220", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
    ] {
        app.post_from(entry.as_bytes(), "/actions/login", log_in(&app))
            .await
            .assert_ok();
        assert_eq!(
            last_addresses(&app).await,
            vec![Some(ip.to_owned()); 2],
            "{entry}"
        );
    }
}

// Issue 14, item 12.
#[tokio::test]
async fn bytes_that_are_no_text_hide_no_address_from_actions_nor_from_sapi() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1"), ("FLOWS", "siwe,tanx")]).await;
    let from = b"\xe9, 66.6.6.2";
    let alice = wallet();
    app.post_from(from, "/actions/login", log_in(&app))
        .await
        .assert_ok();
    assert_eq!(last_addresses(&app).await, vec![Some("66.6.6.2".to_owned()); 2]);

    let asked = json!({"eth_address": alice.address()});
    let text = app.post_from(from, NONCE_PATH, asked).await;
    let text = text.assert_ok().json()["payload"].as_str().unwrap().to_owned();
    let answer = json!({"eth_address": alice.address(), "user_signature": alice.sign(&text)});
    app.post_from(b"\xff\xfe, 66.6.6.3", LOGIN_PATH, answer)
        .await
        .assert_ok();
    assert_eq!(last_addresses(&app).await, vec![Some("66.6.6.3".to_owned()); 2]);
    assert_eq!(texts(&app, ASKERS).await, [Some("asker:66.6.6.2".to_owned())]);
}

// Issue 14, item 12.
#[tokio::test]
async fn clients_whose_address_cannot_be_read_share_the_limits_of_one() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1"), ("SIGN_UPS_PER_CLIENT", "2")]).await;
    for entry in [
        &b"unknown"[..],
        b"198.51.100.7, \xe9",
        b"198.51.100.7,",
        b"0.0.0.0",
    ] {
        app.post_from(entry, "/actions/nonce", nonce()).await.assert_ok();
    }
    assert_eq!(texts(&app, ASKERS).await, [Some("asker:::".to_owned())]);
    app.post_from(b"unknown", "/actions/login", log_in(&app))
        .await
        .assert_ok();
    assert_eq!(last_addresses(&app).await, vec![None; 2]);
    app.post_from(b"198.51.100.7, _hidden", "/actions/login", log_in(&app))
        .await
        .assert_ok();
    app.post_from(b"198.51.100.7, \xe9", "/actions/login", log_in(&app))
        .await
        .assert_error(429, "rate_limited");
    // The address that stands left of what cannot be read was not believed.
    app.post_from(b"198.51.100.7", "/actions/login", log_in(&app))
        .await
        .assert_ok();
}

// Issue 14, item 12.
#[tokio::test]
async fn what_cannot_be_read_is_logged_once_a_minute_and_obeys_nothing() {
    let mut variables = variables(&TestDb::create().await);
    variables.set("TRUSTED_HOPS", "1");
    let process = Process::serve(variables).await;
    let client = reqwest::Client::new();
    for entry in [&b"198.51.100.7;55220 \xe9\tx"[..], b"unknown", b"_hidden"] {
        let request = client
            .post(format!("{}/actions/nonce", process.base))
            .header("x-actions-secret", ACTIONS_SECRET)
            .header(
                "x-forwarded-for",
                reqwest::header::HeaderValue::from_bytes(entry).unwrap(),
            )
            .json(&nonce());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let (_, log) = process.stop().await;
    let lines = serde_json::Deserializer::from_str(&log).into_iter::<Value>();
    let lines: Vec<Value> = lines
        .map(Result::unwrap)
        .filter(|line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.contains("X-Forwarded-For"))
        })
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["entry"], "000.00.000.0;00000 \u{fffd}\u{fffd}x");
}

// Issue 14, item 12.
#[tokio::test]
async fn the_local_engine_hands_bytes_on_as_they_came() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let engine = start_engine(&app, Mode::Jwt, app.clock.clone()).await;
    let signed = app.message(&wallet());
    let session = json!({"message": signed.message, "signature": signed.signature});
    let query = "mutation ($session: LoginInput!) { v1Login(session: $session) { success } }";
    let request = reqwest::Client::new()
        .post(format!("http://{engine}/v1/graphql"))
        .header(
            "x-forwarded-for",
            reqwest::header::HeaderValue::from_bytes(b"\xe9, 203.0.113.7:55220").unwrap(),
        )
        .json(&json!({"query": query, "variables": {"session": session}}));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["data"]["v1Login"]["success"], true, "{answer}");
    assert_eq!(
        last_addresses(&app).await,
        vec![Some("203.0.113.7".to_owned()); 2]
    );
}
