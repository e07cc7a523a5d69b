//! Seed 002: log-in with a username and a password, one token that is access and refresh token at once. The
//! document's own requests and the shape of its answers, through the engine in both modes.

use serde_json::{Value, json};
use time::Duration;

use crate::support::people::{PASSWORD, register};
use crate::support::reply::claims_of;
use crate::support::{Hasura, Mode, in_both_modes};
use hasura_siwe::clock::Clock;

in_both_modes! {
    the_document_works_as_printed,
    what_is_not_a_token_of_this_flow_is_refused_and_leaves_the_good_one,
    a_late_tab_gets_the_newest_token_and_a_copy_ends_the_session,
}

fn token_auth(username: &str, password: &str) -> String {
    format!(
        "mutation {{\n  tokenAuth(\n    username: \"{username}\",\n    password: \"{password}\"\n  ) {{\n    token\n  }}\n}}\n"
    )
}

fn refresh(token: &str) -> String {
    format!(
        "mutation {{\n  refreshToken(\n    token: \"{token}\"\n  ) {{\n    token\n    refreshExpiresIn\n  }}\n}}\n"
    )
}

fn verify(token: &str) -> String {
    format!("mutation {{\n  verifyToken(\n    token: \"{token}\"\n  ){{\n    payload\n  }}\n}}\n")
}

async fn signed_in(hasura: &Hasura, username: &str) -> String {
    let answer = hasura
        .graphql(&[], &token_auth(username, PASSWORD), json!({}))
        .await;
    let object = answer.data()["tokenAuth"].as_object().unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["token"]);
    object["token"].as_str().unwrap().to_owned()
}

async fn refreshed(hasura: &Hasura, token: &str) -> (String, i64) {
    let answer = hasura.graphql(&[], &refresh(token), json!({})).await;
    let object = answer.data()["refreshToken"].as_object().unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["token", "refreshExpiresIn"]);
    (
        object["token"].as_str().unwrap().to_owned(),
        object["refreshExpiresIn"].as_i64().unwrap(),
    )
}

/// The head of the family, which the token names. Not verified: a real Hasura's key is not known here.
fn jti(token: &str) -> String {
    let seen: Value = serde_json::from_str(&hasura_siwe::token::inspect(token).unwrap()).unwrap();
    seen["claims"]["jti"].as_str().unwrap().to_owned()
}

async fn the_document_works_as_printed(hasura: Hasura) {
    let person = register(&hasura).await;
    let token = signed_in(&hasura, &person.username).await;
    let answer = hasura.graphql(&[], &verify(&token), json!({})).await;
    let payload = &answer.data()["verifyToken"]["payload"];
    let object = payload.as_object().unwrap();
    assert_eq!(
        object.keys().collect::<Vec<_>>(),
        ["username", "sub", "exp", "origIat"]
    );
    assert_eq!(
        (payload["username"].as_str(), payload["sub"].as_str()),
        (Some(person.username.as_str()), Some(person.id.as_str()))
    );
    let (exp, origin) = (
        payload["exp"].as_i64().unwrap(),
        payload["origIat"].as_i64().unwrap(),
    );
    assert!((7199..=7201).contains(&(exp - origin)), "two hours: {payload}");

    let (next, until) = refreshed(&hasura, &token).await;
    assert_ne!(next, token);
    assert!((0..=1).contains(&(until - origin - 7 * 86_400)), "seven days");
    let answer = hasura.graphql(&[], &verify(&next), json!({})).await;
    assert_eq!(answer.data()["verifyToken"]["payload"]["origIat"], origin);

    // The document's header in webhook mode; in JWT mode Hasura reads Authorization alone.
    let (name, value) = match hasura.mode {
        Mode::Webhook => ("Authentication", format!("JWT {next}")),
        Mode::Jwt => ("Authorization", format!("Bearer {next}")),
    };
    let answer = hasura
        .graphql(&[(name, &value)], "{ v1Sessions { res } }", json!({}))
        .await;
    assert_eq!(
        answer.data()["v1Sessions"]["res"]["sessions"][0]["flow"],
        "username"
    );
}

async fn what_is_not_a_token_of_this_flow_is_refused_and_leaves_the_good_one(hasura: Hasura) {
    let person = register(&hasura).await;
    let token = signed_in(&hasura, &person.username).await;
    let (of_wallet, refresh_of_wallet) = hasura.log_in(&crate::support::wallet()).await;
    let mut forged = token.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    let head = jti(&token);
    for bad in [
        of_wallet.as_str(),
        refresh_of_wallet.as_str(),
        forged.as_str(),
        head.as_str(),
        "",
        "a.b.c",
    ] {
        hasura
            .graphql(&[], &refresh(bad), json!({}))
            .await
            .assert_code("refresh_token_invalid");
    }
    // The head of the family is no refresh token of another flow.
    let as_email = format!("mutation {{ refreshToken(refreshToken: \"{head}\") {{ access_token }} }}");
    hasura
        .graphql(&[], &as_email, json!({}))
        .await
        .assert_code("refresh_token_invalid");
    let restore = json!({"session": {"refreshToken": head}});
    hasura
        .graphql(&[], crate::support::hasura::RESTORE, restore)
        .await
        .assert_code("refresh_token_invalid");
    for bad in [forged.as_str(), head.as_str(), ""] {
        hasura
            .graphql(&[], &verify(bad), json!({}))
            .await
            .assert_code("token_invalid");
    }
    refreshed(&hasura, &token).await;
}

async fn a_late_tab_gets_the_newest_token_and_a_copy_ends_the_session(hasura: Hasura) {
    let person = register(&hasura).await;
    let first = signed_in(&hasura, &person.username).await;
    let mut at_once = Vec::new();
    for _ in 0..10 {
        at_once.push(refreshed(&hasura, &first));
    }
    let heads: Vec<String> = futures_util::future::join_all(at_once)
        .await
        .iter()
        .map(|(token, _)| jti(token))
        .collect();
    assert!(heads.iter().all(|head| head == &heads[0]), "{heads:?}");
    assert_ne!(heads[0], jti(&first));
    let second = refreshed(&hasura, &first).await.0;
    let third = refreshed(&hasura, &second).await.0;
    // Two behind and within the grace time: a tab that has heard of neither rotation.
    assert_eq!(jti(&refreshed(&hasura, &first).await.0), jti(&third));
    // A real Hasura's service has no clock that a test can set.
    let Some(app) = &hasura.app else { return };
    app.clock.advance(time::Duration::seconds(31));
    hasura
        .graphql(&[], &refresh(&first), json!({}))
        .await
        .assert_code("refresh_token_invalid");
    hasura
        .graphql(&[], &verify(&second), json!({}))
        .await
        .assert_code("session_ended");
}

#[tokio::test]
async fn an_expired_token_is_refreshed_until_seven_days_after_the_log_in() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let person = register(&hasura).await;
    let token = signed_in(&hasura, &person.username).await;
    let origin = claims_of(&token)["iat"].as_i64().unwrap();
    let clock = hasura.app.as_ref().unwrap().clock.clone();
    clock.advance(Duration::days(3));
    hasura
        .graphql(&[], &verify(&token), json!({}))
        .await
        .assert_code("token_invalid");
    let (token, _) = refreshed(&hasura, &token).await;
    clock.advance(Duration::days(4) - Duration::minutes(10));
    let (token, until) = refreshed(&hasura, &token).await;
    let claims = claims_of(&token);
    assert_eq!(
        claims["exp"].as_i64(),
        Some(until),
        "no token outlives its session"
    );
    assert!((until - origin - 7 * 86_400).abs() <= 6);
    clock.advance(Duration::minutes(11));
    hasura
        .graphql(&[], &refresh(&token), json!({}))
        .await
        .assert_code("refresh_token_invalid");
}
