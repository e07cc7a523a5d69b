//! Hasura, broken on purpose: away, another one, with another secret, another time, another metadata.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hasura_siwe::clock::Clock;
use hasura_siwe::config::Variables;
use serde_json::json;
use time::Duration;
use time::macros::format_description;
use tokio::net::TcpListener;

use super::{NOWHERE, OF_HASURA, doctor, with_hasura};
use crate::metadata::hasura::{Hasura as MetadataApi, SECRET};
use crate::support::app::JWT_SECRET;
use crate::support::hasura::{Mode, engine_given, start_engine};
use crate::support::process::run;
use crate::support::{Hasura, TestApp};

#[tokio::test]
async fn a_hasura_that_is_away_is_one_fault() {
    let app = TestApp::start().await;
    let report = doctor(&with_hasura(&app, NOWHERE), &[]).await;
    report.assert_failed(&["hasura"]);
    for check in OF_HASURA {
        report.assert(check, "skip");
    }
    for wrong in [
        "localhost:8080",
        "ftp://h",
        "http://user:a-password-of-somebody@h",
    ] {
        let report = doctor(&with_hasura(&app, wrong), &[]).await;
        report.assert_failed(&["hasura"]);
        assert!(!report.assert("hasura", "fail").contains("a-password"));
    }
}

#[tokio::test]
async fn the_flag_counts_before_the_variable() {
    let app = TestApp::start().await;
    let engine = format!(
        "http://{}/v1/graphql",
        start_engine(&app, Mode::Jwt, Clock::system()).await
    );
    let report = doctor(&with_hasura(&app, NOWHERE), &["--endpoint", &engine]).await;
    report.assert_failed(&[]);
    assert!(report.assert("hasura", "ok").contains("version v2."));
}

#[tokio::test]
async fn a_hasura_that_sends_another_secret_is_found() {
    let app = TestApp::start().await;
    for mode in [Mode::Jwt, Mode::Webhook] {
        let other = [("ACTIONS_SECRET", "Zt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga")];
        let engine = engine_given(&app, mode, JWT_SECRET.to_owned(), Clock::system(), &other).await;
        let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
        report.assert_failed(&["actions"]);
        assert!(report.assert("actions", "fail").contains("caller_not_allowed"));
    }
}

#[tokio::test]
async fn a_hasura_that_does_not_reach_the_service_is_found() {
    let app = TestApp::start().await;
    let engine = engine_given(
        &app,
        Mode::Jwt,
        JWT_SECRET.to_owned(),
        Clock::system(),
        &[("ACTIONS_BASE_URL", NOWHERE)],
    )
    .await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["actions"]);

    let hook = format!("{NOWHERE}/webhook");
    let engine = engine_given(
        &app,
        Mode::Webhook,
        JWT_SECRET.to_owned(),
        Clock::system(),
        &[("HASURA_GRAPHQL_AUTH_HOOK", &hook)],
    )
    .await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["actions", "guest", "forged-token"]);
}

#[tokio::test]
async fn without_the_metadata_api_nothing_is_claimed_of_the_metadata() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let app = hasura.app.as_ref().unwrap();
    let mut variables = with_hasura(app, &hasura.endpoint);
    let report = doctor(&variables, &[]).await;
    assert!(
        report
            .assert("metadata", "skip")
            .contains("HASURA_GRAPHQL_ADMIN_SECRET")
    );
    variables.set("HASURA_GRAPHQL_ADMIN_SECRET", &hasura.admin_secret);
    let report = doctor(&variables, &[]).await;
    assert!(
        report
            .assert("metadata", "skip")
            .contains("offers no metadata API")
    );
    report.assert_failed(&[]);
}

// Issue 14, item 17.
#[tokio::test]
async fn a_hasura_whose_answers_browsers_keep_from_our_pages_is_found() {
    let app = TestApp::start().await;
    let engine = |domains: &'static str, disabled: &'static str| {
        let app = &app;
        async move {
            let other = [
                ("HASURA_GRAPHQL_CORS_DOMAIN", domains),
                ("HASURA_GRAPHQL_DISABLE_CORS", disabled),
            ];
            let engine = engine_given(app, Mode::Jwt, JWT_SECRET.to_owned(), Clock::system(), &other).await;
            format!("http://{engine}")
        }
    };
    let one_is_missing = engine("http://localhost:3000,https://localhost:3000", "").await;
    let report = doctor(&with_hasura(&app, &one_is_missing), &[]).await;
    report.assert_failed(&["cors"]);
    let seen = report.assert("cors", "fail");
    assert!(
        seen.contains("https://app.example.com: no Access-Control-Allow-Origin")
            && !seen.contains("localhost"),
        "{seen}"
    );
    let disabled = engine("", "true").await;
    let report = doctor(&with_hasura(&app, &disabled), &[]).await;
    report.assert_failed(&["cors"]);
    // A page of Hasura's own origin needs no permission.
    let mut same_origin = with_hasura(&app, &disabled);
    same_origin.set("SIWE_ORIGINS", &disabled);
    doctor(&same_origin, &[]).await.assert("cors", "ok");

    let every_page = engine("*", "").await;
    let mut variables = with_hasura(&app, &every_page);
    doctor(&variables, &[]).await.assert("cors", "ok");
    variables.set("REFRESH_COOKIE", "on");
    let report = doctor(&variables, &[]).await;
    assert!(report.assert("cors", "warn").contains("every page"));
    report.assert_failed(&[]);
    variables.set("HASURA_ENDPOINT", engine("https://app.example.com", "").await);
    variables.set("SIWE_ORIGINS", "https://app.example.com");
    doctor(&variables, &[]).await.assert("cors", "ok");
    // No engine takes such a domain, and a native client needs none.
    variables.set("SIWE_ORIGINS", "https://app.example.com,capacitor://localhost");
    doctor(&variables, &[]).await.assert("cors", "warn");

    let arguments = ["demo", "--origin", "https://app.example.com", "--endpoint"];
    let demo = run(
        &[&arguments[..], &[one_is_missing.as_str()]].concat(),
        &Variables::default(),
        "",
    )
    .await;
    let said = String::from_utf8(demo.stderr).unwrap();
    assert!(
        !demo.status.success() && said.contains("HASURA_GRAPHQL_CORS_DOMAIN"),
        "{said}"
    );
}

/// A stand-in with a clock of its own, and the metadata API of another one behind it.
#[derive(Clone, Default)]
struct StandIn {
    ahead: Duration,
    health: &'static str,
    version: &'static str,
    metadata: Arc<Mutex<String>>,
}

impl StandIn {
    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn answer(State(own): State<StandIn>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = (Clock::system().now() + own.ahead).format(form).unwrap();
    let behind = own.metadata.lock().unwrap().clone();
    match uri.path() {
        "/healthz" => ([("date", date)], own.health).into_response(),
        "/v1/version" => axum::Json(json!({"version": own.version})).into_response(),
        "/v1/metadata" if !behind.is_empty() => {
            let request = reqwest::Client::new()
                .post(format!("{behind}/v1/metadata"))
                .body(body);
            let secret = headers["x-hasura-admin-secret"].clone();
            let reply = request
                .header("x-hasura-admin-secret", secret)
                .send()
                .await
                .unwrap();
            let status = StatusCode::from_u16(reply.status().as_u16()).unwrap();
            (status, reply.text().await.unwrap()).into_response()
        }
        _ => {
            let body = json!({"error": "resource does not exist", "path": "$", "code": "not-found"});
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    }
}

#[tokio::test]
async fn a_hasura_whose_clock_is_off_is_found() {
    let app = TestApp::start().await;
    for (seconds, status, word) in [
        (0, "ok", "±"),
        (-60, "fail", "behind"),
        (3600, "fail", "ahead"),
        (4, "warn", "ahead"),
    ] {
        let stand_in = StandIn {
            ahead: Duration::seconds(seconds),
            health: "OK",
            version: "v2.48.1",
            ..StandIn::default()
        };
        let report = doctor(&with_hasura(&app, &stand_in.start().await), &[]).await;
        let seen = report.assert("hasura-clock", status);
        assert!(seen.contains(word), "{seconds}: {seen}");
        // It knows no GraphQL.
        report.assert("actions", "fail");
        report.assert("guest", "fail");
    }
}

#[tokio::test]
async fn another_version_and_inconsistent_metadata_are_told() {
    let app = TestApp::start().await;
    for (health, version, status, word) in [
        ("OK", "v3.0.0", "warn", "version v3.0.0"),
        ("OK", "", "warn", "version"),
        (
            "WARN: inconsistent objects in schema",
            "v2.48.1",
            "fail",
            "inconsistent objects",
        ),
    ] {
        let stand_in = StandIn {
            health,
            version,
            ..StandIn::default()
        };
        let report = doctor(&with_hasura(&app, &stand_in.start().await), &[]).await;
        let seen = report.assert("hasura", status);
        assert!(seen.contains(word), "{seen}");
    }
}

#[tokio::test]
async fn metadata_that_was_not_applied_or_was_changed_is_named() {
    let app = TestApp::start().await;
    let api = MetadataApi::empty().await;
    let stand_in = StandIn {
        health: "OK",
        version: "v2.48.1",
        metadata: Arc::new(Mutex::new(api.url.clone())),
        ..StandIn::default()
    };
    let mut variables = with_hasura(&app, &stand_in.start().await);
    variables.set("HASURA_GRAPHQL_ADMIN_SECRET", SECRET);
    let report = doctor(&variables, &[]).await;
    let seen = report.assert("metadata", "fail");
    assert!(
        seen.starts_with("not applied: ") && seen.contains(" more"),
        "{seen}"
    );

    let applied = run(&["metadata", "apply"], &variables, "").await;
    assert!(applied.status.success(), "{applied:?}");
    let report = doctor(&variables, &[]).await;
    report.assert("metadata", "ok");

    let mut changed = api.metadata();
    for action in changed["actions"].as_array_mut().unwrap() {
        if action["name"] == "v1UpdateAccount" {
            action["permissions"] = json!([{"role": "guest"}]);
        }
    }
    let api = MetadataApi::with(&changed.to_string()).await;
    let stand_in = StandIn {
        health: "OK",
        version: "v2.48.1",
        metadata: Arc::new(Mutex::new(api.url.clone())),
        ..StandIn::default()
    };
    variables.set("HASURA_ENDPOINT", stand_in.start().await);
    let report = doctor(&variables, &[]).await;
    assert_eq!(
        report.assert("metadata", "fail"),
        "otherwise than shipped: actions[v1UpdateAccount]"
    );
    variables.set(
        "HASURA_GRAPHQL_ADMIN_SECRET",
        "another-secret-than-that-of-hasura",
    );
    let report = doctor(&variables, &[]).await;
    assert!(report.assert("metadata", "fail").contains("access-denied"));
}
