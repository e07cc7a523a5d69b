//! The line to PostgreSQL is slow, silent, forgotten or cut: nobody waits for longer than they may, and what was lost on the way
//! may be sent again.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::until_ready;
use crate::support::Reply;
use crate::support::app::variables;
use crate::support::db::TestDb;
use crate::support::line::{Line, Weather};
use crate::support::process::Process;
use crate::support::ways::{ALL, Way};

/// As `http` has it for each request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

async fn start(connections: &str) -> (TestDb, Line, Process) {
    let db = TestDb::create().await;
    let line = Line::to(&db).await;
    let mut variables = variables(&db);
    variables.set("DATABASE_URL", line.url(&db));
    variables.set("DATABASE_POOL_SIZE", connections);
    variables.set("REGISTRATION", "open");
    let process = Process::serve(variables).await;
    (db, line, process)
}

async fn log_in(way: Way, process: &Process) -> Reply {
    way.somebody(process)
        .await
        .log_in(process)
        .await
        .send(process)
        .await
}

/// A session in each way, by its refresh token.
async fn sessions(process: &Process) -> Vec<(Way, String)> {
    let mut sessions = Vec::new();
    for way in ALL {
        sessions.push((way, way.token(log_in(way, process).await.assert_ok())));
    }
    sessions
}

/// Rotations so far. Each session has one head and is alive.
async fn rotations(db: &TestDb) -> i64 {
    let row = db
        .connect()
        .await
        .query_one(
            "select sum(generation)::bigint, bool_and(ended_at is null and 1 = (
               select count(*) from auth.refresh_tokens t where t.session_id = s.id and t.generation = s.generation))
             from auth.sessions s",
            &[],
        )
        .await
        .unwrap();
    assert!(row.get::<_, bool>(1));
    row.get(0)
}

#[tokio::test]
async fn a_slow_line_costs_time_and_nothing_else() {
    let (db, line, process) = start("4").await;
    let late = Duration::from_millis(40);
    line.turns(Weather::Slow(late));
    let begun = Instant::now();
    let tokens = sessions(&process).await;
    let all = tokens.iter().cycle().take(16).map(async |(way, token)| {
        let restored = way.restore(token).send(&process).await;
        way.successor(restored.assert_ok())
    });
    let successors = join_all(all).await;
    for (at, successor) in successors.iter().enumerate() {
        assert_eq!(*successor, successors[at % ALL.len()]);
    }
    // To PostgreSQL and back, twice at least for each way.
    assert!(begun.elapsed() > late * 16);
    assert_eq!(rotations(&db).await, 4);
    assert_eq!(process.status("/readyz").await, 200);
}

#[tokio::test]
async fn a_silent_line_keeps_nobody_waiting_for_ever() {
    let (db, line, process) = start("4").await;
    let tokens = sessions(&process).await;
    let mut log_ins = Vec::new();
    for way in ALL {
        let request = way.somebody(&process).await.log_in(&process).await;
        log_ins.push((way, request));
    }
    line.turns(Weather::Silent);
    let begun = Instant::now();
    let under_way: Vec<_> = tokens
        .iter()
        .map(|(way, token)| (*way, way.restore(token)))
        .chain(log_ins)
        .map(|(way, request)| (way, request.send_aside(&process)))
        .collect();
    assert_eq!(process.status("/readyz").await, 503);
    assert_eq!(process.status("/healthz").await, 200);
    for (way, answer) in under_way {
        way.assert_unavailable(&answer.await.unwrap().unwrap());
    }
    let waited = begun.elapsed();
    assert!(waited < REQUEST_TIMEOUT, "{waited:?}: each is told why");
    assert_eq!(process.status("/healthz").await, 200);

    line.turns(Weather::Clear);
    until_ready(&process).await;
    for (way, token) in tokens {
        // It may have been rotated by what was sent before, and is told the same then.
        let successor = way.successor(way.restore(&token).send(&process).await.assert_ok());
        let again = way.restore(&token).send(&process).await;
        assert_eq!(way.successor(again.assert_ok()), successor);
        log_in(way, &process).await.assert_ok();
    }
    assert_eq!(rotations(&db).await, 4);
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn connections_that_the_line_forgot_are_replaced() {
    // One, which every statement takes.
    let (db, line, process) = start("1").await;
    let (way, token) = sessions(&process).await.remove(0);
    let restore = async || way.restore(&token).send(&process).await;
    way.successor(restore().await.assert_ok());
    line.forget();
    let begun = Instant::now();
    way.assert_unavailable(&restore().await);
    way.successor(restore().await.assert_ok());
    let waited = begun.elapsed();
    assert!(
        waited < REQUEST_TIMEOUT,
        "{waited:?}: nothing waits for the dead one"
    );
    assert_eq!(process.status("/readyz").await, 200);
    assert_eq!(rotations(&db).await, 1);
    assert!(process.stop().await.1.contains("the database fell silent"));
}

/// Until the service listens to announcements on a connection that is younger than this, which it shows by asking nothing, once a
/// second.
async fn until_it_listens(db: &TestDb, since: std::time::SystemTime) {
    let client = db.connect().await;
    let listening = "
        select exists (select from pg_stat_activity where datname = current_database() and application_name = 'hasura-siwe'
          and query = '' and state = 'idle' and backend_start > $1)";
    let begun = Instant::now();
    while !client
        .query_one(listening, &[&since])
        .await
        .unwrap()
        .get::<_, bool>(0)
    {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it does not listen again"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_line_that_opens_and_then_says_nothing_does_not_keep_the_service_from_listening() {
    let (db, line, process) = start("4").await;
    until_it_listens(&db, std::time::UNIX_EPOCH).await;
    let moment = db
        .connect()
        .await
        .query_one("select clock_timestamp()", &[])
        .await;
    let before = moment.unwrap().get(0);
    let opened = line.opened();
    line.turns(Weather::Silent);
    let begun = Instant::now();
    while line.opened() == opened {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it notices that nobody answers"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What it has just opened leads nowhere, and stays open.
    line.forget();
    line.turns(Weather::Clear);
    until_it_listens(&db, before).await;
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn a_restore_that_was_cut_on_its_way_may_be_sent_again() {
    // One connection, on which the statement is prepared before: what is cut is the restore itself.
    let (db, line, process) = start("1").await;
    for (way, flow) in ALL.into_iter().zip(["siwe", "email", "lens", "tanx"]) {
        let token = way.token(log_in(way, &process).await.assert_ok());
        let mut head = way.successor(way.restore(&token).send(&process).await.assert_ok());
        for (weather, rotated) in [(Weather::CutsRequest(flow), 0), (Weather::CutsAnswer(flow), 1)] {
            // Where the connection is new, too.
            head = way.successor(way.restore(&head).send(&process).await.assert_ok());
            let before = rotations(&db).await;
            line.turns(weather);
            let begun = Instant::now();
            way.assert_unavailable(&way.restore(&head).send(&process).await);
            assert!(begun.elapsed() < Duration::from_secs(1), "it is told at once");
            line.turns(Weather::Clear);
            assert_eq!(rotations(&db).await, before + rotated, "{way:?}");
            let successor = way.successor(way.restore(&head).send(&process).await.assert_ok());
            assert_eq!(rotations(&db).await, before + 1, "{way:?}");
            let again = way.restore(&head).send(&process).await;
            assert_eq!(way.successor(again.assert_ok()), successor);
            head = successor;
        }
    }
}
