//! A process that is killed at each named point of a log-in, in each way to sign in whose statements differ: what signed in
//! does so once, whoever is asked next, and nothing is half there.

use tokio_postgres::Client;

use super::until_none_runs;
use crate::support::app::variables;
use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::waiting::until_waiting;
use crate::support::ways::{ALL, Way};

/// Where the log-in is when the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Its statement has come, and nothing was written.
    Before,
    /// All is written, and nothing committed.
    Written,
    /// All is committed, and the process has not read it.
    Committed,
}

/// What becomes of the dead process's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statement {
    /// PostgreSQL notices that nobody is there any more.
    Ends,
    /// It does not, which is the rule: it looks when it has something to say.
    GoesOn,
}

/// Every log-in waits after it has written, for as long as somebody holds this.
const WAIT_WHEN_WRITTEN: &str = "
    create function auth.wait() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
    create trigger wait after insert on auth.sessions for each row execute function auth.wait()";

async fn process(db: &TestDb) -> Process {
    let mut variables = variables(db);
    variables.set("REGISTRATION", "open");
    // Where the process counts new wallets, the first statement of one only finds out that it is new.
    variables.set("SIGN_UPS_PER_PROCESS", "0");
    // One connection, so that what was prepared once is prepared.
    variables.set("DATABASE_POOL_SIZE", "1");
    Process::serve(variables).await
}

/// There are so many sessions, each with all that belongs to it, and nothing that belongs to none.
async fn whole(client: &Client, way: Way, sessions: i64) {
    let counted = client
        .query_one(
            "select (select count(*) from auth.sessions),
               (select count(*) from auth.sessions s
                join auth.refresh_tokens t on t.session_id = s.id and t.generation = s.generation
                where s.ended_at is null),
               (select count(*) from auth.audit_log where action = 'log_in' and session_id in (select id from auth.sessions)),
               (select count(*) from auth.audit_log where action = 'log_in'),
               (select count(*) from auth.spent_nonces),
               (select count(*) from auth.users u where not exists (select from auth.credentials c where c.user_id = u.id)),
               (select count(distinct user_id) from auth.sessions),
               (select count(*) from public.accounts)",
            &[],
        )
        .await
        .unwrap();
    let count = |at: usize| counted.get::<_, i64>(at);
    for (at, what) in ["sessions", "heads", "noted", "log-ins"].iter().enumerate() {
        assert_eq!(count(at), sessions, "{way:?}: {what}");
    }
    let people = count(6);
    let of_siwe = |number: i64| if way == Way::Siwe { number } else { 0 };
    assert_eq!(count(4), of_siwe(sessions), "{way:?}: spent nonces");
    assert_eq!(
        count(5),
        if way == Way::Email { 0 } else { people },
        "{way:?}: users"
    );
    assert_eq!(count(7), of_siwe(people), "{way:?}: accounts");
}

async fn killed(way: Way, point: Point, statement: Statement) {
    let db = TestDb::create().await;
    let (doomed, other) = (process(&db).await, process(&db).await);
    let (holder, watcher) = (db.connect().await, db.connect().await);
    // Prepares the statements, so that the next one waits where it runs.
    let bob = way.somebody(&doomed).await;
    bob.log_in(&doomed).await.send(&doomed).await.assert_ok();
    whole(&watcher, way, 1).await;

    let alice = way.somebody(&other).await;
    let request = alice.log_in(&other).await;
    let hold = match point {
        // Which the cleanup has no business with: it would be the one that waits.
        Point::Before => "begin; lock table auth.audit_log in exclusive mode",
        Point::Written | Point::Committed => "begin; select pg_advisory_xact_lock(7)",
    };
    watcher.batch_execute(WAIT_WHEN_WRITTEN).await.unwrap();
    holder.batch_execute(hold).await.unwrap();
    let unheard = request.send_aside(&doomed);
    let backend = until_waiting(&watcher, 1).await[0];

    // Somebody comes with the same to the other process, while the dead one's statement holds its rows.
    let during = match point {
        Point::Committed => {
            doomed.hold_still().await;
            holder.batch_execute("commit").await.unwrap();
            until_none_runs(&watcher).await;
            None
        }
        Point::Before => None,
        Point::Written => {
            let during = request.send_aside(&other);
            until_waiting(&watcher, 2).await;
            Some(during)
        }
    };
    doomed.kill().await;
    assert!(unheard.await.unwrap().is_none(), "nobody was told anything");
    if statement == Statement::Ends {
        let ended = "select pg_terminate_backend($1, 5000)";
        watcher.query_one(ended, &[&backend]).await.unwrap();
    }
    if point != Point::Committed {
        holder.batch_execute("commit").await.unwrap();
    }
    let again = match during {
        Some(during) => during.await.unwrap().unwrap(),
        None => {
            until_none_runs(&watcher).await;
            whole(&watcher, way, 1 + i64::from(statement == Statement::GoesOn)).await;
            request.send(&other).await
        }
    };
    until_none_runs(&watcher).await;
    let sessions = match (way.is_spent(), statement) {
        (true, Statement::GoesOn) => {
            assert_eq!(
                (again.status, &again.json()["code"]),
                (401, &"nonce_invalid".into()),
                "{way:?}"
            );
            2
        }
        (true, Statement::Ends) => {
            way.token(again.assert_ok());
            2
        }
        // A password signs in as often as one likes.
        (false, of_the_dead) => {
            way.token(again.assert_ok());
            2 + i64::from(of_the_dead == Statement::GoesOn)
        }
    };
    whole(&watcher, way, sessions).await;

    // And on, as if nothing had been.
    let reply = alice.log_in(&other).await.send(&other).await;
    let token = way.token(reply.assert_ok());
    whole(&watcher, way, sessions + 1).await;
    way.restore(&token).send(&other).await.assert_ok();
}

async fn killed_in_every_way(point: Point, statement: Statement) {
    for way in ALL {
        killed(way, point, statement).await;
    }
}

#[tokio::test]
async fn f03_killed_before_a_log_in_has_written_anything_and_its_statement_ends() {
    killed_in_every_way(Point::Before, Statement::Ends).await;
}

#[tokio::test]
async fn f03_killed_before_a_log_in_has_written_anything_and_its_statement_goes_on() {
    killed_in_every_way(Point::Before, Statement::GoesOn).await;
}

#[tokio::test]
async fn f03_killed_before_the_commit_of_a_log_in_which_is_undone() {
    killed_in_every_way(Point::Written, Statement::Ends).await;
}

#[tokio::test]
async fn f03_killed_before_the_commit_of_a_log_in_which_comes_to_its_end() {
    killed_in_every_way(Point::Written, Statement::GoesOn).await;
}

#[tokio::test]
async fn f03_killed_after_the_commit_of_a_log_in_and_before_it_knows() {
    killed_in_every_way(Point::Committed, Statement::GoesOn).await;
}
