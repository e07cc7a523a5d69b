//! The operator's commands: what they print, how they exit, what they change.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use crate::log_in::printed_log_in;
use crate::support::app::{TestApp, variables};
use crate::support::db::TestDb;
use crate::support::process::run;
use crate::support::reply::NAMESPACE;
use crate::support::wallet;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn message_check_says_why_a_log_in_is_refused_without_a_database() {
    let signed = printed_log_in();
    let input = json!({"message": signed.message, "signature": signed.signature}).to_string();
    let check = async |arguments: &[&str]| {
        let mut all = vec!["message", "check", "--origin", "https://localhost:3000"];
        all.extend_from_slice(arguments);
        let output = run(&all, &Variables::default(), &input).await;
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), report)
    };
    let (exit, report) = check(&["--at", "2024-09-14T20:45:00Z"]).await;
    assert_eq!(exit, 0, "{report}");
    assert_eq!(
        report,
        json!({"ok": true, "code": null, "reason": null, "address": "0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5"})
    );
    let (exit, report) = check(&[]).await;
    assert_eq!(
        (exit, &report["code"], &report["address"]),
        (1, &json!("message_expired"), &Value::Null)
    );
    let at = ["--at", "2024-09-14T20:45:00Z"];
    let (exit, report) = check(&[&at[..], &["--chain", "137"]].concat()).await;
    assert_eq!((exit, &report["code"]), (1, &json!("chain_not_supported")));
    let (exit, report) = check(
        &[
            &at[..],
            &["--chain", "137", "--chain", "1", "--nonce", "another1"],
        ]
        .concat(),
    )
    .await;
    assert_eq!((exit, &report["code"]), (1, &json!("nonce_invalid")));
    assert!(report["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
}

#[tokio::test]
async fn message_check_refuses_a_wrong_command_line_and_wrong_input() {
    let output = run(&["message", "check"], &Variables::default(), "").await;
    assert_eq!(output.status.code(), Some(2));
    let output = run(
        &["message", "check", "--origin", "localhost"],
        &Variables::default(),
        "",
    )
    .await;
    assert_eq!(output.status.code(), Some(2));
    let output = run(
        &["message", "check", "--origin", "http://localhost"],
        &Variables::default(),
        "no json",
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains(r#""ok":false"#), "{output:?}");
}

#[tokio::test]
async fn migrate_brings_an_empty_database_up_and_lets_hasura_in() {
    let db = TestDb::create_empty().await;
    let mut variables = variables(&db);
    variables.set("PG_DATABASE_URL", db.hasura_url());
    let output = run(&["migrate"], &variables, "").await;
    assert!(output.status.success(), "{output:?}");
    assert!(stdout(&output).contains("ran 0001_users"), "{output:?}");
    db.connect_as_hasura()
        .await
        .query("select * from accounts", &[])
        .await
        .unwrap();
    // Issue 14, item 1: the limits of a role that is there already are printed and not set.
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &stdout(&output);
    assert!(said.contains("Hasura's database role lacks limits"), "{said}");
    let settings = "select count(*) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
        where d.datname = current_database()";
    let set: i64 = db.connect().await.query_one(settings, &[]).await.unwrap().get(0);
    assert_eq!(set, 0);
    let again = run(&["migrate"], &variables, "").await;
    assert_eq!(stdout(&again), "the database is up to date\n");

    variables.set("PG_DATABASE_URL", "postgres://stranger@localhost/x");
    let output = run(&["migrate"], &variables, "").await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("create role \"stranger\" login"), "{said}");
}

#[tokio::test]
async fn a_service_on_an_unmigrated_database_is_not_ready_and_says_so() {
    let app = TestApp::on(
        TestDb::create_empty().await,
        hasura_siwe::clock::Clock::system(),
        &[],
    )
    .await;
    let reply = app.get("/readyz").await;
    assert_eq!(
        (reply.status, app.get("/healthz").await.status),
        (503, 200),
        "{reply:?}"
    );
    let mut health = Variables::default();
    health.set("LISTEN_ADDR", app.address.to_string());
    let output = run(&["health"], &health, "").await;
    assert_eq!(output.status.code(), Some(1));
    let migrated = TestApp::start().await;
    health.set("LISTEN_ADDR", format!("0.0.0.0:{}", migrated.address.port()));
    let output = run(&["health"], &health, "").await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn account_grant_makes_an_admin_before_or_after_the_first_log_in() {
    let app = TestApp::start().await;
    let (alice, bob) = (wallet(), wallet());
    let variables = variables(&app.db);
    let account = async |verb: &str, address: &str| {
        let output = run(&["account", verb, address, "admin"], &variables, "").await;
        (output.status.code().unwrap(), stdout(&output))
    };
    let (address, before) = (
        alice.address().to_string(),
        bob.address().to_string().to_lowercase(),
    );
    let token = app.log_in(&alice).await;
    for grantee in [&address, &before] {
        assert!(account("grant", grantee).await.1.contains("has the role admin"));
        assert!(account("grant", grantee).await.1.contains("already"));
    }
    let roles = |reply: crate::support::Reply| reply.claims()[NAMESPACE]["x-hasura-allowed-roles"].clone();
    assert_eq!(roles(app.restore(&token).await), json!(["user", "admin"]));
    assert_eq!(
        roles(app.log_in_with(&app.message(&bob)).await),
        json!(["user", "admin"])
    );
    assert!(account("revoke", &address).await.1.contains("loses"));
    assert_eq!(
        roles(app.log_in_with(&app.message(&alice)).await),
        json!(["user"])
    );
    assert_eq!(account("grant", "vitalik.eth").await.0, 2);
    let output = run(&["account", "grant", &address, "superuser"], &variables, "").await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no role superuser"), "{said}");
    let rows = app
        .db
        .connect()
        .await
        .query(
            "select action, actor from auth.audit_log where actor = 'operator' order by id",
            &[],
        )
        .await
        .unwrap();
    let noted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(noted, ["grant_role", "grant_role", "revoke_role"]);
}
