//! The owners of a multisig sign one after the other: how long an operator lets their message be good, and that none of it
//! can be used twice.

// Issue 14, item 22: field report W05.

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::support::app::guest;
use crate::support::evm::{message, wrapped};
use crate::support::node::{Says, StubNode};
use crate::support::{TestApp, wallet};

const LONG: (&str, &str) = ("SIWE_CONTRACT_MAX_AGE", "24h");

/// The same message, good until then, signed by that key.
fn until(signed: &SignedText, end: Option<OffsetDateTime>, signer: &Wallet) -> SignedText {
    let (head, _) = signed.message.split_once("\nExpiration Time: ").unwrap();
    let end = end.map(|end| format!("\nExpiration Time: {}", end.format(&Rfc3339).unwrap()));
    let message = format!("{head}{}", end.unwrap_or_default());
    SignedText {
        signature: signer.sign(&message),
        message,
    }
}

/// A contract's message that is good for so long.
fn of_a_contract(app: &TestApp, good_for: Option<Duration>) -> SignedText {
    let (account, owner) = (wallet(), wallet());
    let now = app.clock.now();
    let signed = message(account.address(), &owner, 1, now);
    until(&signed, good_for.map(|good_for| now + good_for), &owner)
}

async fn with_a_stub(extra: &[(&str, &str)]) -> (TestApp, StubNode) {
    let node = StubNode::start().await;
    let entry = node.entry();
    let mut variables = vec![("ETH_RPC_URLS", entry.as_str())];
    variables.extend_from_slice(extra);
    let app = TestApp::with(&variables).await;
    (app, node)
}

#[tokio::test]
async fn a_message_is_good_for_ten_minutes_unless_the_operator_says_otherwise() {
    let (app, _node) = with_a_stub(&[]).await;
    let signed = of_a_contract(&app, Some(Duration::hours(1)));
    app.clock.advance(Duration::minutes(11));
    let reply = app.log_in_with(&signed).await;
    reply.assert_error(401, "message_too_old");
    assert!(reply.text.contains("device's clock is behind"), "{reply:?}");
}

#[tokio::test]
async fn a_contract_s_message_is_good_until_its_end_where_the_operator_allows_that() {
    let (app, _node) = with_a_stub(&[LONG]).await;
    let in_time = of_a_contract(&app, Some(Duration::hours(23)));
    let ended = of_a_contract(&app, Some(Duration::hours(1)));
    let endless = of_a_contract(&app, None);
    let too_long = of_a_contract(&app, Some(Duration::hours(48)));
    app.clock.advance(Duration::hours(22));
    app.log_in_with(&ended).await.assert_error(401, "message_expired");
    app.log_in_with(&endless)
        .await
        .assert_error(401, "message_too_old");
    app.log_in_with(&in_time).await.assert_ok();
    app.clock.advance(Duration::hours(3));
    app.log_in_with(&too_long)
        .await
        .assert_error(401, "message_too_old");
}

#[tokio::test]
async fn a_key_s_message_is_good_for_ten_minutes_whatever_the_operator_allows() {
    let (app, node) = with_a_stub(&[LONG]).await;
    let own = wallet();
    let signed = until(
        &app.message(&own),
        Some(app.clock.now() + Duration::hours(23)),
        &own,
    );
    app.clock.advance(Duration::minutes(11));
    node.asked();
    app.log_in_with(&signed)
        .await
        .assert_error(401, "message_too_old");
    let asked = node.asked();
    assert!(
        asked.iter().all(|question| question["method"] == "eth_chainId"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_spent_message_stays_spent_for_as_long_as_it_could_be_good() {
    let (app, _node) = with_a_stub(&[LONG]).await;
    let signed = of_a_contract(&app, Some(Duration::hours(48)));
    app.log_in_with(&signed).await.assert_ok();
    for _ in 0..8 {
        app.clock.advance(Duration::minutes(179));
        app.app_service.sweep().await.unwrap();
        app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    }
    app.clock.advance(Duration::minutes(9));
    app.log_in_with(&signed)
        .await
        .assert_error(401, "message_too_old");
}

#[tokio::test]
async fn raising_the_age_makes_no_spent_message_good_again() {
    let node = StubNode::start().await;
    let entry = node.entry();
    let before = TestApp::with(&[("ETH_RPC_URLS", &entry)]).await;
    let of_contract = of_a_contract(&before, Some(Duration::hours(48)));
    before.log_in_with(&of_contract).await.assert_ok();
    // What the key of an address with code signed: the code may accept it as well, in a wrapper.
    let own = wallet();
    let end = Some(before.clock.now() + Duration::hours(48));
    let of_key = until(&before.message(&own), end, &own);
    before.log_in_with(&of_key).await.assert_ok();
    before.clock.advance(Duration::hours(5));
    before.app_service.sweep().await.unwrap();
    let (db, clock) = (before.db, before.clock);
    let after = TestApp::on(db, clock, &[("ETH_RPC_URLS", &entry), LONG]).await;
    after
        .log_in_with(&of_contract)
        .await
        .assert_error(401, "nonce_invalid");
    node.answers_calls(Says::Result(json!("0x01")));
    after
        .log_in_with(&wrapped(&of_key, own.address(), Vec::new()))
        .await
        .assert_error(401, "nonce_invalid");
}

#[tokio::test]
async fn an_issued_nonce_is_good_for_as_long_as_a_contract_s_message() {
    let (app, _node) = with_a_stub(&[LONG, ("SIWE_NONCES", "server")]).await;
    let issued = app
        .call("/actions/nonce", "v1Nonce", guest(), json!({}))
        .await
        .res();
    let expires = OffsetDateTime::parse(issued["expiresAt"].as_str().unwrap(), &Rfc3339).unwrap();
    let left = expires - app.clock.now();
    assert!(
        left > Duration::hours(23) && left <= Duration::hours(24) + Duration::MINUTE,
        "{left}"
    );
    let owner = wallet();
    let drawn = message(wallet().address(), &owner, 1, app.clock.now());
    let nonce = drawn
        .message
        .lines()
        .find_map(|line| line.strip_prefix("Nonce: "));
    let with_issued = drawn
        .message
        .replace(nonce.unwrap(), issued["nonce"].as_str().unwrap());
    let signed = SignedText {
        message: with_issued,
        signature: String::new(),
    };
    let signed = until(&signed, Some(app.clock.now() + Duration::hours(23)), &owner);
    app.clock.advance(Duration::hours(20));
    app.app_service.sweep().await.unwrap();
    app.log_in_with(&signed).await.assert_ok();
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
}
