//! PostgreSQL, broken on purpose.

use super::{beside, doctor};
use crate::support::TestApp;
use crate::support::app::variables;
use crate::support::db::TestDb;

#[tokio::test]
async fn a_database_that_is_not_there_is_one_fault_and_not_six() {
    let app = TestApp::start().await;
    let mut variables = beside(&app);
    variables.set(
        "DATABASE_URL",
        "postgres://siwe:a-password-of-the-database@127.0.0.1:1/siwe",
    );
    let report = doctor(&variables, &[]).await;
    report.assert_failed(&["database"]);
    let seen = report.assert("database", "fail");
    assert!(
        seen.starts_with("DATABASE_URL: ") && !seen.contains("a-password"),
        "{seen}"
    );
    for check in ["database-settings", "database-clock", "migrations", "networks"] {
        report.assert(check, "skip");
    }
}

#[tokio::test]
async fn migrations_that_did_not_run_or_that_nobody_knows_are_named() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let newer = "insert into auth.migrations (version, name, applied_on, checksum) values (9999, 'of_tomorrow', '', '1')";
    client.batch_execute(newer).await.unwrap();
    let report = doctor(&beside(&app), &[]).await;
    report.assert_failed(&[]);
    assert!(report.assert("migrations", "warn").contains("9999"));

    client
        .batch_execute("delete from auth.migrations where version in (2, 9999)")
        .await
        .unwrap();
    let report = doctor(&beside(&app), &[]).await;
    report.assert_failed(&["migrations"]);
    assert_eq!(report.assert("migrations", "fail"), "outstanding: 0002_sessions");

    let empty = TestDb::create_empty().await;
    let report = doctor(&variables(&empty), &[]).await;
    assert_eq!(report.assert("migrations", "fail"), "nothing was ever migrated");
    report.assert("networks", "fail");
}

#[tokio::test]
async fn a_database_without_an_enabled_network_lets_nobody_in() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    client
        .batch_execute("update public.networks set enabled = false")
        .await
        .unwrap();
    let report = doctor(&beside(&app), &[]).await;
    report.assert_failed(&["networks"]);
}

#[tokio::test]
async fn what_the_connection_is_like_is_told() {
    let app = TestApp::start().await;
    let report = doctor(&beside(&app), &[]).await;
    let seen = report.assert("database", "ok");
    assert!(
        seen.contains("role siwe") && seen.contains("no TLS, on this machine"),
        "{seen}"
    );
    let settings = report.assert("database-settings", "warn");
    assert!(settings.contains("fsync = off"), "{settings}");
    assert!(report.assert("database-clock", "ok").contains("tolerated: 5 s"));

    let mut variables = beside(&app);
    variables.set("DATABASE_URL", app.db.url().replacen("//siwe@", "//postgres@", 1));
    let report = doctor(&variables, &[]).await;
    let seen = report.assert("database", "warn");
    assert!(seen.contains("role postgres"), "{seen}");
}
