//! What PostgreSQL rolled back for the sake of another runs again by itself, within the time of a request: serialization failures
//! that a trigger raises, and deadlocks of two real transactions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::ends::{log_out_all, session_of};
use crate::support::app::TestApp;
use crate::support::db::connect;
use crate::support::people::PASSWORD;
use crate::support::waiting::until_waiting;
use crate::support::{Reply, wallet};

/// Runs of one statement, the first one included.
const RUNS: i64 = 5;
/// The time of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// The next `times` changes of a table fail with this code. What has failed counts although it is rolled back.
async fn fail(client: &Client, table: &str, event: &str, code: &str, times: i64) {
    client
        .batch_execute(&format!(
            "drop sequence if exists public.failures cascade;
             create sequence public.failures;
             create or replace function public.fail() returns trigger language plpgsql as $$
             begin
               if nextval('public.failures') <= {times} then
                 raise exception 'on purpose' using errcode = '{code}';
               end if;
               return coalesce(new, old);
             end $$;
             create or replace trigger fail before {event} on {table} for each row execute function public.fail()"
        ))
        .await
        .unwrap();
}

/// How often the change was tried since.
async fn runs(client: &Client) -> i64 {
    let row = client
        .query_one("select last_value from public.failures", &[])
        .await
        .unwrap();
    row.get(0)
}

async fn count(client: &Client, what: &str) -> i64 {
    let sql = format!("select count(*) from {what}");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn proof(
    app: &TestApp,
    own: &hasura_siwe::cli::wallet::Wallet,
    purpose: &str,
    session: &Value,
) -> Value {
    let signed = app.proof(own, purpose, session).await;
    json!({"message": signed.message, "signature": signed.signature})
}

async fn delete(app: &TestApp, session: &Value, proof: Value) -> Reply {
    let input = json!({"proof": proof});
    app.call(
        "/actions/delete-account",
        "v1DeleteAccount",
        session.clone(),
        input,
    )
    .await
}

/// Gives the account a password, with a wallet of it.
async fn link_password(app: &TestApp, session: &Value, mut proof: Value) -> Reply {
    proof["email"] = "anna@mail.com".into();
    proof["username"] = "anna".into();
    proof["password"] = PASSWORD.into();
    let input = json!({"account": proof});
    app.call("/actions/link-password", "v1LinkPassword", session.clone(), input)
        .await
}

async fn link(app: &TestApp, session: &Value, mut proof: Value) -> Reply {
    proof["password"] = PASSWORD.into();
    let input = json!({"wallet": proof});
    app.call("/actions/link-wallet", "v1LinkWallet", session.clone(), input)
        .await
}

// Issue 14, item 14.
#[tokio::test]
async fn a_statement_that_was_rolled_back_runs_again_and_counts_once() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let alice = wallet();
    for (code, times) in [("40001", 1), ("40P01", 1), ("40001", RUNS - 1)] {
        fail(&client, "auth.sessions", "insert or update", code, times).await;
        let before = count(&client, "auth.sessions").await;
        let token = app.log_in(&alice).await;
        assert_eq!(runs(&client).await, times + 1);
        assert_eq!(count(&client, "auth.sessions").await, before + 1);

        fail(&client, "auth.sessions", "insert or update", code, times).await;
        let successor = app.restore(&token).await.assert_ok().refresh_token();
        app.restore(&successor).await.assert_ok();
    }
}

// Issue 14, item 14.
#[tokio::test]
async fn restores_that_share_a_statement_run_again_together() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let mut tokens = Vec::new();
    for _ in 0..8 {
        tokens.push(app.log_in(&wallet()).await);
    }
    fail(&client, "auth.sessions", "update", "40001", 3).await;
    let all = tokens.iter().map(|token| app.restore(token));
    for reply in futures_util::future::join_all(all).await {
        reply.assert_ok();
    }
    assert_eq!(
        count(&client, "auth.sessions where generation = 1 and ended_at is null").await,
        8
    );
}

// Issue 14, item 14.
#[tokio::test]
async fn a_transaction_that_was_rolled_back_runs_again_from_its_beginning() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let (alice, second) = (wallet(), wallet());
    let session = session_of(&app.log_in_with(&app.message(&alice)).await);

    fail(&client, "auth.credentials", "insert", "40001", 2).await;
    // The nonce of the message is spent in the run that commits, and not before.
    link_password(
        &app,
        &session,
        proof(&app, &alice, "set-password", &session).await,
    )
    .await
    .assert_ok();
    assert_eq!(runs(&client).await, 3);
    client
        .batch_execute("drop trigger fail on auth.credentials")
        .await
        .unwrap();
    fail(&client, "auth.wallets", "insert", "40001", 2).await;
    link(
        &app,
        &session,
        proof(&app, &second, "link-wallet", &session).await,
    )
    .await
    .assert_ok();
    assert_eq!(runs(&client).await, 3);
    assert_eq!(count(&client, "auth.wallets").await, 2);

    fail(&client, "auth.users", "delete", "40001", 2).await;
    let proof = proof(&app, &alice, "delete-account", &session).await;
    let reply = delete(&app, &session, proof).await;
    reply.assert_ok();
    assert_eq!(runs(&client).await, 3);
    assert_eq!(count(&client, "auth.users").await, 0);
    assert_eq!(
        count(&client, "auth.audit_log where action = 'delete_account'").await,
        1
    );
}

// Issue 14, item 14.
#[tokio::test]
async fn what_is_rolled_back_again_and_again_is_unavailable_within_the_time_of_a_request() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let (alice, second) = (wallet(), wallet());
    let session = session_of(&app.log_in_with(&app.message(&alice)).await);
    link_password(
        &app,
        &session,
        proof(&app, &alice, "set-password", &session).await,
    )
    .await
    .assert_ok();
    let begun = Instant::now();
    for code in ["40001", "40P01"] {
        fail(&client, "auth.sessions", "insert or update", code, 1000).await;
        app.log_in_with(&app.message(&alice))
            .await
            .assert_error(400, "unavailable");
        assert_eq!(runs(&client).await, RUNS);
        fail(&client, "auth.wallets", "insert", code, 1000).await;
        link(
            &app,
            &session,
            proof(&app, &second, "link-wallet", &session).await,
        )
        .await
        .assert_error(400, "unavailable");
        assert_eq!(runs(&client).await, RUNS);
    }
    assert!(begun.elapsed() < REQUEST_TIMEOUT);
    // A statement that failed for another reason does not run again.
    fail(&client, "auth.sessions", "insert or update", "P0001", 1000).await;
    app.log_in_with(&app.message(&alice))
        .await
        .assert_error(400, "unavailable");
    assert_eq!(runs(&client).await, 1);
}

/// A connection that never gives way in a deadlock, because it looks for one later than the service does.
async fn stubborn(app: &TestApp) -> Client {
    let client = connect(&app.db.url_as("postgres")).await;
    client
        .batch_execute("set deadlock_timeout = '30s'; begin")
        .await
        .unwrap();
    client
}

async fn deadlocks(client: &Client) -> i64 {
    let row = client
        .query_one(
            "select deadlocks from pg_stat_database where datname = current_database()",
            &[],
        )
        .await
        .unwrap();
    row.get(0)
}

/// Until PostgreSQL has told of a deadlock. Its statistics may be a second late.
async fn until_deadlocked(client: &Client) {
    let begun = Instant::now();
    while deadlocks(client).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "there was no deadlock");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

// Issue 14, item 14.
#[tokio::test]
async fn a_statement_in_a_real_deadlock_gives_way_and_runs_again() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let alice = wallet();
    app.log_in(&alice).await;
    let session = session_of(&app.log_in_with(&app.message(&alice)).await);
    let other = stubborn(&app).await;
    // The service ends the sessions in the order in which they were opened.
    let lock = |order: &str| {
        format!(
            "select from auth.sessions where id = (select id from auth.sessions order by created_at {order} limit 1) for update"
        )
    };
    other.batch_execute(&lock("desc")).await.unwrap();
    let meanwhile = async {
        until_waiting(&client, 1).await;
        other.batch_execute(&lock("asc")).await.unwrap();
        other.batch_execute("commit").await.unwrap();
    };
    let (reply, ()) = tokio::join!(log_out_all(&app, &session), meanwhile);
    assert_eq!(reply.assert_ok().res(), json!({"ended": 2}));
    until_deadlocked(&client).await;
}

// Issue 14, item 14.
#[tokio::test]
async fn a_transaction_in_a_real_deadlock_gives_way_and_runs_again() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    let alice = wallet();
    let session = session_of(&app.log_in_with(&app.message(&alice)).await);
    let proof = proof(&app, &alice, "delete-account", &session).await;
    let other = stubborn(&app).await;
    other
        .batch_execute("select from auth.sessions for update")
        .await
        .unwrap();
    let meanwhile = async {
        // It holds the user's row, and waits for the session to go.
        until_waiting(&client, 1).await;
        other
            .batch_execute("select from auth.users for update")
            .await
            .unwrap();
        other.batch_execute("commit").await.unwrap();
    };
    let (reply, ()) = tokio::join!(delete(&app, &session, proof), meanwhile);
    reply.assert_ok();
    until_deadlocked(&client).await;
    assert_eq!(count(&client, "auth.users").await, 0);
}
