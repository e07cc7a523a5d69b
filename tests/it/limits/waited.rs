//! A statement that waited for the row of a limit is judged by the time after the wait: until then the row may have been
//! written by one whose clock is later than its own.

use std::future::Future;

use futures_util::future::join_all;
use serde_json::json;

use crate::passwords::{HOME, anna, open, try_from};
use crate::support::people::PASSWORD;
use crate::support::waiting::until_waiting;
use crate::support::{Reply, TestApp, wallet};

const ABROAD: &str = "203.0.113.9";

/// The reply to a request that waits for the rows of `table` where `rows` holds, and finds them as `written` then.
async fn after_a_wait(
    app: &TestApp,
    (table, rows): (&str, &str),
    written: &str,
    request: impl Future<Output = Reply>,
) -> Reply {
    let (holder, watcher) = (app.db.connect().await, app.db.connect().await);
    holder
        .batch_execute(&format!("begin; select from {table} where {rows} for update"))
        .await
        .unwrap();
    let (reply, ()) = tokio::join!(request, async {
        until_waiting(&watcher, 1).await;
        holder
            .batch_execute(&format!("update {table} set {written} where {rows}; commit"))
            .await
            .unwrap();
    });
    reply
}

// Issue 14, item 13.
#[tokio::test]
async fn a_right_password_that_waited_for_a_count_of_tries_is_not_refused() {
    let app = open().await;
    anna(&app).await;
    for rows in [
        "client = '' and octet_length(name) = 32",
        "client = '203.0.113.9'",
    ] {
        try_from(&app, ABROAD, "anna@mail.com", "a wrong password indeed")
            .await
            .assert_error(401, "credentials_invalid");
        let written = "free_at = clock_timestamp(), last_at = clock_timestamp()";
        let right = try_from(&app, ABROAD, "anna@mail.com", PASSWORD);
        after_a_wait(&app, ("auth.guesses", rows), written, right)
            .await
            .assert_ok();
        // As from an address from which the account was never used.
        app.db
            .connect()
            .await
            .batch_execute("delete from auth.sessions")
            .await
            .unwrap();
    }
}

// Issue 14, item 13.
#[tokio::test]
async fn what_waited_for_a_limit_is_judged_by_what_is_free_by_then() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let nonce = || app.call_from(HOME, "/actions/nonce", "v1Nonce", json!({}));
    let alice = wallet();
    nonce().await.assert_ok();
    app.log_in_from(HOME, &app.message(&alice)).await.assert_ok();
    let just_free = |ahead: &str| format!("used_until = clock_timestamp() + interval '{ahead}'");
    let limits = |subject: &'static str| ("auth.limits", subject);
    after_a_wait(
        &app,
        limits("subject like 'asker:%'"),
        &just_free("59800 ms"),
        nonce(),
    )
    .await
    .assert_ok();
    let signed = app.message(&alice);
    let log_in = app.log_in_from(HOME, &signed);
    after_a_wait(
        &app,
        limits("subject like 'wallet:%'"),
        &just_free("198 s"),
        log_in,
    )
    .await
    .assert_ok();
    // A hundred new wallets an hour: 36 seconds each.
    let signed = app.message(&wallet());
    let sign_up = app.log_in_from(HOME, &signed);
    after_a_wait(
        &app,
        limits("subject like 'sign-ups:%'"),
        &just_free("3564 s"),
        sign_up,
    )
    .await
    .assert_ok();
}

// Issue 14, item 13.
#[tokio::test]
async fn right_passwords_in_pairs_are_all_let_through() {
    let app = open().await;
    anna(&app).await;
    for _ in 0..60 {
        let pair = [(), ()].map(|()| try_from(&app, HOME, "anna@mail.com", PASSWORD));
        for reply in join_all(pair).await {
            reply.assert_ok();
        }
    }
}
