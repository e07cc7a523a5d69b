//! Passwords under abuse: guessing, locking out, flooding, finding out. Each case of the design's list by its id. What
//! may be set at all, is in `registering`.

use hasura_siwe::clock::Clock;
use hasura_siwe::entropy::Entropy;
use hasura_siwe::password::{Cost, Hashers, Password};
use serde_json::{Value, json};
use time::Duration;
use tokio_postgres::types::FromSql;

use crate::support::app::guest;
use crate::support::db::TestDb;
use crate::support::people::PASSWORD;
use crate::support::{Reply, TestApp, wallet};

pub const OPEN: &[(&str, &str)] = &[("REGISTRATION", "open"), ("TRUSTED_HOPS", "1")];

pub const HOME: &str = "198.51.100.7";

pub async fn open() -> TestApp {
    TestApp::with(OPEN).await
}

pub async fn register(app: &TestApp, input: Value) -> Reply {
    app.call("/actions/register", "register", guest(), input).await
}

pub async fn anna(app: &TestApp) {
    let input = json!({"email": "anna@mail.com", "username": "anna", "password": PASSWORD});
    register(app, input).await.assert_ok();
}

pub async fn try_from(app: &TestApp, ip: &str, email: &str, password: &str) -> Reply {
    let input = json!({"email": email, "password": password});
    app.call_from(ip, "/actions/email-login", "login", input).await
}

pub async fn value<T: for<'a> FromSql<'a>>(app: &TestApp, query: &str) -> T {
    app.db.connect().await.query_one(query, &[]).await.unwrap().get(0)
}

async fn execute(app: &TestApp, statement: &str) {
    app.db.connect().await.batch_execute(statement).await.unwrap();
}

/// A different address each time.
fn stranger(number: usize) -> String {
    format!("203.0.{}.{}", number / 250, number % 250 + 1)
}

#[tokio::test]
async fn p01_an_unknown_name_costs_a_try_and_a_hash_like_a_known_one() {
    let app = open().await;
    anna(&app).await;
    // The same limits meet both: eleven tries in a row, and the twelfth waits.
    let mut answers = Vec::new();
    for email in ["anna@mail.com", "nobody@mail.com"] {
        let mut seen = Vec::new();
        for number in 0..12 {
            let reply = try_from(&app, &stranger(number), email, "a wrong password indeed").await;
            seen.push((reply.status, reply.json()["code"].clone()));
        }
        answers.push(seen);
    }
    // Registering was a try of anna's name already.
    assert_eq!(answers[0].iter().filter(|(status, _)| *status == 401).count(), 9);
    assert_eq!(answers[1].iter().filter(|(status, _)| *status == 401).count(), 10);
    assert!(
        answers
            .iter()
            .flatten()
            .all(|(_, code)| code == "credentials_invalid" || code == "rate_limited")
    );
}

#[tokio::test]
async fn p03_a_thousand_guesses_at_once_are_a_dozen_that_are_looked_at() {
    let app = open().await;
    anna(&app).await;
    let guesses = (0..1000).map(|number| {
        let app = &app;
        async move {
            let password = format!("a wrong password, number {number}");
            try_from(app, &stranger(number), "anna@mail.com", &password).await
        }
    });
    let mut looked_at = 0;
    for reply in futures_util::future::join_all(guesses).await {
        match (reply.status, reply.json()["code"].as_str()) {
            (401, Some("credentials_invalid")) => looked_at += 1,
            (429, Some("rate_limited")) => {}
            // So many at once wait for a connection longer than they may.
            (400, Some("unavailable")) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!((1..=13).contains(&looked_at), "{looked_at} were looked at");
}

#[tokio::test]
async fn p03_after_a_hundred_misses_in_a_row_no_stranger_is_let_through() {
    let db = TestDb::create().await;
    let app = TestApp::on(db, Clock::system(), OPEN).await;
    anna(&app).await;
    let mut misses = 1;
    for number in 0..400 {
        let reply = try_from(
            &app,
            &stranger(number),
            "anna@mail.com",
            "a wrong password indeed",
        )
        .await;
        misses += i32::from(reply.status == 401);
        app.clock.advance(Duration::minutes(16));
    }
    assert_eq!(misses, 100);
    // Not even with the right one, for nobody can be told from the guesser.
    try_from(&app, &stranger(500), "anna@mail.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    // The other name of the account has counts of its own.
    let input = json!({"username": "anna", "password": PASSWORD});
    app.call_from(&stranger(501), "/actions/token-auth", "tokenAuth", input)
        .await
        .assert_ok();
}

#[tokio::test]
async fn p04_whoever_guesses_does_not_lock_the_owner_out() {
    let app = open().await;
    anna(&app).await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
    for number in 0..30 {
        try_from(
            &app,
            &stranger(number),
            "anna@mail.com",
            "a wrong password indeed",
        )
        .await;
    }
    try_from(&app, &stranger(31), "anna@mail.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    // From where the account was used before nothing has changed, and success ends the strangers' count.
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
    try_from(&app, &stranger(32), "anna@mail.com", PASSWORD)
        .await
        .assert_ok();
}

#[tokio::test]
async fn p04_a_short_delay_ends_by_itself_and_the_refusal_says_how_long_it_is() {
    let app = TestApp::with(&[("REGISTRATION", "open")]).await;
    anna(&app).await;
    let mut refusal = None;
    for _ in 0..20 {
        let reply = try_from(&app, HOME, "anna@mail.com", "a wrong password indeed").await;
        if reply.status == 429 {
            refusal = Some(reply);
            break;
        }
    }
    let message = refusal.unwrap().json()["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "too many tries: wait 1s and try again");
    app.clock.advance(Duration::seconds(2));
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
}

#[tokio::test]
async fn p04_one_client_that_tries_many_names_is_slowed_down_alone() {
    let app = open().await;
    anna(&app).await;
    let mut looked_at = 0;
    for number in 0..60 {
        let reply = try_from(
            &app,
            "192.0.2.66",
            &format!("somebody{number}@mail.com"),
            "Summer2024!Summer",
        )
        .await;
        looked_at += i32::from(reply.status == 401);
    }
    assert!((49..=51).contains(&looked_at), "{looked_at}");
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
}

#[tokio::test]
async fn p05_a_flood_of_log_ins_is_answered_and_leaves_wallets_alone() {
    let app = open().await;
    let flood = (0..300).map(|number| {
        let app = &app;
        async move {
            try_from(
                app,
                &stranger(number),
                &format!("somebody{number}@mail.com"),
                PASSWORD,
            )
            .await
        }
    });
    let alice = wallet();
    let (flooded, signed_in) = tokio::join!(futures_util::future::join_all(flood), async {
        app.log_in_with(&app.message(&alice)).await
    });
    signed_in.assert_ok();
    for reply in flooded {
        assert!([400, 401].contains(&reply.status), "{reply:?}");
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        assert!(
            code == "credentials_invalid" || code == "unavailable",
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn p10_a_hash_of_lower_cost_signs_in_and_is_made_anew() {
    let app = open().await;
    anna(&app).await;
    let cheap = Hashers::with_cost(1, 1, Cost::new(64, 1).unwrap(), Entropy::system());
    let hash = cheap.hash(Password::parse(PASSWORD).unwrap()).await.unwrap();
    execute(
        &app,
        &format!("update auth.credentials set password_hash = '{}'", hash.as_str()),
    )
    .await;
    try_from(&app, HOME, "anna@mail.com", "a wrong password indeed")
        .await
        .assert_error(401, "credentials_invalid");
    let stored = || value::<String>(&app, "select password_hash from auth.credentials");
    assert_eq!(stored().await, hash.as_str(), "a wrong password changes nothing");
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
    assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    try_from(&app, HOME, "anna@mail.com", PASSWORD).await.assert_ok();
}

#[tokio::test]
async fn a_stored_hash_that_nobody_made_matches_nothing_and_costs_no_more() {
    let app = open().await;
    anna(&app).await;
    let absurd =
        "$argon2id$v=19$m=4194304,t=99,p=1$c29tZXNhbHRzb21lc2FsdA$dGhlIGhhc2ggb2Ygbm9ib2R5J3MgcGFzc3dvcmQ";
    execute(
        &app,
        &format!("update auth.credentials set password_hash = '{absurd}'"),
    )
    .await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD)
        .await
        .assert_error(401, "credentials_invalid");
}

#[tokio::test]
async fn a_disabled_account_learns_so_only_with_its_password() {
    let app = open().await;
    anna(&app).await;
    execute(&app, "update auth.users set disabled_at = now()").await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD)
        .await
        .assert_error(403, "account_disabled");
    try_from(&app, HOME, "anna@mail.com", "a wrong password indeed")
        .await
        .assert_error(401, "credentials_invalid");
}

#[tokio::test]
async fn t14_no_name_that_was_tried_and_no_password_stands_in_the_database() {
    let app = open().await;
    anna(&app).await;
    try_from(&app, HOME, "tried@mail.com", "tried password of somebody").await;
    for table in ["auth.guesses", "auth.audit_log", "auth.sessions"] {
        let text: Option<String> =
            value(&app, &format!("select string_agg(t::text, '') from {table} t")).await;
        let text = text.unwrap_or_default();
        assert!(
            !text.contains("mail.com") && !text.contains("tried") && !text.contains(PASSWORD),
            "{table}: {text}"
        );
    }
}

#[tokio::test]
async fn counts_that_nobody_added_to_for_a_week_are_forgotten() {
    let app = open().await;
    try_from(&app, HOME, "tried@mail.com", PASSWORD).await;
    let count = || value::<i64>(&app, "select count(*) from auth.guesses");
    assert_eq!(count().await, 2);
    app.clock.advance(Duration::days(6));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count().await, 2);
    app.clock.advance(Duration::days(2));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn the_database_being_away_is_no_wrong_password() {
    let app = open().await;
    anna(&app).await;
    execute(&app, "drop table auth.credentials").await;
    try_from(&app, HOME, "anna@mail.com", PASSWORD)
        .await
        .assert_error(400, "unavailable");
}
