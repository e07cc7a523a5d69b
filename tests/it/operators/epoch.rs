//! A backup of yesterday, restored: what it brings back to life, and the command that ends it.

use hasura_siwe::clock::Clock;
use serde_json::json;
use time::Duration;

use super::Operator;
use crate::support::app::guest;
use crate::support::{TestApp, wallet};

#[tokio::test]
async fn t15_a_restored_backup_lets_nobody_in_after_epoch_and_before_it_would() {
    let app = TestApp::start().await;
    let alice = wallet();
    let yesterday = app.log_in(&alice).await;
    let backup = app.db.cloned().await;
    // Since then the session went on, and what was its head is spent.
    let today = app.restore(&yesterday).await.assert_ok().refresh_token();
    app.clock.advance(Duration::minutes(5));
    app.restore(&yesterday)
        .await
        .assert_error(401, "refresh_token_invalid");
    app.restore(&today)
        .await
        .assert_error(401, "refresh_token_invalid");

    // Without the command the copy of yesterday is good again.
    let careless = TestApp::on(backup.cloned().await, Clock::system(), &[]).await;
    careless.restore(&yesterday).await.assert_ok();

    let restored = TestApp::on(backup, Clock::system(), &[]).await;
    let operator = Operator::of(&restored);
    let said = operator.done("epoch").await;
    assert!(said.starts_with("1 sessions ended"), "{said}");
    for token in [&yesterday, &today] {
        restored
            .restore(token)
            .await
            .assert_error(401, "refresh_token_invalid");
    }
    restored.log_in(&alice).await;
    let said = operator.done("epoch --before 2020-01-01T00:00:00Z").await;
    assert!(said.starts_with("0 sessions ended"), "{said}");
    assert_eq!(operator.types("epoch --before yesterday").await.exit, 2);
}

#[tokio::test]
async fn t15_nonces_and_texts_of_the_backup_are_void() {
    let app = TestApp::with(&[("SIWE_NONCES", "server")]).await;
    let alice = wallet();
    let nonce = app.call("/actions/nonce", "v1Nonce", guest(), json!({})).await;
    let nonce = nonce.res()["nonce"].as_str().unwrap().to_owned();
    let address = json!({"request": {"address": alice.address().to_string()}});
    let text = app
        .call("/actions/challenge", "challenge", guest(), address)
        .await;
    let text = text.json()["text"].as_str().unwrap().to_owned();

    Operator::of(&app).done("epoch").await;
    let signed = alice.log_in(&crate::support::origin(), 1, &nonce, app.clock.now());
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    let answer = json!({"request": {"address": alice.address().to_string(), "signature": alice.sign(&text)}});
    app.call("/actions/authenticate", "authenticate", guest(), answer)
        .await
        .assert_error(401, "nonce_invalid");
}
