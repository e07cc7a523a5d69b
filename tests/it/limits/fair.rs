//! What one client is refused, or uses of what a process has few of, costs other clients nothing.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::passwords::{HOME, OPEN, anna, open, try_from, value};
use crate::support::app::{ACTIONS_SECRET, guest};
use crate::support::evm::message;
use crate::support::node::{CODE, Says, StubNode};
use crate::support::people::PASSWORD;
use crate::support::{Reply, TestApp, wallet};

const GUESSER: &str = "192.0.2.66";
const ABROAD: &str = "203.0.113.9";
const WRONG: &str = "a wrong password indeed";

async fn execute(app: &TestApp, statement: &str) {
    app.db.connect().await.batch_execute(statement).await.unwrap();
}

/// The statuses of these replies, each of which must be one of `expected`.
fn statuses(replies: &[Reply], expected: &[(u16, &str)]) -> Vec<u16> {
    for reply in replies {
        let body = reply.json();
        let code = body["code"].as_str().unwrap_or("ok");
        assert!(expected.contains(&(reply.status, code)), "{reply:?}");
    }
    replies.iter().map(|reply| reply.status).collect()
}

// Issue 14, item 2.
#[tokio::test]
async fn refused_tries_of_one_address_by_the_thousand_cost_another_no_sign_in() {
    let app = open().await;
    anna(&app).await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
    let mut refused = 0;
    for _ in 0..20 {
        let flood = join_all((0..250).map(|_| try_from(&app, GUESSER, "nobody@mail.com", WRONG)));
        let (flooded, owner) = tokio::join!(flood, try_from(&app, HOME, "anna@mail.com", PASSWORD));
        owner.assert_ok();
        let seen = statuses(&flooded, &[(401, "credentials_invalid"), (429, "rate_limited")]);
        refused += seen.iter().filter(|status| **status == 429).count();
    }
    assert!(refused > 4_900, "{refused} of 5,000 were refused");
}

// Issue 14, item 2.
#[tokio::test]
async fn a_client_that_hangs_up_neither_keeps_a_place_nor_is_uncounted() {
    let app = open().await;
    anna(&app).await;
    let input = json!({"email": "nobody@mail.com", "password": WRONG});
    let body = json!({"action": {"name": "login"}, "input": input, "session_variables": guest()}).to_string();
    let request = format!(
        "POST /actions/email-login HTTP/1.1\r\nHost: x\r\nX-Actions-Secret: {ACTIONS_SECRET}\r\nX-Forwarded-For: {GUESSER}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..1_500 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
    let misses: i64 = value(
        &app,
        "select coalesce(sum(misses), 0)::bigint from auth.guesses where client = '192.0.2.66'",
    )
    .await;
    // Ten at once, and a few more as time goes by.
    assert!((1..=20).contains(&misses), "{misses} misses");
}

// Issue 14, item 2.
#[tokio::test]
async fn one_client_does_not_fill_the_threads_that_hash() {
    let app = open().await;
    anna(&app).await;
    // Forty accounts that were used from there: each may be tried ten times at once.
    execute(
        &app,
        "insert into auth.users (id, created_at)
           select md5('u' || i)::uuid, now() from generate_series(1, 40) as i;
         insert into auth.credentials (user_id, email, password_hash, password_set_at)
           select md5('u' || i)::uuid, 'u' || i || '@mail.com', password_hash, now()
           from auth.credentials, generate_series(1, 40) as i;
         insert into auth.sessions (id, user_id, flow, rotated_at, last_used_at, created_at, ends_at, ip)
           select md5('s' || i)::uuid, md5('u' || i)::uuid, 'email', now(), now(), now(), now() + interval '1 day',
             '192.0.2.66'
           from generate_series(1, 40) as i",
    )
    .await;
    let flood = (0..360).map(|i| {
        let app = &app;
        async move {
            let email = format!("u{}@mail.com", i % 40 + 1);
            try_from(app, GUESSER, &email, WRONG).await
        }
    });
    let flood = join_all(flood);
    let other = async {
        let mut replies = Vec::new();
        for _ in 0..5 {
            replies.push(try_from(&app, HOME, "anna@mail.com", PASSWORD).await);
        }
        replies
    };
    let (flooded, other) = tokio::join!(flood, other);
    for reply in other {
        reply.assert_ok();
    }
    let seen = statuses(&flooded, &[(401, "credentials_invalid"), (429, "rate_limited")]);
    assert!(seen.contains(&401) && seen.contains(&429));
}

// Issue 14, item 2.
#[tokio::test]
async fn right_passwords_of_one_client_are_counted_and_those_of_another_go_on() {
    let app = open().await;
    anna(&app).await;
    execute(
        &app,
        "insert into auth.limits (subject, used_until) values ('tries:198.51.100.7', now() + interval '65 seconds')",
    )
    .await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    let counted: i64 = value(&app, "select count(*) from auth.guesses where client <> ''").await;
    assert_eq!(counted, 0, "what is refused counts nowhere");
    try_from(&app, ABROAD, "anna@mail.com", PASSWORD)
        .await
        .assert_ok();
    app.clock.advance(time::Duration::seconds(6));
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
}

// Issue 14, item 2.
#[tokio::test]
async fn a_try_that_the_name_refuses_does_not_count_for_its_client() {
    let app = open().await;
    anna(&app).await;
    execute(
        &app,
        "update auth.guesses set misses = 20, free_at = now() + interval '1 minute' where client = ''",
    )
    .await;
    for _ in 0..3 {
        try_from(&app, ABROAD, "anna@mail.com", PASSWORD)
            .await
            .assert_error(429, "rate_limited");
    }
    let counted: i64 = value(
        &app,
        "select (select count(*) from auth.guesses where client = '203.0.113.9')
           + (select count(*) from auth.limits where subject like 'tries:%')",
    )
    .await;
    assert_eq!(counted, 0);
}

// Issue 14, item 2.
#[tokio::test]
async fn registrations_of_taken_names_do_not_use_up_those_of_the_process() {
    let app = TestApp::with(OPEN).await;
    execute(
        &app,
        "insert into auth.users (id, created_at)
           select md5('u' || i)::uuid, now() from generate_series(1, 240) as i;
         insert into auth.credentials (user_id, username, password_hash, password_set_at)
           select md5('u' || i)::uuid, 'taken' || i, '$argon2id$', now() from generate_series(1, 240) as i",
    )
    .await;
    let from = |ip: String, username: String| {
        let app = &app;
        async move {
            let input = json!({"username": username, "password": PASSWORD});
            app.call_from(&ip, "/actions/register", "register", input).await
        }
    };
    for first in (1..=240).step_by(5) {
        let some = (first..first + 5).map(|i| from(format!("203.0.113.{i}"), format!("taken{i}")));
        for reply in join_all(some).await {
            reply.assert_error(409, "already_taken");
        }
    }
    from(HOME.to_owned(), "anna".to_owned()).await.assert_ok();
}

// Issue 14, item 2.
#[tokio::test]
async fn one_client_does_not_hold_every_question_to_a_node() {
    let node = StubNode::start().await;
    let app = TestApp::with(&[("TRUSTED_HOPS", "1"), ("ETH_RPC_URLS", &node.entry())]).await;
    app.get("/healthz").await.assert_ok();
    let contracts = || message(wallet().address(), &wallet(), 1, app.clock.now());
    node.sees_code(Says::Hangs);
    node.asked();
    let held = (0..20).map(|_| {
        let signed = contracts();
        let app = &app;
        async move { app.log_in_from(GUESSER, &signed).await }
    });
    let other = async {
        let mut questions = 0;
        for _ in 0..400 {
            let asked = node.asked();
            questions += asked
                .iter()
                .filter(|asked| asked["method"] == "eth_getCode")
                .count();
            if questions == 8 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(questions, 8, "eight questions of one client are under way");
        node.sees_code(Says::Result(json!(CODE)));
        app.log_in_from(ABROAD, &contracts()).await
    };
    let (held, other) = tokio::join!(join_all(held), other);
    other.assert_ok();
    let seen = statuses(&held, &[(400, "rpc_unavailable"), (429, "rate_limited")]);
    assert_eq!(seen.iter().filter(|status| **status == 429).count(), 12);
}
