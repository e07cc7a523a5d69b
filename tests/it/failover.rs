//! The database's machine is lost under load: what was answered before is on its synchronous standby, and the service
//! finds the new primary by itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hasura_siwe::clock::Clock;
use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage;
use serde_json::json;

use crate::support::app::variables;
use crate::support::db::{TestDb, connect};
use crate::support::process::Process;
use crate::support::{Reply, nonce, origin, wallet};

/// A folder that PostgreSQL's user may enter.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

pub fn start(folder: &Path) -> Start {
    Start {
        folder: folder.to_owned(),
        settings: Vec::new(),
    }
}

/// The newest pg_basebackup of Debian's packages, or the one on PATH.
fn pg_basebackup() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .filter_map(Result::ok)
                .map(|entry| entry.path().join("bin/pg_basebackup"))
                .filter(|path| path.is_file())
                .collect()
        })
        .unwrap_or_default();
    found.sort();
    found.pop().unwrap_or_else(|| "pg_basebackup".into())
}

/// A copy of the primary that follows it, in a folder of its own.
pub fn copy_to(standby: &Path, primary_sockets: &Path) {
    let data = standby.join("postgres");
    let output = Command::new(pg_basebackup())
        .args(["-U", "postgres", "-X", "stream", "-R", "-c", "fast", "-h"])
        .arg(primary_sockets)
        .arg("-D")
        .arg(&data)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Root copied it, and PostgreSQL runs as the owner of the primary's files.
    let owner = std::fs::metadata(primary_sockets).unwrap();
    let owner = format!(
        "{}:{}",
        std::os::unix::fs::MetadataExt::uid(&owner),
        std::os::unix::fs::MetadataExt::gid(&owner)
    );
    let handed = Command::new("chown")
        .arg("-R")
        .arg(owner)
        .arg(&data)
        .status()
        .unwrap();
    assert!(handed.success());
}

async fn log_in(process: &Process) -> Reply {
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    process
        .call(&reqwest::Client::new(), "/actions/login", "v1Login", &input)
        .await
}

async fn restore(process: &Process, token: &str) -> Reply {
    let input = json!({"session": {"refreshToken": token}});
    process
        .call(
            &reqwest::Client::new(),
            "/actions/restore-session",
            "v1RestoreSession",
            &input,
        )
        .await
}

/// Restores over and over; the last token that was answered.
async fn go_on(process: &Process, mut token: String, until: Instant) -> String {
    while Instant::now() < until {
        let reply = restore(process, &token).await;
        match reply.status {
            200 => token = reply.refresh_token(),
            429 => {}
            _ => {
                reply.assert_error(400, "unavailable");
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    token
}

#[tokio::test]
async fn f01_t08_a_lost_primary_loses_no_session_that_was_answered() {
    let (first, second) = (folder(), folder());
    let primary = Postgres::start(start(first.path())).await.unwrap();
    let url = primary.url("postgres", "postgres");
    let mut client = connect(&url).await;
    storage::migrate(&mut client).await.unwrap();
    copy_to(second.path(), &first.path().canonicalize().unwrap().join("run"));
    let standby = Postgres::start(start(second.path())).await.unwrap();
    client
        .batch_execute("alter system set synchronous_standby_names = '*'")
        .await
        .unwrap();
    client.batch_execute("select pg_reload_conf()").await.unwrap();
    let begun = Instant::now();
    loop {
        let rows = client
            .query("select from pg_stat_replication where sync_state = 'sync'", &[])
            .await
            .unwrap();
        if !rows.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the standby follows");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // Both hosts in one URL: the driver takes the one that accepts writes.
    let host = |url: &str| {
        url.split_once('@')
            .unwrap()
            .1
            .split_once('/')
            .unwrap()
            .0
            .to_owned()
    };
    let standby_url = standby.url("postgres", "postgres");
    let both = format!(
        "postgresql://postgres@{},{}/postgres?target_session_attrs=read-write",
        host(&url),
        host(&standby_url)
    );
    let mut variables = variables(&TestDb::create_empty().await);
    variables.set("DATABASE_URL", &both);
    let process = Process::serve(variables).await;
    let mut tokens = Vec::new();
    for _ in 0..8 {
        tokens.push(log_in(&process).await.assert_ok().refresh_token());
    }

    let until = Instant::now() + Duration::from_secs(6);
    let load = tokens.into_iter().map(|token| go_on(&process, token, until));
    let lost = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // As a power cut: the postmaster and its children at once, without a word.
        let pid = std::fs::read_to_string(first.path().join("postgres/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let _ = Command::new("pkill").args(["-9", "-P", &pid]).status();
        Command::new("kill").args(["-9", &pid]).status().unwrap();
        let promoted = connect(&standby_url).await;
        promoted.query_one("select pg_promote()", &[]).await.unwrap();
    };
    let (outcomes, ()) = tokio::join!(futures_util::future::join_all(load), lost);
    for token in &outcomes {
        restore(&process, token).await.assert_ok();
    }
    log_in(&process).await.assert_ok();
    assert!(process.stop().await.0.success());
    standby.stop().await.unwrap();
}
