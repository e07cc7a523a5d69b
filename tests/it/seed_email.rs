//! Seed 001: log-in with an e-mail address and a password, the document's own requests and the shape of its answers,
//! through the engine in both modes. Only addresses, passwords and tokens are live.

use serde_json::{Value, json};
use time::Duration;

use crate::support::people::{PASSWORD, register, register_as};
use crate::support::reply::{NAMESPACE, claims_of};
use crate::support::{Hasura, Mode, in_both_modes};
use hasura_siwe::clock::Clock;

in_both_modes! {
    the_document_works_as_printed,
    a_profile_is_for_whoever_is_signed_in,
    what_is_not_this_flow_s_refresh_token_is_refused_and_leaves_the_good_one,
    the_session_is_one_like_any_other,
}

/// The document's log-in, byte for byte.
fn log_in(email: &str, password: &str) -> String {
    format!(
        "mutation {{\n  login(email: \"{email}\", password: \"{password}\") {{\n    access_token\n    refresh_token\n  }}\n}}\n"
    )
}

/// The document's refresh, byte for byte.
fn refresh(token: &str) -> String {
    format!(
        "mutation {{\n  refreshToken(\n    refreshToken: \"{token}\"\n  ) {{\n    access_token\n    refresh_token\n  }}\n}}\n"
    )
}

const MY_PROFILE: &str = "query {\n  myProfile {\n    id\n    name\n    avatar\n  }\n}\n";

/// Both tokens under `field`, which holds nothing else.
fn tokens(data: &Value, field: &str) -> (String, String) {
    let object = data[field].as_object().unwrap();
    assert_eq!(
        object.keys().collect::<Vec<_>>(),
        ["access_token", "refresh_token"]
    );
    assert_eq!(data.as_object().unwrap().len(), 1);
    let text = |name: &str| object[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn signed_in(hasura: &Hasura, email: &str) -> (String, String) {
    let answer = hasura.graphql(&[], &log_in(email, PASSWORD), json!({})).await;
    tokens(answer.data(), "login")
}

async fn the_document_works_as_printed(hasura: Hasura) {
    // The printed address where the database is the test's own.
    let person = match hasura.app {
        Some(_) => register_as(&hasura, "john@mail.com", "john").await,
        None => register(&hasura).await,
    };
    let (access, refresh_token) = signed_in(&hasura, &person.email).await;
    let bearer = format!("Bearer {access}");
    let answer = hasura
        .graphql(&[("Authorization", &bearer)], MY_PROFILE, json!({}))
        .await;
    assert_eq!(
        answer.data(),
        &json!({"myProfile": {"id": person.id, "name": "Jhon", "avatar": null}})
    );
    let answer = hasura.graphql(&[], &refresh(&refresh_token), json!({})).await;
    let (access, next) = tokens(answer.data(), "refreshToken");
    assert_ne!(next, refresh_token);
    let bearer = format!("Bearer {access}");
    let answer = hasura
        .graphql(&[("Authorization", &bearer)], MY_PROFILE, json!({}))
        .await;
    assert_eq!(answer.data()["myProfile"]["id"], person.id.as_str());
}

async fn a_profile_is_for_whoever_is_signed_in(hasura: Hasura) {
    let answer = hasura.graphql(&[], MY_PROFILE, json!({})).await;
    assert_eq!(
        answer.error(),
        (
            "field 'myProfile' not found in type: 'query_root'",
            "validation-failed"
        )
    );
    // Somebody with a wallet has one as well, without a name as yet.
    let (access, _) = hasura.log_in(&crate::support::wallet()).await;
    let bearer = format!("Bearer {access}");
    let answer = hasura
        .graphql(&[("authorization", &bearer)], MY_PROFILE, json!({}))
        .await;
    assert_eq!(answer.data()["myProfile"]["name"], Value::Null);
}

async fn what_is_not_this_flow_s_refresh_token_is_refused_and_leaves_the_good_one(hasura: Hasura) {
    let person = register(&hasura).await;
    let (access, own) = signed_in(&hasura, &person.email).await;
    let (_, of_wallet) = hasura.log_in(&crate::support::wallet()).await;
    for bad in [
        access.as_str(),
        of_wallet.as_str(),
        "",
        "eyJhbGciOiJIUzI1NiJ9.e30.x",
        "00000000-0000-4000-8000-000000000000",
        "'; drop table auth.sessions; --",
    ] {
        let answer = hasura.graphql(&[], &refresh(bad), json!({})).await;
        answer.assert_code("refresh_token_invalid");
    }
    // Nor is this flow's token one of another.
    let restore = json!({"session": {"refreshToken": own}});
    hasura
        .graphql(&[], crate::support::hasura::RESTORE, restore)
        .await
        .assert_code("refresh_token_invalid");
    for arguments in ["", "(refreshToken: \"x\", token: \"y\")", "(refreshToken: null)"] {
        let query = format!("mutation {{ refreshToken{arguments} {{ access_token }} }}");
        hasura
            .graphql(&[], &query, json!({}))
            .await
            .assert_code("bad_request");
    }
    tokens(
        hasura.graphql(&[], &refresh(&own), json!({})).await.data(),
        "refreshToken",
    );
    tokens(
        hasura.graphql(&[], &refresh(&own), json!({})).await.data(),
        "refreshToken",
    );
}

async fn the_session_is_one_like_any_other(hasura: Hasura) {
    let person = register(&hasura).await;
    let (access, own) = signed_in(&hasura, &person.email).await;
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura
        .graphql(&headers, "{ v1Sessions { res success } }", json!({}))
        .await;
    let sessions = &answer.data()["v1Sessions"]["res"]["sessions"];
    assert_eq!(
        (sessions[0]["flow"].as_str(), sessions.as_array().unwrap().len()),
        (Some("email"), 1)
    );
    let answer = hasura
        .graphql(&headers, "mutation { v1Logout { res success } }", json!({}))
        .await;
    assert_eq!(answer.data()["v1Logout"]["res"], json!({"ended": 1}));
    hasura
        .graphql(&[], &refresh(&own), json!({}))
        .await
        .assert_code("refresh_token_invalid");
    if hasura.mode == Mode::Webhook {
        hasura
            .graphql(&headers, MY_PROFILE, json!({}))
            .await
            .assert_code("access-denied");
    } else {
        hasura
            .graphql(&headers, MY_PROFILE, json!({}))
            .await
            .assert_code("session_ended");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let hasura = Hasura::start().await;
    let person = register(&hasura).await;
    let mut answers = Vec::new();
    for (email, password) in [
        (person.email.as_str(), "correct horse battery stapl"),
        ("nobody@mail.com", PASSWORD),
        ("no address", PASSWORD),
        (person.username.as_str(), PASSWORD),
    ] {
        let answer = hasura.graphql(&[], &log_in(email, password), json!({})).await;
        answer.assert_code("credentials_invalid");
        answers.push(answer.body.to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // However it is written.
    signed_in(&hasura, &person.email.to_uppercase()).await;
}

#[tokio::test]
async fn tokens_live_as_the_service_s_own_do_and_as_the_document_s_where_the_operator_says_so() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let person = register(&hasura).await;
    let claims = claims_of(&signed_in(&hasura, &person.email).await.0);
    // Five seconds are for a clock that is behind.
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3605
    );
    assert_eq!(claims[NAMESPACE]["x-hasura-address"], Value::Null);
    assert!(!claims.to_string().contains("mail.com"), "no address in a token");

    let preset = [
        ("EMAIL_ACCESS_TOKEN_TTL", "20d"),
        ("EMAIL_REFRESH_IDLE_TTL", "10h"),
    ];
    for mode in [Mode::Jwt, Mode::Webhook] {
        let hasura = Hasura::local_in(mode, Clock::system(), &preset).await;
        let person = register(&hasura).await;
        let (access, own) = signed_in(&hasura, &person.email).await;
        let clock = &hasura.app.as_ref().unwrap().clock;
        let bearer = format!("Bearer {access}");
        clock.advance(Duration::hours(11));
        hasura
            .graphql(&[], &refresh(&own), json!({}))
            .await
            .assert_code("refresh_token_invalid");
        clock.advance(Duration::days(19));
        let answer = hasura
            .graphql(&[("authorization", &bearer)], MY_PROFILE, json!({}))
            .await;
        assert_eq!(answer.data()["myProfile"]["id"], person.id.as_str(), "{mode:?}");
        clock.advance(Duration::days(1));
        let answer = hasura
            .graphql(&[("authorization", &bearer)], MY_PROFILE, json!({}))
            .await;
        assert!(answer.body.get("errors").is_some(), "{mode:?}");
    }
}
