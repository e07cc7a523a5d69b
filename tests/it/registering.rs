//! What an account with a password may be called and have for a password, and who may make one.

use serde_json::json;

use crate::passwords::{HOME, anna, open, register, try_from, value};
use crate::support::TestApp;
use crate::support::people::PASSWORD;

#[tokio::test]
async fn p02_registering_a_taken_name_says_so_and_costs_a_try() {
    let app = open().await;
    anna(&app).await;
    for input in [
        json!({"email": "ANNA@mail.com", "password": PASSWORD}),
        json!({"username": "Anna", "password": PASSWORD}),
        json!({"email": "other@mail.com", "username": "anna", "password": PASSWORD}),
    ] {
        register(&app, input).await.assert_error(409, "already_taken");
    }
    let mut last = None;
    for _ in 0..12 {
        last = Some(register(&app, json!({"email": "anna@mail.com", "password": PASSWORD})).await);
    }
    last.unwrap().assert_error(429, "rate_limited");
    let people: i64 = value(&app, "select count(*) from auth.users").await;
    assert_eq!(people, 1, "a refused registration leaves nobody behind");
}

#[tokio::test]
async fn p02_registration_is_closed_unless_the_operator_opens_it() {
    let app = TestApp::start().await;
    let input = json!({"email": "anna@mail.com", "password": PASSWORD});
    register(&app, input)
        .await
        .assert_error(403, "registration_closed");
}

#[tokio::test]
async fn p07_what_is_short_long_common_or_a_name_is_not_set() {
    let app = open().await;
    for (password, status, code) in [
        ("fourteen chars", 422, "password_too_short"),
        ("", 422, "password_too_short"),
        (&"x1y2".repeat(65), 422, "password_too_long"),
        ("123456789123456789", 422, "password_compromised"),
        ("passwordpassword", 422, "password_compromised"),
        ("ANNA.CAMPBELL@mail.com", 422, "password_compromised"),
        ("line one of two\nline two", 422, "password_compromised"),
    ] {
        let input = json!({"email": "anna.campbell@mail.com", "password": password});
        register(&app, input).await.assert_error(status, code);
    }
    let eight = [("REGISTRATION", "open"), ("PASSWORD_MIN_LENGTH", "8")];
    let app = TestApp::with(&eight).await;
    register(
        &app,
        json!({"email": "anna@mail.com", "password": "fourteen chars"}),
    )
    .await
    .assert_ok();
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let app = open().await;
    let input = json!({"email": "anna@mail.com", "password": "ein langer Sp\u{fc}lstein"});
    register(&app, input).await.assert_ok();
    try_from(&app, HOME, "anna@mail.com", "ein langer Spu\u{308}lstein")
        .await
        .assert_ok();
    try_from(&app, HOME, "anna@mail.com", " ein langer Sp\u{fc}lstein")
        .await
        .assert_error(401, "credentials_invalid");
}

#[tokio::test]
async fn p12_one_person_has_one_spelling() {
    let app = open().await;
    anna(&app).await;
    for (input, code, status) in [
        (json!({"email": "ANNA@MAIL.COM"}), "already_taken", 409),
        (json!({"email": "anna@mail\u{3002}com"}), "email_invalid", 422),
        (json!({"email": "\u{430}nna@mail.com"}), "email_invalid", 422),
        (json!({"email": "anna @mail.com"}), "email_invalid", 422),
        (json!({"username": "ANNA"}), "already_taken", 409),
        (json!({"username": "\u{430}nna"}), "username_invalid", 422),
        (json!({"username": "anna@mail.com"}), "username_invalid", 422),
        (json!({"username": "\u{ff41}nna"}), "already_taken", 409),
        (json!({}), "bad_request", 400),
        (
            json!({"username": "anna2", "name": "\u{202e}"}),
            "name_invalid",
            400,
        ),
        // Issue 14, item 15.
        (
            json!({"username": "anna2", "name": "an\u{200b}na"}),
            "name_invalid",
            400,
        ),
        (
            json!({"username": "anna2", "name": "\u{ff21}nna"}),
            "name_invalid",
            400,
        ),
    ] {
        let mut input = input;
        input["password"] = json!(PASSWORD);
        register(&app, input).await.assert_error(status, code);
    }
}

#[tokio::test]
async fn a_way_to_sign_in_that_the_operator_closed_is_refused_and_the_others_are_not() {
    let app = TestApp::with(&[("REGISTRATION", "open"), ("FLOWS", "siwe, username")]).await;
    anna(&app).await;
    let address = crate::support::wallet().address().to_string();
    let challenge = json!({"request": {"address": address}});
    app.call(
        "/actions/challenge",
        "challenge",
        crate::support::app::guest(),
        challenge,
    )
    .await
    .assert_error(403, "flow_closed");
    try_from(&app, HOME, "anna@mail.com", PASSWORD)
        .await
        .assert_error(403, "flow_closed");
    let nonce = json!({"eth_address": address}).to_string();
    assert_eq!(app.post("/sapi/v2/auth/nonce", None, nonce).await.status, 403);
    let input = json!({"username": "anna", "password": PASSWORD});
    app.call(
        "/actions/token-auth",
        "tokenAuth",
        crate::support::app::guest(),
        input,
    )
    .await
    .assert_ok();
    app.log_in(&crate::support::wallet()).await;
}
