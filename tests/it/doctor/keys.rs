//! What signs, broken on purpose.

use super::{beside, doctor};
use crate::support::TestApp;
use crate::support::app::WITH_OWN_KEYS;
use crate::support::keys::{generate, keys};
use hasura_siwe::config::Variables;

/// The doctor's environment beside a service with keys of its own, whose public ones are looked for at `at`.
fn own_keys(app: &TestApp, at: &TestApp) -> Variables {
    let mut variables = beside(app);
    for (name, value) in WITH_OWN_KEYS {
        variables.set(name, value.replace("service:4000", &at.address.to_string()));
    }
    variables
}

#[tokio::test]
async fn a_key_that_signs_is_found_where_hasura_reads_it() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let kid = generate(&app.db, "EdDSA").await;
    // The service looks for a key when it is asked whether it is ready, which the doctor does.
    let report = doctor(&own_keys(&app, &app), &[]).await;
    report.assert_failed(&[]);
    assert!(
        report
            .assert("signing-key", "ok")
            .contains(&format!("EdDSA {kid} opens and has signed for 0 days"))
    );
    assert!(report.assert("jwks", "ok").contains("has the key that signs"));

    let client = app.db.connect().await;
    client
        .batch_execute("update auth.signing_keys set activated_at = activated_at - interval '400 days', published_at = published_at - interval '400 days'")
        .await
        .unwrap();
    let report = doctor(&own_keys(&app, &app), &[]).await;
    assert!(report.assert("signing-key", "warn").contains("400 days"));
}

#[tokio::test]
async fn no_key_and_a_key_under_another_seal_are_found() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let report = doctor(&own_keys(&app, &app), &[]).await;
    report.assert_failed(&["signing-key", "service"]);
    assert!(
        report
            .assert("service", "fail")
            .contains("hasura-siwe keys generate")
    );

    let kid = generate(&app.db, "ES256").await;
    let mut other = own_keys(&app, &app);
    other.set(
        "KEYS_ENCRYPTION_KEY",
        "b61f0c9e4d1a7358b0c2e9f46f2b0c9e4d1a7358b0c2e9f46f2b0c9e4d1a7358",
    );
    let report = doctor(&other, &[]).await;
    let seen = report.assert("signing-key", "fail");
    assert!(
        seen.contains(&kid) && seen.contains("KEYS_ENCRYPTION_KEY does not open it"),
        "{seen}"
    );
    let (code, said) = keys(&app.db, &["retire", &kid, "--force"]).await;
    assert_eq!(code, 0, "{said}");
    let report = doctor(&own_keys(&app, &app), &[]).await;
    assert!(report.assert("signing-key", "fail").contains("no key is current"));
}

#[tokio::test]
async fn a_jwk_url_that_leads_elsewhere_is_found() {
    let (app, other) = (
        TestApp::with(WITH_OWN_KEYS).await,
        TestApp::with(WITH_OWN_KEYS).await,
    );
    generate(&app.db, "EdDSA").await;
    generate(&other.db, "EdDSA").await;
    assert_eq!(other.get("/readyz").await.status, 200);
    let report = doctor(&own_keys(&app, &other), &[]).await;
    report.assert_failed(&["jwks"]);
    assert!(
        report
            .assert("jwks", "fail")
            .contains("does not have the key that signs")
    );

    let mut nothing_there = own_keys(&app, &app);
    let secret = nothing_there
        .text("HASURA_GRAPHQL_JWT_SECRET")
        .unwrap()
        .replace("jwks.json", "none.json");
    nothing_there.set("HASURA_GRAPHQL_JWT_SECRET", secret);
    let report = doctor(&nothing_there, &[]).await;
    report.assert_failed(&["jwks"]);
    assert!(report.assert("jwks", "fail").contains("404"));
}
