//! What was typed, broken on purpose.

use super::{NOWHERE, beside, doctor};
use crate::support::TestApp;
use crate::support::node::{Says, StubNode};
use hasura_siwe::config::Variables;

#[tokio::test]
async fn every_fault_of_the_configuration_is_said_at_once() {
    let app = TestApp::start().await;
    let mut variables = beside(&app);
    variables.set("SIWE_ORIGINS", "");
    variables.set("ACTIONS_SECRET", "short");
    let report = doctor(&variables, &[]).await;
    let seen = report.assert("configuration", "fail");
    assert!(
        seen.contains("SIWE_ORIGINS is not set") && seen.contains("ACTIONS_SECRET is 5 bytes"),
        "{seen}"
    );
    // What needs less goes on.
    report.assert("database", "ok");
    report.assert("migrations", "ok");
    report.assert("service", "ok");
    for check in [
        "origins",
        "flows",
        "lifetimes",
        "exposure",
        "password-cost",
        "nodes",
        "signing-key",
        "actions-secret",
        "jwks",
    ] {
        report.assert(check, "skip");
    }
}

#[tokio::test]
async fn nothing_at_all_is_examined_to_the_end() {
    let report = doctor(&Variables::default(), &[]).await;
    report.assert_failed(&["configuration"]);
    report.assert("database", "skip");
    report.assert("hasura", "skip");
}

#[tokio::test]
async fn what_is_typed_badly_and_not_wrong_is_warned_of() {
    let app = TestApp::start().await;
    for (name, value, check, word) in [
        (
            "SIWE_ORIGNS",
            "https://app.example.com",
            "variables",
            "did you mean SIWE_ORIGINS?",
        ),
        (
            "SIWE_ORIGINS",
            "http://app.example.com",
            "origins",
            "without TLS: http://app.example.com",
        ),
        (
            "SIWE_ORIGINS",
            "https://app.example.com,http://localhost:3000",
            "origins",
            "1 of 2 origins are of localhost",
        ),
        (
            "ACCESS_TOKEN_TTL",
            "12h",
            "lifetimes",
            "access tokens of the flow siwe live 12h",
        ),
        (
            "REFRESH_ABSOLUTE_TTL",
            "365d",
            "lifetimes",
            "sessions of the flow siwe live",
        ),
        // Issue 14, item 9.
        (
            "FLOWS",
            "siwe,tanx",
            "flows",
            "open beside https://app.example.com: tanx",
        ),
        (
            "LISTEN_ADDR",
            "0.0.0.0:4000",
            "exposure",
            "LISTEN_ADDR is 0.0.0.0:4000",
        ),
        (
            "METRICS_ADDR",
            "[::]:9400",
            "exposure",
            "METRICS_ADDR is [::]:9400",
        ),
    ] {
        let mut variables = beside(&app);
        variables.set(name, value);
        let report = doctor(&variables, &[]).await;
        let seen = report.assert(check, "warn");
        assert!(seen.contains(word), "{name}={value}: {seen}");
        report.assert_failed(&[]);
    }
    let mut good = beside(&app);
    good.set("SIWE_ORIGINS", "https://app.example.com");
    good.set("FLOWS", "siwe");
    let report = doctor(&good, &[]).await;
    report.assert("origins", "ok");
    report.assert("flows", "ok");
    report.assert("password-cost", "skip");
}

#[tokio::test]
async fn the_service_is_missed_where_it_is_not() {
    let app = TestApp::start().await;
    let mut variables = beside(&app);
    variables.set("ACTIONS_BASE_URL", NOWHERE);
    let report = doctor(&variables, &[]).await;
    report.assert_failed(&["service", "actions-secret"]);
}

#[tokio::test]
async fn another_actions_secret_than_the_services_is_found() {
    let app = TestApp::start().await;
    let mut variables = beside(&app);
    variables.set("ACTIONS_SECRET", "Zt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga");
    let report = doctor(&variables, &[]).await;
    report.assert_failed(&["actions-secret"]);
    assert!(
        report
            .assert("actions-secret", "fail")
            .contains("caller_not_allowed")
    );
}

#[tokio::test]
async fn nodes_are_asked_which_chain_they_serve() {
    let app = TestApp::start().await;
    let (good, other) = (StubNode::start().await, StubNode::start().await);
    let mut variables = beside(&app);
    variables.set("ETH_RPC_URLS", format!("1={}", good.url));
    let report = doctor(&variables, &[]).await;
    assert!(report.assert("nodes", "ok").ends_with("serves chain 1"));

    variables.set("ETH_RPC_URLS", format!("1={},137={}", good.url, other.url));
    let report = doctor(&variables, &[]).await;
    report.assert_failed(&["nodes"]);
    let seen = report.assert("nodes", "fail");
    assert!(
        seen.contains("serves chain 1, and not 137") && !seen.contains("KeyOfTheProvider"),
        "{seen}"
    );

    other.serves_chain(Says::Status(429, None));
    let report = doctor(&variables, &[]).await;
    let seen = report.assert("nodes", "fail");
    assert!(
        seen.contains("429") && !seen.contains("KeyOfTheProvider"),
        "{seen}"
    );
}
