//! What a refresh token is answered after it was replaced: several tabs, lost answers, and how many retries a session has.

use std::collections::HashSet;

use futures_util::future::join_all;
use hasura_siwe::token::{RefreshToken, Salt};
use serde_json::json;
use time::Duration;

use crate::support::app::guest;
use crate::support::people::PASSWORD;
use crate::support::reply::claims_of;
use crate::support::{Reply, TestApp, wallet};

fn access_token(reply: &Reply) -> String {
    reply.res()["accessToken"].as_str().unwrap().to_owned()
}

// Issue 14, item 5, and field report S01.
#[tokio::test]
async fn t05_three_tabs_that_refresh_within_the_grace_time_all_get_the_newest_token() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let second = app.restore(&first).await.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(10));
    let newest = app.restore(&second).await;
    let third = newest.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(10));
    let late = app.restore(&first).await;
    assert_eq!(late.assert_ok().refresh_token(), third);
    // The access token is a new one and not the one that the second tab got.
    let expires_at = |reply: &Reply| reply.claims()["exp"].as_i64().unwrap();
    assert_ne!(access_token(&late), access_token(&newest));
    assert!(expires_at(&late) >= expires_at(&newest) + 10);
    assert_eq!(app.restore(&second).await.assert_ok().refresh_token(), third);
    app.restore(&third).await.assert_ok();
}

// Issue 14, item 5.
#[tokio::test]
async fn t05_a_token_that_was_replaced_before_the_grace_time_ends_the_session() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let second = app.restore(&first).await.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(20));
    let third = app.restore(&second).await.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(11));
    // The first token was replaced 31 seconds ago, the second one 11 seconds ago.
    assert_eq!(app.restore(&second).await.assert_ok().refresh_token(), third);
    app.restore(&first)
        .await
        .assert_error(401, "refresh_token_invalid");
    app.restore(&third)
        .await
        .assert_error(401, "refresh_token_invalid");
}

// Issue 14, item 5.
#[tokio::test]
async fn t05_each_of_the_sixty_tokens_of_one_grace_time_leads_to_the_newest() {
    let app = TestApp::with(&[("REFRESH_GRACE", "1m")]).await;
    let mut tokens = vec![app.log_in(&wallet()).await];
    for _ in 0..60 {
        tokens.push(
            app.restore(tokens.last().unwrap())
                .await
                .assert_ok()
                .refresh_token(),
        );
    }
    let newest = tokens.pop().unwrap();
    for token in tokens.iter().step_by(7).chain(tokens.last()) {
        assert_eq!(app.restore(token).await.assert_ok().refresh_token(), newest);
    }
    // The tokens that were replaced long ago leave the row when the next rotation comes.
    app.clock.advance(Duration::seconds(61));
    let next = app.restore(&newest).await.assert_ok().refresh_token();
    let kept = app.db.connect().await;
    let kept = kept
        .query_one("select previous_salts is null from auth.sessions", &[])
        .await
        .unwrap();
    assert!(kept.get::<_, bool>(0));
    assert_eq!(app.restore(&newest).await.assert_ok().refresh_token(), next);
}

// Issue 14, item 5.
#[tokio::test]
async fn t05_without_a_grace_time_every_replaced_token_ends_the_session() {
    let app = TestApp::with(&[("REFRESH_GRACE", "0s")]).await;
    for replaced in [0, 1] {
        let mut tokens = vec![app.log_in(&wallet()).await];
        for _ in 0..2 {
            tokens.push(
                app.restore(tokens.last().unwrap())
                    .await
                    .assert_ok()
                    .refresh_token(),
            );
        }
        app.restore(&tokens[replaced])
            .await
            .assert_error(401, "refresh_token_invalid");
        app.restore(&tokens[2])
            .await
            .assert_error(401, "refresh_token_invalid");
    }
}

// Issue 14, item 5.
#[tokio::test]
async fn three_tabs_of_the_user_name_flow_share_a_session() {
    let app = TestApp::with(&[("REGISTRATION", "open"), ("FLOWS", "username")]).await;
    let account = json!({"username": "anna", "password": PASSWORD});
    app.call("/actions/register", "register", guest(), account.clone())
        .await
        .assert_ok();
    let signed_in = app
        .call("/actions/token-auth", "tokenAuth", guest(), account)
        .await;
    let token_of = |reply: &Reply| reply.json()["token"].as_str().unwrap().to_owned();
    let refresh = async |token: &str| {
        let input = json!({"token": token});
        app.call("/actions/refresh-token", "refreshToken", guest(), input)
            .await
    };
    let first = token_of(signed_in.assert_ok());
    let second = token_of(refresh(&first).await.assert_ok());
    let third = token_of(refresh(&second).await.assert_ok());
    let late = token_of(refresh(&first).await.assert_ok());
    assert_eq!(claims_of(&late)["jti"], claims_of(&third)["jti"]);
    refresh(&late).await.assert_ok();
}

/// What a process of the release before migration 0016 writes when it rotates a session.
const ROTATION_OF_AN_OLDER_PROCESS: &str = "
with turned as (
  update auth.sessions s
  set generation = s.generation + 1, salt = $2, rotated_at = clock_timestamp(), last_used_at = clock_timestamp()
  from auth.refresh_tokens t
  where t.hash = $1 and s.id = t.session_id and s.generation = t.generation and s.ended_at is null
  returning s.id, s.generation
)
insert into auth.refresh_tokens (hash, session_id, generation)
select $3, id, generation
from turned";

// Issue 14, item 5: a rolling update.
#[tokio::test]
async fn a_session_that_older_and_newer_processes_rotate_in_turn_goes_on() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let older = async |token: &str| {
        let (presented, salt) = (
            RefreshToken::parse(token).unwrap(),
            Salt::from_slice(&[7; 32]).unwrap(),
        );
        let successor = presented.successor(salt);
        let rotated = client
            .execute(
                ROTATION_OF_AN_OLDER_PROCESS,
                &[
                    &presented.hash().as_bytes(),
                    &salt.as_bytes(),
                    &successor.hash().as_bytes(),
                ],
            )
            .await
            .unwrap();
        assert_eq!(rotated, 1);
        successor.reveal().as_str().to_owned()
    };
    let mut tokens = vec![app.log_in(&wallet()).await];
    for _ in 0..2 {
        tokens.push(
            app.restore(tokens.last().unwrap())
                .await
                .assert_ok()
                .refresh_token(),
        );
    }
    tokens.push(older(tokens.last().unwrap()).await);
    // The direct predecessor leads to the newest token, whichever process replaced it.
    assert_eq!(
        app.restore(&tokens[2]).await.assert_ok().refresh_token(),
        tokens[3]
    );
    tokens.push(app.restore(&tokens[3]).await.assert_ok().refresh_token());
    // The chain begins anew with the rotation of the older process, and holds no salt twice.
    for token in &tokens[2..4] {
        assert_eq!(app.restore(token).await.assert_ok().refresh_token(), tokens[4]);
    }
    // What the older process overwrote is not known: such a token counts as a copy, as it did there.
    app.restore(&tokens[1])
        .await
        .assert_error(401, "refresh_token_invalid");
}

// Issue 14, item 4.
#[tokio::test]
async fn retries_with_one_token_are_limited_and_a_limited_retry_ends_nothing() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let head = app.restore(&first).await.assert_ok().refresh_token();
    let mut access = HashSet::new();
    let mut limited = 0;
    for _ in 0..200 {
        let reply = app.restore(&first).await;
        if reply.status == 200 {
            access.insert(access_token(&reply));
        } else {
            reply.assert_error(429, "rate_limited");
            limited += 1;
        }
    }
    assert!((60..=75).contains(&access.len()), "{} tokens", access.len());
    assert_eq!(access.len() + limited, 200);
    // Neither the newest token nor the session is affected, and the refused token is good after the wait.
    app.restore(&first).await.assert_error(429, "rate_limited");
    app.clock.advance(Duration::seconds(10));
    assert_eq!(app.restore(&first).await.assert_ok().refresh_token(), head);
    app.restore(&head).await.assert_ok();
}

// Issue 14, item 4.
#[tokio::test]
async fn retries_that_come_at_once_are_limited_too() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let head = app.restore(&first).await.assert_ok().refresh_token();
    let mut access = HashSet::new();
    for _ in 0..10 {
        for reply in join_all((0..100).map(|_| app.restore(&first))).await {
            match reply.status {
                200 => {
                    assert_eq!(reply.refresh_token(), head);
                    access.insert(access_token(&reply));
                }
                _ => {
                    reply.assert_error(429, "rate_limited");
                }
            }
        }
    }
    assert!(access.len() <= 80, "{} tokens", access.len());
    app.restore(&head).await.assert_ok();
}

// Issue 14, item 4.
#[tokio::test]
async fn twenty_tabs_whose_answers_are_lost_twice_are_not_limited() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    for _ in 0..3 {
        let mut heads = HashSet::new();
        for reply in join_all((0..20).map(|_| app.restore(&first))).await {
            heads.insert(reply.assert_ok().refresh_token());
        }
        assert_eq!(heads.len(), 1);
    }
}

/// Puts the end of each session's limit so many microseconds after the moment at which the statement runs.
const LIMIT_ENDS_SOON: &str = "
update auth.sessions
set restores_used_until = clock_timestamp() + make_interval(secs => 118 + $1::double precision / 1000000)";

// Issue 14, item 3.
#[tokio::test]
async fn a_token_is_never_refused_as_invalid_at_the_moment_at_which_its_limit_ends() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let mut token = app.log_in(&wallet()).await;
    let (mut restored, mut limited) = (0, 0);
    for round in 0..400 {
        // From 0 to 4 milliseconds, in small steps: the end passes while the request is judged.
        let until_the_end = f64::from(round % 100) * 40.0;
        client.execute(LIMIT_ENDS_SOON, &[&until_the_end]).await.unwrap();
        let reply = app.restore(&token).await;
        if reply.status == 200 {
            token = reply.refresh_token();
            restored += 1;
        } else {
            reply.assert_error(429, "rate_limited");
            limited += 1;
        }
    }
    assert!(
        restored > 0 && limited > 0,
        "{restored} restored, {limited} limited"
    );
}
