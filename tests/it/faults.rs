//! A process that is killed, a database that goes away, its disk and the line to it: at each named point of a log-in and of a
//! rotation no session that was answered is lost and no second head comes to life.
//!
//! The points are held open from the database's side or on the line, so the binary under test is the one that ships.

mod commit;
mod disk;
mod log_ins;
mod slow;

use std::time::{Duration, Instant};

use hasura_siwe::clock::Clock;
use serde_json::json;
use tokio_postgres::Client;

use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::waiting::until_waiting;
use crate::support::ways::Way;
use crate::support::{Reply, nonce, origin, wallet};

async fn log_in(process: &Process) -> String {
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let client = reqwest::Client::new();
    process
        .call(&client, "/actions/login", "v1Login", &input)
        .await
        .assert_ok()
        .refresh_token()
}

async fn restore(process: &Process, token: &str) -> Reply {
    Way::Siwe.restore(token).send(process).await
}

/// Sends a restore on a task of its own. `None` is no answer.
fn restore_unheard(process: &Process, token: &str) -> tokio::task::JoinHandle<Option<Reply>> {
    Way::Siwe.restore(token).send_aside(process)
}

/// Until the service is ready, which it becomes within seconds of its database, by itself.
async fn until_ready(process: &Process) {
    let begun = Instant::now();
    while process.status("/readyz").await != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "it recovers by itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Until no statement of the service is under way any more.
async fn until_none_runs(client: &Client) {
    for _ in 0..400 {
        let running = client
            .query_one(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and state = 'active' and application_name = 'hasura-siwe'",
                &[],
            )
            .await
            .unwrap();
        if running.get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a statement of a dead process runs on");
}

/// The session goes on from the token that its owner still has, and has one live head throughout.
async fn the_session_goes_on(db: &TestDb, process: &Process, token: &str) {
    let client = db.connect().await;
    let successor = restore(process, token).await.assert_ok().refresh_token();
    assert_eq!(
        restore(process, token).await.assert_ok().refresh_token(),
        successor
    );
    one_live_head(&client).await;
    restore(process, &successor).await.assert_ok();
    one_live_head(&client).await;
}

async fn one_live_head(client: &Client) {
    let heads = client
        .query_one(
            "select count(*), count(*) filter (where s.ended_at is null)
             from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id and s.generation = t.generation",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((heads.get::<_, i64>(0), heads.get::<_, i64>(1)), (1, 1));
}

#[tokio::test]
async fn t07_killed_before_the_row_is_taken() {
    let db = TestDb::create().await;
    let (doomed, other) = (Process::on(&db).await, Process::on(&db).await);
    let token = log_in(&doomed).await;
    let (holder, watcher) = (db.connect().await, db.connect().await);
    holder
        .batch_execute("begin; select from auth.sessions for update")
        .await
        .unwrap();
    let unheard = restore_unheard(&doomed, &token);
    until_waiting(&watcher, 1).await;
    doomed.kill().await;
    unheard.await.unwrap();
    holder.batch_execute("commit").await.unwrap();
    until_none_runs(&watcher).await;
    the_session_goes_on(&db, &other, &token).await;
}

#[tokio::test]
async fn t07_killed_after_the_update_and_before_the_commit() {
    let db = TestDb::create().await;
    let (doomed, other) = (Process::on(&db).await, Process::on(&db).await);
    let token = log_in(&doomed).await;
    let client = db.connect().await;
    client
        .batch_execute(
            "create function auth.dawdle() returns trigger language plpgsql as
               $$ begin perform pg_sleep(0.7); return null; end $$;
             create trigger dawdle after update on auth.sessions for each row execute function auth.dawdle()",
        )
        .await
        .unwrap();
    let unheard = restore_unheard(&doomed, &token);
    until_waiting(&client, 1).await;
    doomed.kill().await;
    unheard.await.unwrap();
    // The other process comes while the dead one's statement still holds the row.
    let during = restore(&other, &token).await;
    until_none_runs(&client).await;
    client
        .batch_execute("drop trigger dawdle on auth.sessions")
        .await
        .unwrap();
    let successor = during.assert_ok().refresh_token();
    assert_eq!(
        restore(&other, &token).await.assert_ok().refresh_token(),
        successor
    );
    one_live_head(&client).await;
    restore(&other, &successor).await.assert_ok();
}

#[tokio::test]
async fn t07_killed_after_the_commit_and_before_the_answer() {
    let db = TestDb::create().await;
    let (doomed, other) = (Process::on(&db).await, Process::on(&db).await);
    let token = log_in(&doomed).await;
    // What the client would have been told had the answer not been lost.
    let lost = restore(&doomed, &token).await.assert_ok().refresh_token();
    doomed.kill().await;
    assert_eq!(restore(&other, &token).await.assert_ok().refresh_token(), lost);
    the_session_goes_on(&db, &other, &lost).await;
}
