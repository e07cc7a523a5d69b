//! Seed 003, the published log-in of tanX: its requests to the letter, over the proxy. Only HTTP, so that
//! the same file runs against compose.

use hasura_siwe::cli::wallet::Wallet;
use serde_json::{Value, json};

use crate::support::hasura::{Hasura, in_both_modes};
use crate::support::wallet;

in_both_modes! {
    the_documents_requests_work_as_printed,
    the_final_slash_may_be_left_out,
    the_access_token_is_a_users,
    the_uid_is_the_same_at_each_log_in_and_another_for_each_user,
}

/// The bodies of the document; the address, the signature and the token are the only parts that were
/// replaced.
const PRINTED_NONCE: &str = r#"{
  "eth_address": "ADDRESS"
}"#;
const PRINTED_LOGIN: &str = r#"{
  "eth_address": "ADDRESS",
  "user_signature": "SIGNATURE"
}"#;
const PRINTED_REFRESH: &str = r#"{
    "refresh": "TOKEN"
}"#;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The answer to these very bytes.
async fn send(hasura: &Hasura, path: &str, body: String) -> Value {
    let answer = hasura.post_text(path, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

fn uid_of(reply: &Value) -> String {
    let uid = reply["payload"]["uid"].as_str().unwrap();
    let digits = uid.strip_prefix("ID").unwrap();
    let upper = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
    assert!(digits.len() == 10 && digits.bytes().all(upper), "{uid}");
    uid.to_owned()
}

/// All three requests, with `slash` at the end of each path.
async fn whole_story(hasura: &Hasura, wallet: &Wallet, slash: &str) -> Value {
    let address = wallet.address().to_string();
    let body = PRINTED_NONCE.replace("ADDRESS", &address);
    let nonce = send(hasura, &format!("/sapi/v2/auth/nonce{slash}"), body).await;
    assert_eq!(keys(&nonce), ["status", "message", "payload"]);
    assert_eq!(
        (&nonce["status"], &nonce["message"]),
        (&json!("success"), &json!("Nonce Acquired"))
    );
    let text = nonce["payload"].as_str().unwrap();
    let rest = text.strip_prefix("You’re now signing into ").unwrap();
    let (app, rest) = rest.split_once(", make sure the origin is ").unwrap();
    let (origin, code) = rest.split_once(" (Login-code:").unwrap();
    assert_eq!(origin, "http://localhost:3000");
    if hasura.app.is_some() {
        assert_eq!(app, "localhost");
    }
    let code = code.strip_suffix(')').unwrap();
    assert!(
        code.len() == 22 && code.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{code}"
    );

    let body = PRINTED_LOGIN
        .replace("ADDRESS", &address)
        .replace("SIGNATURE", &wallet.sign(text));
    let login = send(hasura, &format!("/sapi/v2/auth/login{slash}"), body).await;
    assert_eq!(keys(&login), ["status", "message", "payload", "token"]);
    let uid = uid_of(&login);
    assert_eq!(login["status"], "success");
    assert_eq!(login["message"], "Login Successful");
    assert_eq!(login["payload"], json!({"uid": uid, "signature": ""}));
    assert_eq!(keys(&login["token"]), ["refresh", "access"]);
    assert_eq!(login["token"]["access"].as_str().unwrap().split('.').count(), 3);

    let body = PRINTED_REFRESH.replace("TOKEN", login["token"]["refresh"].as_str().unwrap());
    let next = send(hasura, &format!("/sapi/v1/auth/token/refresh{slash}"), body).await;
    assert_eq!(keys(&next), ["status", "message", "payload"]);
    assert_eq!(
        (&next["status"], &next["message"]),
        (&json!("success"), &json!(""))
    );
    assert_eq!(keys(&next["payload"]), ["access", "refresh"]);
    assert_ne!(next["payload"]["refresh"], login["token"]["refresh"]);
    login
}

async fn the_documents_requests_work_as_printed(hasura: Hasura) {
    whole_story(&hasura, &wallet(), "/").await;
}

async fn the_final_slash_may_be_left_out(hasura: Hasura) {
    whole_story(&hasura, &wallet(), "").await;
}

async fn the_access_token_is_a_users(hasura: Hasura) {
    let login = whole_story(&hasura, &wallet(), "/").await;
    let bearer = format!("Bearer {}", login["token"]["access"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura
        .graphql(&headers, "{ v1Sessions { res success } }", json!({}))
        .await;
    let sessions = &answer.data()["v1Sessions"]["res"]["sessions"];
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!(sessions[0]["flow"], "tanx");
    assert!(
        sessions[0]["ip"].is_string(),
        "the proxy's word on who called: {sessions}"
    );
}

async fn the_uid_is_the_same_at_each_log_in_and_another_for_each_user(hasura: Hasura) {
    let (alice, bob) = (wallet(), wallet());
    let first = uid_of(&whole_story(&hasura, &alice, "/").await);
    let second = uid_of(&whole_story(&hasura, &alice, "").await);
    assert_eq!(first, second);
    assert_ne!(first, uid_of(&whole_story(&hasura, &bob, "/").await));
}
