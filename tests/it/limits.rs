//! How often something may be done, whoever asks and however many requests it comes in. Limits on passwords are in
//! `passwords`.

mod fair;
mod waited;

use serde_json::{Value, json};
use time::Duration;

use crate::support::app::{guest, user};
use crate::support::{Hasura, hasura::LOG_IN};
use crate::support::{Reply, TestApp, in_both_modes, wallet};

in_both_modes! {
    h12_five_hundred_log_ins_in_one_request_are_five_hundred,
}

const ONE_HOP: &[(&str, &str)] = &[("TRUSTED_HOPS", "1"), ("SIWE_NONCES", "server")];

/// How many of these answers are which.
fn counted(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status == status).count()
}

#[tokio::test]
async fn s26_one_client_gets_three_hundred_nonces_and_then_waits_and_others_do_not() {
    let app = TestApp::with(ONE_HOP).await;
    let ask = |ip: &'static str| app.call_from(ip, "/actions/nonce", "v1Nonce", json!({}));
    let mut replies = Vec::new();
    for _ in 0..500 {
        replies.push(ask("198.51.100.7").await);
    }
    // Five more for each second that this takes.
    assert!((300..400).contains(&counted(&replies, 200)), "{replies:?}");
    replies.last().unwrap().assert_error(429, "rate_limited");
    ask("198.51.100.8").await.assert_ok();
    let kept: i64 = app
        .db
        .connect()
        .await
        .query_one("select count(*) from auth.issued_nonces", &[])
        .await
        .unwrap()
        .get(0);
    assert!(kept < 401, "{kept} rows");
    app.clock.advance(Duration::seconds(90));
    ask("198.51.100.7").await.assert_ok();
}

#[tokio::test]
async fn s26_texts_to_sign_are_counted_with_nonces_whatever_addresses_are_named() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let mut replies = Vec::new();
    for _ in 0..500 {
        let input = json!({"request": {"address": wallet().address().to_string()}});
        replies.push(
            app.call_from("198.51.100.7", "/actions/challenge", "challenge", input)
                .await,
        );
    }
    assert!((300..400).contains(&counted(&replies, 200)));
    replies.last().unwrap().assert_error(429, "rate_limited");
}

#[tokio::test]
async fn s26_where_no_address_is_known_a_process_has_a_limit_of_its_own() {
    let app = TestApp::start().await;
    let replies = futures_util::future::join_all((0..8).map(|_| async {
        let mut replies = Vec::new();
        for _ in 0..900 {
            replies.push(app.call("/actions/nonce", "v1Nonce", guest(), json!({})).await);
        }
        replies
    }))
    .await;
    let replies: Vec<Reply> = replies.into_iter().flatten().collect();
    let refused = counted(&replies, 429);
    assert!(
        counted(&replies, 200) >= 5000 && counted(&replies, 200) + refused == 7200,
        "{refused} refused"
    );
}

#[tokio::test]
async fn one_wallet_signs_in_a_hundred_times_at_once_and_then_every_two_seconds() {
    let app = TestApp::start().await;
    let alice = wallet();
    let log_ins = (0..120).map(|_| app.message(&alice));
    let signed: Vec<_> = log_ins.collect();
    let mut replies = Vec::new();
    for signed in &signed {
        replies.push(app.log_in_with(signed).await);
    }
    let good = counted(&replies, 200);
    assert!((100..=110).contains(&good), "{good}");
    replies.last().unwrap().assert_error(429, "rate_limited");
    // Somebody else is not slowed down, and what was refused is still good.
    app.log_in(&wallet()).await;
    app.clock.advance(Duration::seconds(70));
    app.log_in_with(signed.last().unwrap()).await.assert_ok();
}

#[tokio::test]
async fn a_session_is_restored_sixty_times_at_once_and_the_refused_token_stays_good() {
    let app = TestApp::start().await;
    let mut token = app.log_in(&wallet()).await;
    let mut restored = 0;
    for _ in 0..100 {
        let reply = app.restore(&token).await;
        if reply.status == 429 {
            reply.assert_error(429, "rate_limited");
            break;
        }
        token = reply.assert_ok().refresh_token();
        restored += 1;
    }
    assert!((60..=70).contains(&restored), "{restored}");
    // A retry of the last one is no restore, and a copy is noticed all the same.
    app.restore(&token).await.assert_error(429, "rate_limited");
    app.clock.advance(Duration::seconds(10));
    app.restore(&token).await.assert_ok();
}

#[tokio::test]
async fn one_person_changes_an_account_thirty_times_at_once() {
    let app = TestApp::start().await;
    let alice = wallet();
    let reply = app.log_in_with(&app.message(&alice)).await;
    let (person, address) = (user(&reply.user_id()), alice.address().to_string());
    let mut replies = Vec::new();
    for number in 0..36 {
        let name = format!("name {number}");
        replies.push(app.update(person.clone(), &["ethereum"], &name, &address).await);
    }
    let good = counted(&replies, 200);
    assert!((30..=34).contains(&good), "{good}");
    replies.last().unwrap().assert_error(429, "rate_limited");
}

#[tokio::test]
async fn two_processes_count_as_one() {
    let app = TestApp::start().await;
    let variables = [("DATABASE_POOL_SIZE", "2")];
    let other = TestApp::on(app.db.clone(), app.clock.clone(), &variables).await;
    let alice = wallet();
    let mut good = 0;
    for _ in 0..70 {
        good += i32::from(app.log_in_with(&app.message(&alice)).await.status == 200);
        good += i32::from(other.log_in_with(&other.message(&alice)).await.status == 200);
    }
    assert!((100..=110).contains(&good), "{good}");
}

#[tokio::test]
async fn limits_that_nobody_uses_any_more_are_forgotten() {
    let app = TestApp::start().await;
    app.log_in(&wallet()).await;
    let client = app.db.connect().await;
    let count = async || -> i64 {
        let row = client.query_one("select count(*) from auth.limits", &[]).await;
        row.unwrap().get(0)
    };
    assert_eq!(count().await, 1);
    app.clock.advance(Duration::seconds(10));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count().await, 0);
}

/// The same good message under five hundred aliases: one signs in, and not all the others are even looked at.
async fn h12_five_hundred_log_ins_in_one_request_are_five_hundred(hasura: Hasura) {
    let alice = wallet();
    let signed = hasura.message(&alice);
    let mut query = "mutation ($session: LoginInput!) {".to_owned();
    for number in 0..500 {
        query += &format!(" a{number}: v1Login(session: $session) {{ success }}");
    }
    query += " }";
    let session = crate::support::hasura::session_of(&signed);
    let answer = hasura.graphql(&[], &query, session).await;
    let code = answer.body["errors"][0]["extensions"]["code"].as_str();
    assert!(matches!(code, Some("nonce_invalid" | "rate_limited")), "{code:?}");
    // The address has used up what it had.
    let mut codes = Vec::new();
    for _ in 0..110 {
        let answer = hasura
            .graphql(
                &[],
                LOG_IN,
                crate::support::hasura::session_of(&hasura.message(&alice)),
            )
            .await;
        codes.push(answer.body["errors"][0]["extensions"]["code"].clone());
    }
    assert!(codes.contains(&Value::from("rate_limited")), "{codes:?}");
}
