//! Seed 004 to the letter, through the local engine at the minute it was written, and what else
//! needs a clock or a configuration of the test's own.
//!
//! Not for a real Hasura: its clock cannot be set back to 2024.

use hasura_siwe::clock::Clock;
use serde_json::json;
use time::Duration;

use crate::log_in::{PRINTED_AT, printed_log_in};
use crate::support::hasura::{Hasura, UPDATE, session_of};
use crate::support::reply::{NAMESPACE, claims_of};

const ADDRESS: &str = "0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5";

#[tokio::test]
async fn the_printed_log_in_works_flattened_as_printed_and_once() {
    let hasura = Hasura::local(Clock::starting_at(PRINTED_AT), &[]).await;
    let signed = printed_log_in();
    let (access, _) = hasura.log_in_with(&signed).await.tokens("v1Login");
    assert_eq!(claims_of(&access)[NAMESPACE]["x-hasura-address"], ADDRESS);
    hasura.log_in_with(&signed).await.assert_code("nonce_invalid");
    let bearer = format!("Bearer {access}");
    let account = json!({"account": {"data": {"networks": ["ethereum", "polygon"], "name": "name.eth", "address": ADDRESS}}});
    let answer = hasura
        .graphql(&[("authorization", &bearer)], UPDATE, account)
        .await;
    assert_eq!(
        answer.data()["v1UpdateAccount"]["res"],
        json!({"updatedIn": ["ethereum"]})
    );
}

#[tokio::test]
async fn the_printed_log_in_works_with_its_line_breaks() {
    let hasura = Hasura::local(Clock::starting_at(PRINTED_AT), &[]).await;
    let mut signed = printed_log_in();
    for label in [
        "URI",
        "Version",
        "Chain ID",
        "Nonce",
        "Issued At",
        "Expiration Time",
    ] {
        signed.message = signed
            .message
            .replace(&format!(" {label}:"), &format!("\n{label}:"));
    }
    signed.message = signed
        .message
        .replace("account: 0x", "account:\n0x")
        .replace("0d5  Sign", "0d5\n\nSign")
        .replace("app. \n", "app.\n\n");
    assert_eq!(signed.message.lines().count(), 11, "{}", signed.message);
    let (access, _) = hasura.log_in_with(&signed).await.tokens("v1Login");
    assert_eq!(claims_of(&access)[NAMESPACE]["x-hasura-address"], ADDRESS);
    // The same signature, flattened, is the same log-in.
    hasura
        .log_in_with(&printed_log_in())
        .await
        .assert_code("nonce_invalid");
}

#[tokio::test]
async fn the_printed_log_in_has_expired_today() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    hasura
        .graphql(&[], crate::support::hasura::LOG_IN, session_of(&printed_log_in()))
        .await
        .assert_code("message_expired");
}

#[tokio::test]
async fn h18_an_access_token_expires_after_its_hour_and_the_refresh_token_does_not() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let (access, refresh) = hasura.log_in(&crate::support::wallet()).await;
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    hasura
        .graphql(&headers, "{ networks { name } }", json!({}))
        .await
        .data();
    hasura.app.as_ref().unwrap().clock.advance(Duration::minutes(61));
    let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
    assert_eq!(
        answer.error(),
        ("Could not verify JWT: JWTExpired", "invalid-jwt")
    );
    // With the stale header even the restore is refused; without it, it works.
    let restore = json!({"session": {"refreshToken": refresh}});
    let document = crate::support::hasura::RESTORE;
    hasura
        .graphql(&headers, document, restore.clone())
        .await
        .assert_code("invalid-jwt");
    hasura
        .graphql(&[], document, restore)
        .await
        .tokens("v1RestoreSession");
}

#[tokio::test]
async fn an_admin_chooses_to_act_as_admin_and_may_then_do_everything() {
    let (alice, bob) = (crate::support::wallet(), crate::support::wallet());
    let admins = [("ADMIN_ADDRESSES", alice.address().to_string())];
    let admins = admins.each_ref().map(|(name, value)| (*name, value.as_str()));
    let hasura = Hasura::local(Clock::system(), &admins).await;
    let (access, _) = hasura.log_in(&alice).await;
    hasura.log_in(&bob).await;
    let bearer = format!("Bearer {access}");
    let account = json!({"account": {"data": {
        "networks": ["ethereum"], "name": "by an admin", "address": bob.address().to_string(),
    }}});
    // Without asking for it, an admin is a user like others.
    let as_user = [("authorization", bearer.as_str())];
    hasura
        .graphql(&as_user, UPDATE, account.clone())
        .await
        .assert_code("forbidden");
    let as_admin = [("authorization", bearer.as_str()), ("x-hasura-role", "admin")];
    let answer = hasura.graphql(&as_admin, UPDATE, account).await;
    assert_eq!(
        answer.data()["v1UpdateAccount"]["res"],
        json!({"updatedIn": ["ethereum"]})
    );
    let answer = hasura
        .graphql(&as_admin, "{ accounts { user_id name } }", json!({}))
        .await;
    assert_eq!(answer.data()["accounts"].as_array().unwrap().len(), 2);
}
