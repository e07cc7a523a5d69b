//! PostgreSQL, broken on purpose.

use super::{beside, doctor};
use crate::support::TestApp;
use crate::support::app::variables;
use crate::support::db::{TestDb, connect};

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
    for check in [
        "database-settings",
        "database-clock",
        "migrations",
        "networks",
        "hasura-role",
    ] {
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

// Issue 14, item 1.
#[tokio::test]
async fn a_role_of_hasura_without_limits_is_told_with_the_sql_that_sets_them() {
    let app = TestApp::start().await;
    let superuser = connect(&app.db.url_as("postgres")).await;
    let database: String = superuser
        .query_one("select current_database()::text", &[])
        .await
        .unwrap()
        .get(0);
    // Roles are the cluster's, and the other tests have theirs.
    let role = format!("reader_{database}");
    superuser
        .batch_execute(&format!(
            "create role {role} login; revoke select on public.sessions from hasura; grant select on public.sessions to {role}"
        ))
        .await
        .unwrap();
    let report = doctor(&beside(&app), &[]).await;
    report.assert_failed(&[]);
    let seen = report.assert("hasura-role", "warn");
    assert!(
        seen.starts_with(&format!("role {role}: statement_timeout none, ")),
        "{seen}"
    );
    let said = report.of("hasura-role")["cure"].as_str().unwrap().to_owned();
    let (_, sql) = said.split_once("as a superuser run: ").unwrap();
    let (sql, _) = sql.split_once(" Then restart Hasura").unwrap();
    assert_eq!(sql.matches(';').count(), 3, "{sql}");

    // What it prints is all that is missing, and is not run by itself.
    superuser.batch_execute(sql).await.unwrap();
    let report = doctor(&beside(&app), &[]).await;
    assert_eq!(
        report.assert("hasura-role", "ok"),
        format!(
            "role {role}: statement_timeout 5s, idle_in_transaction_session_timeout 10s, 70 of 300 connections"
        )
    );

    for (change, missing) in [
        (
            format!("alter role {role} in database {database} set statement_timeout = 0"),
            "statement_timeout",
        ),
        (
            format!(
                "alter role {role} in database {database} set statement_timeout = '1min'; alter role {role} connection limit 300"
            ),
            "connection limit",
        ),
    ] {
        superuser.batch_execute(&change).await.unwrap();
        let report = doctor(&beside(&app), &[]).await;
        report.assert("hasura-role", "warn");
        let said = report.of("hasura-role")["cure"].as_str().unwrap();
        assert!(
            said.contains(missing) && said.matches("alter role").count() == 1,
            "{said}"
        );
    }

    // For the role everywhere, or for the database, is as good.
    superuser
        .batch_execute(&format!(
            "alter role {role} connection limit 20;
             alter role {role} in database {database} reset statement_timeout;
             alter role {role} in database {database} reset idle_in_transaction_session_timeout;
             alter role {role} set statement_timeout = '2s';
             alter database {database} set idle_in_transaction_session_timeout = '4s'"
        ))
        .await
        .unwrap();
    let report = doctor(&beside(&app), &[]).await;
    assert_eq!(
        report.assert("hasura-role", "ok"),
        format!(
            "role {role}: statement_timeout 2s, idle_in_transaction_session_timeout 4s, 20 of 300 connections"
        )
    );

    superuser
        .batch_execute(&format!("revoke select on public.sessions from {role}"))
        .await
        .unwrap();
    let report = doctor(&beside(&app), &[]).await;
    report.assert("hasura-role", "skip");
}
