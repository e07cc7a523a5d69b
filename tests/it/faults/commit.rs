//! PostgreSQL that ends while a log-in or a restore is under way, and at two points inside its commit: what was answered
//! stays, what was not may be sent again, and the service finds the database by itself.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{log_in, one_live_head, restore, restore_unheard, until_ready};
use crate::support::Reply;
use crate::support::cluster::Cluster;
use crate::support::process::Process;
use crate::support::waiting::until_waiting;
use crate::support::ways::{ALL, Request, Somebody, Way};

/// Where a commit is when PostgreSQL dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Deferred triggers run, and its record is not written.
    Begun,
    /// Its record is on the disk, and it waits for a standby.
    Recorded,
}

/// Only what touches a session waits in its commit; what prepares a log-in goes through.
const WAIT_IN_COMMIT: [&str; 2] = [
    "create function auth.wait() returns trigger language plpgsql as
       $$ begin perform pg_advisory_xact_lock_shared(7); return null; end $$;
     create constraint trigger wait after insert or update on auth.sessions deferrable initially deferred
       for each row execute function auth.wait()",
    "create function auth.wait() returns trigger language plpgsql as
       $$ begin perform set_config('synchronous_commit', 'on', true); return null; end $$;
     create trigger wait after insert or update on auth.sessions for each row execute function auth.wait()",
];

/// What a way to sign in has under way, and what was answered before.
struct Case {
    way: Way,
    newcomer: Somebody,
    log_in: Request,
    /// Of a session that is being restored.
    spent: String,
    /// Of one that nothing is asked of.
    kept: String,
}

impl Case {
    async fn of(way: Way, process: &Process) -> Self {
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let somebody = way.somebody(process).await;
            let reply = somebody.log_in(process).await.send(process).await;
            tokens.push(way.token(reply.assert_ok()));
        }
        let newcomer = way.somebody(process).await;
        Self {
            way,
            log_in: newcomer.log_in(process).await,
            newcomer,
            spent: tokens.remove(0),
            kept: tokens.remove(0),
        }
    }
}

/// Sessions, those of them that have one head and are alive, and rotations.
async fn counts(client: &Client) -> (i64, i64, i64) {
    let row = client
        .query_one(
            "select (select count(*) from auth.sessions),
               (select count(*) from auth.sessions s where s.ended_at is null and 1 =
                 (select count(*) from auth.refresh_tokens t where t.session_id = s.id and t.generation = s.generation)),
               (select sum(generation)::bigint from auth.sessions)",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

async fn killed_inside_commit(point: Point) {
    let settings: &[&str] = match point {
        Point::Begun => &[],
        Point::Recorded => &["synchronous_standby_names=nobody", "synchronous_commit=local"],
    };
    let cluster = Cluster::start(settings).await;
    let variables = [("REGISTRATION", "open"), ("DATABASE_POOL_SIZE", "16")];
    let process = cluster.process_with(&variables).await;
    let mut cases = Vec::new();
    for way in ALL {
        cases.push(Case::of(way, &process).await);
    }
    let ways = i64::try_from(cases.len()).unwrap();
    let (holder, watcher) = (cluster.client().await, cluster.client().await);
    watcher
        .batch_execute(WAIT_IN_COMMIT[point as usize])
        .await
        .unwrap();
    holder.batch_execute("select pg_advisory_lock(7)").await.unwrap();
    assert_eq!(counts(&watcher).await, (2 * ways, 2 * ways, 0));

    let mut under_way = Vec::new();
    for case in &cases {
        under_way.push((case.way, case.log_in.send_aside(&process)));
    }
    until_waiting(&watcher, cases.len()).await;
    for case in &cases {
        let restore = case.way.restore(&case.spent);
        under_way.push((case.way, restore.send_aside(&process)));
        // One after the other, each with a statement of its own: whoever comes while one is slow does not wait with it.
        until_waiting(&watcher, under_way.len()).await;
    }
    cluster.kill().await;
    let died = Instant::now();
    for (way, answer) in under_way {
        way.assert_unavailable(&answer.await.unwrap().unwrap());
    }
    assert!(
        died.elapsed() < Duration::from_secs(5),
        "who was connected is told at once"
    );
    while_it_is_down(&cluster, &process, &cases).await;

    cluster.start_again(&[]).await;
    until_ready(&process).await;
    let client = cluster.client().await;
    let done = if point == Point::Recorded { ways } else { 0 };
    assert_eq!(counts(&client).await, (2 * ways + done, 2 * ways + done, done));
    for case in &cases {
        sent_again(case, point, &process).await;
    }
    let (sessions, heads, rotations) = counts(&client).await;
    // A password signs in as often as one likes.
    let with_password = i64::from(point == Point::Recorded);
    assert_eq!(sessions, 4 * ways + with_password);
    assert_eq!(heads, sessions);
    // The restore that was sent three times is one, and `sent_again` has three more.
    assert_eq!(rotations, 4 * ways);
    assert!(process.stop().await.0.success());
}

async fn while_it_is_down(cluster: &Cluster, process: &Process, cases: &[Case]) {
    assert!(!cluster.runs());
    assert_eq!(process.status("/healthz").await, 200);
    assert_eq!(process.status("/readyz").await, 503);
    for case in cases {
        case.way.assert_unavailable(&case.log_in.send(process).await);
        let restore = case.way.restore(&case.spent);
        case.way.assert_unavailable(&restore.send(process).await);
    }
}

/// What got no answer is sent again, as it was.
async fn sent_again(case: &Case, point: Point, process: &Process) {
    let way = case.way;
    let log_in = case.log_in.send(process).await;
    if point == Point::Recorded && way.is_spent() {
        assert_eq!(
            (log_in.status, &log_in.json()["code"]),
            (401, &"nonce_invalid".into()),
            "{way:?}"
        );
    } else {
        log_in.assert_ok();
    }
    let anew = case.newcomer.log_in(process).await.send(process).await;
    let restored = |reply: &Reply| way.successor(reply.assert_ok());
    let anew = way.token(anew.assert_ok());

    // Its successor is the one whose answer was lost, or the first; a second time it is the same.
    let restore = way.restore(&case.spent);
    let successor = restored(&restore.send(process).await);
    assert_eq!(restored(&restore.send(process).await), successor, "{way:?}");
    for token in [successor, case.kept.clone(), anew] {
        restored(&way.restore(&token).send(process).await);
    }
}

#[tokio::test]
async fn t08_killed_inside_the_commit_before_its_record_is_written() {
    killed_inside_commit(Point::Begun).await;
}

#[tokio::test]
async fn t08_killed_inside_the_commit_after_its_record_is_written() {
    killed_inside_commit(Point::Recorded).await;
}

#[tokio::test]
async fn t08_the_database_restarts_while_a_rotation_is_under_way() {
    let cluster = Cluster::start(&[]).await;
    let process = cluster.process().await;
    let token = log_in(&process).await;
    let watcher = cluster.client().await;
    // No lock: the stop would end its holder first, and let the statement go on.
    watcher
        .batch_execute(
            "create function auth.wait() returns trigger language plpgsql as
               $$ begin perform pg_sleep(60); return null; end $$;
             create trigger wait after update on auth.sessions for each row execute function auth.wait()",
        )
        .await
        .unwrap();
    let answer = restore_unheard(&process, &token);
    until_waiting(&watcher, 1).await;
    cluster.stop().await;
    answer.await.unwrap().unwrap().assert_error(400, "unavailable");
    restore(&process, &token).await.assert_error(400, "unavailable");
    assert_eq!(process.status("/readyz").await, 503);
    assert_eq!(process.status("/healthz").await, 200);

    cluster.start_again(&[]).await;
    until_ready(&process).await;
    let client = cluster.client().await;
    client
        .batch_execute("drop trigger wait on auth.sessions")
        .await
        .unwrap();
    let successor = restore(&process, &token).await.assert_ok().refresh_token();
    restore(&process, &successor).await.assert_ok();
    one_live_head(&client).await;
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn commits_that_wait_for_ever_do_not_pile_up_in_the_database() {
    let cluster = Cluster::start(&["synchronous_standby_names=nobody", "synchronous_commit=local"]).await;
    let process = cluster.process_with(&[("DATABASE_POOL_SIZE", "4")]).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(log_in(&process).await);
    }
    let watcher = cluster.client().await;
    watcher
        .batch_execute(WAIT_IN_COMMIT[Point::Recorded as usize])
        .await
        .unwrap();
    let restore_all = async || {
        let all = tokens.iter().map(|token| restore_unheard(&process, token));
        futures_util::future::join_all(all).await
    };
    let begun = Instant::now();
    for answer in restore_all().await {
        answer.unwrap().unwrap().assert_error(400, "unavailable");
    }
    assert!(begun.elapsed() < Duration::from_secs(12));
    // What nobody waits for any more is ended in PostgreSQL too.
    let connections = "select count(*) from pg_stat_activity where application_name = 'hasura-siwe' and wait_event = 'SyncRep'";
    let begun = Instant::now();
    while watcher
        .query_one(connections, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        assert!(begun.elapsed() < Duration::from_secs(5), "they stay");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    watcher
        .batch_execute("drop trigger wait on auth.sessions")
        .await
        .unwrap();
    for answer in restore_all().await {
        answer.unwrap().unwrap().assert_ok();
    }
    // They had been committed here, and were told to nobody before.
    assert_eq!(counts(&watcher).await, (4, 4, 4));
}
