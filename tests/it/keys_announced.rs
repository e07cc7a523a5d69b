//! Changes of the keys, as processes hear of them: nobody restarts or reads anything again by hand.

use std::time::{Duration, Instant};

use hasura_siwe::token::TokenFault;
use serde_json::json;

use crate::support::app::{TestApp, WITH_OWN_KEYS, variables};
use crate::support::db::TestDb;
use crate::support::keys::{generate, keys, log_in, own_keys};
use crate::support::process::{Process, run};
use crate::support::{Reply, wallet};

/// Far below the minute after which the keys are read in any case.
const SOON: Duration = Duration::from_secs(10);

/// Asks until the answer fits; each question is a request, so nothing has to be waited for.
async fn soon(question: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !question().await {
        assert!(begun.elapsed() < SOON, "nobody heard of it");
    }
}

async fn ask(base: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = reqwest::Client::new().get(format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn j07_running_processes_take_keys_up_and_drop_them_when_they_are_announced() {
    let db = TestDb::create().await;
    let (one, two) = (
        Process::serve(own_keys(&db)).await,
        Process::serve(own_keys(&db)).await,
    );
    let publish = async |kid: &str, expected: bool| {
        for base in [&one.base, &two.base] {
            soon(async || ask(base, "/.well-known/jwks.json", &[]).await.text.contains(kid) == expected)
                .await;
        }
    };
    let first = generate(&db, "EdDSA").await;
    publish(&first, true).await;
    let second = generate(&db, "ES256").await;
    publish(&second, true).await;
    assert_eq!(keys(&db, &["rotate", "--force"]).await.0, 0);
    assert_eq!(keys(&db, &["retire", &first]).await.0, 0);
    publish(&first, false).await;
}

#[tokio::test]
async fn j07_a_verified_token_is_forgotten_with_its_key() {
    let one = TestApp::with(WITH_OWN_KEYS).await;
    let two = TestApp::on(one.db.clone(), one.clock.clone(), WITH_OWN_KEYS).await;
    let stolen = generate(&one.db, "EdDSA").await;
    for app in [&one, &two] {
        app.app_service.reload_keys().await.unwrap();
    }
    let token = log_in(&one).await;
    for app in [&one, &two] {
        app.app_service.authenticate(&token, None).await.unwrap();
    }
    generate(&one.db, "EdDSA").await;
    keys(&one.db, &["rotate", "--force"]).await;
    for app in [&one, &two] {
        app.app_service.reload_keys().await.unwrap();
        app.app_service.authenticate(&token, None).await.unwrap();
    }
    keys(&one.db, &["retire", &stolen]).await;
    for app in [&one, &two] {
        soon(async || app.app_service.authenticate(&token, None).await.is_err()).await;
        let fault = app.app_service.verifier().verify(&token, app.clock.now());
        assert_eq!(fault, Err(TokenFault::UnknownKey));
    }
}

#[tokio::test]
async fn a_minted_token_acts_in_its_one_role_and_only_for_a_live_session() {
    let app = TestApp::start().await;
    let alice = wallet();
    let reply = app.log_in_with(&app.message(&alice)).await;
    let session = reply.claims()[crate::support::reply::NAMESPACE]["x-hasura-session-id"].clone();
    let (user, session) = (reply.user_id(), session.as_str().unwrap().to_owned());
    let variables = variables(&app.db);
    run(
        &["account", "grant", &alice.address().to_string(), "admin"],
        &variables,
        "",
    )
    .await;
    let mint = async |role: &str, more: &[&str]| {
        let all = [&["token", "mint", "--user", &user, "--role", role], more].concat();
        let output = run(&all, &variables, "").await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let base = format!("http://{}", app.address);
    let hook = async |token: &str, role: Option<&str>| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(role.map(|role| ("x-hasura-role", role)));
        ask(&base, "/webhook", &headers).await
    };
    let as_user = mint("user", &["--session", &session]).await;
    assert_eq!(
        hook(&as_user, None).await.assert_ok().json()["x-hasura-role"],
        json!("user")
    );
    assert_eq!(hook(&as_user, Some("admin")).await.status, 401);
    let as_admin = mint("admin", &["--session", &session]).await;
    assert_eq!(
        hook(&as_admin, None).await.assert_ok().json()["x-hasura-role"],
        json!("admin")
    );
    assert_eq!(hook(&as_admin, Some("user")).await.status, 401);
    hook(&mint("user", &[]).await, None)
        .await
        .assert_error(401, "token_invalid");
}
