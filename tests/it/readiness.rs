//! `/readyz` fails while PostgreSQL answers and takes no writes, and is well again when it does: a real standby, a real full
//! disk, a role that only reads. No request is sent meanwhile, so the check finds it by itself.

use std::io::Write;
use std::time::{Duration, Instant};

use hasura_siwe::local::Postgres;
use hasura_siwe::storage;
use serde_json::Value;

use crate::failover::{copy_to, folder, start};
use crate::support::TestApp;
use crate::support::app::variables;
use crate::support::cluster::Cluster;
use crate::support::db::{TestDb, connect};
use crate::support::disk::Disk;
use crate::support::process::{Process, run};

/// A good answer counts for five seconds.
const SOON: Duration = Duration::from_secs(9);

async fn ready(process: &Process) -> (u16, String) {
    let reply = reqwest::get(format!("{}/readyz", process.base)).await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// Until the status is this one; the sentence of that answer.
async fn until(process: &Process, status: u16) -> String {
    let begun = Instant::now();
    loop {
        let (now, sentence) = ready(process).await;
        if now == status {
            return sentence;
        }
        assert!(begun.elapsed() < SOON, "{now}, and not {status}: {sentence}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the doctor says of the database at this URL.
async fn doctor(url: &str) -> Value {
    let mut given = variables(&TestDb::create_empty().await);
    given.set("DATABASE_URL", url);
    let output = run(&["doctor", "--json"], &given, "").await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["check"] == "database")
        .unwrap()
        .clone()
}

// Issue 14, item 6.
#[tokio::test]
async fn a_standby_is_not_ready_until_it_is_promoted() {
    let (first, second) = (folder(), folder());
    let primary = Postgres::start(start(first.path())).await.unwrap();
    let mut client = connect(&primary.url("postgres", "postgres")).await;
    storage::migrate(&mut client).await.unwrap();
    drop(client);
    copy_to(second.path(), &first.path().canonicalize().unwrap().join("run"));
    let standby = Postgres::start(start(second.path())).await.unwrap();
    let url = standby.url("postgres", "postgres");
    let mut given = variables(&TestDb::create_empty().await);
    given.set("DATABASE_URL", &url);
    let process = Process::serve(given).await;

    let (status, sentence) = ready(&process).await;
    assert!(
        status == 503 && sentence.contains("takes no writes"),
        "{sentence}"
    );
    assert_eq!(process.status("/healthz").await, 200);
    let found = doctor(&url).await;
    assert_eq!(found["status"], "fail", "{found}");
    assert!(
        found["seen"].as_str().unwrap().contains("25006")
            && found["cure"].as_str().unwrap().contains("primary"),
        "{found}"
    );

    connect(&url)
        .await
        .query_one("select pg_promote()", &[])
        .await
        .unwrap();
    until(&process, 200).await;
    assert_ne!(doctor(&url).await["status"], "fail");
    let (status, log) = process.stop().await;
    assert!(status.success() && log.contains("25006"), "{log}");
    standby.stop().await.unwrap();
    primary.stop().await.unwrap();
}

// Issue 14, item 6.
#[tokio::test]
async fn a_full_disk_is_not_ready_until_there_is_room() {
    let disk = match Disk::mount(112) {
        Ok(disk) => disk,
        Err(fault) => {
            // Past the capture of what a test prints, which shows nothing of one that passes.
            writeln!(
                std::io::stderr(),
                "SKIPPED: a full disk was not tried, because none can be mounted here: {fault}"
            )
            .unwrap();
            return;
        }
    };
    let settings = ["min_wal_size=32MB", "max_wal_size=32MB", "shared_buffers=16MB"];
    let cluster = Cluster::start_in(disk.folder(), &settings).await;
    let process = cluster.process().await;
    until(&process, 200).await;
    disk.fill();
    assert!(until(&process, 503).await.contains("disk is full"));
    assert_eq!(process.status("/healthz").await, 200);
    let found = doctor(&cluster.url).await;
    assert_eq!(found["status"], "fail", "{found}");
    assert!(
        found["seen"].as_str().unwrap().contains("53100")
            && found["cure"].as_str().unwrap().contains("make room"),
        "{found}"
    );
    disk.free();
    until(&process, 200).await;
    assert!(process.stop().await.1.contains("53100"));
}

// Issue 14, item 6.
#[tokio::test]
async fn a_role_that_only_reads_is_not_ready() {
    let app = TestApp::start().await;
    app.get("/readyz").await.assert_ok();
    let client = app.db.connect().await;
    let set = async |value: &str| {
        let sql = format!(
            "do $$ begin execute format('alter role siwe in database %I set default_transaction_read_only = {value}', current_database()); end $$"
        );
        client.batch_execute(&sql).await.unwrap();
        // Connections begin anew, as after a failover.
        client
            .batch_execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()",
            )
            .await
            .unwrap();
    };
    let until = async |status: u16| {
        let begun = Instant::now();
        while app.get("/readyz").await.status != status {
            assert!(begun.elapsed() < SOON, "it does not become {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    set("on").await;
    until(503).await;
    client
        .batch_execute("set default_transaction_read_only = off")
        .await
        .unwrap();
    set("off").await;
    until(200).await;
}

// Issue 14, item 6.
#[tokio::test]
async fn many_probes_are_one_write_that_leaves_nothing() {
    let app = TestApp::start().await;
    let client = app.db.connect().await;
    client
        .batch_execute(
            "create table public.writes (at timestamptz);
             create function auth.count_write() returns trigger language plpgsql as
               $$ begin insert into public.writes values (clock_timestamp()); return null; end $$;
             create trigger count_write after insert on auth.limits for each row execute function auth.count_write()",
        )
        .await
        .unwrap();
    let count = async |table: &str| -> i64 {
        let sql = format!("select count(*) from {table}");
        client.query_one(&sql, &[]).await.unwrap().get(0)
    };
    let begun = Instant::now();
    let probes = (0..50).map(|_| app.get("/readyz"));
    for reply in futures_util::future::join_all(probes).await {
        assert_eq!(reply.status, 200);
    }
    let writes = count("public.writes").await;
    let most = 1 + i64::try_from(begun.elapsed().as_secs() / 5).unwrap();
    assert!((1..=most).contains(&writes), "{writes} writes");
    assert_eq!(count("auth.limits").await, 0);
}
