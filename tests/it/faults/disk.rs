//! PostgreSQL's disk is full, first for its tables and then for its log: what cannot be written is never answered with success,
//! what was answered stays, and with room again the service goes on by itself.

use std::io::Write;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::until_ready;
use crate::support::Reply;
use crate::support::cluster::Cluster;
use crate::support::disk::Disk;
use crate::support::process::Process;
use crate::support::ways::{ALL, Way};

/// Somebody who is signed in, as far as they were told.
struct SignedIn {
    way: Way,
    refresh_token: String,
}

/// Room for a new cluster of about 40 MiB and some of its log.
const MEBIBYTES: u32 = 112;

async fn log_in(way: Way, process: &Process) -> Reply {
    way.somebody(process)
        .await
        .log_in(process)
        .await
        .send(process)
        .await
}

/// Each session that was answered goes on, and each has one head.
async fn nobody_is_lost(signed_in: &mut [SignedIn], process: &Process, client: &Client) {
    for one in signed_in {
        let restored = one.way.restore(&one.refresh_token).send(process).await;
        one.refresh_token = one.way.successor(restored.assert_ok());
    }
    let row = client
        .query_one(
            "select count(*), count(*) filter (where ended_at is null and 1 = (
               select count(*) from auth.refresh_tokens t where t.session_id = s.id and t.generation = s.generation))
             from auth.sessions s",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), row.get::<_, i64>(1));
}

/// What Hasura in webhook mode is told of this access token.
async fn hook(process: &Process, access_token: &str) -> u16 {
    let request = reqwest::Client::new()
        .get(format!("{}/webhook", process.base))
        .header("authorization", format!("Bearer {access_token}"));
    request.send().await.unwrap().status().as_u16()
}

/// Signs in and restores until neither can be written any more. Whatever is answered with success goes to `signed_in`.
async fn until_nothing_is_written(process: &Process, signed_in: &mut Vec<SignedIn>) {
    let mut refused = [0; 2];
    for turn in 0.. {
        assert!(turn < 3000, "the tables grow on a full disk");
        // Each restore adds a row, as a log-in does; a session may be restored sixty times at once.
        let at = turn % signed_in.len();
        let one = &mut signed_in[at];
        let restored = one.way.restore(&one.refresh_token).send(process).await;
        if restored.status == 200 {
            one.refresh_token = one.way.successor(&restored);
            refused[0] = 0;
        } else {
            one.way.assert_unavailable(&restored);
            refused[0] += 1;
        }
        let signed = log_in(Way::Siwe, process).await;
        if signed.status == 200 {
            signed_in.push(SignedIn {
                way: Way::Siwe,
                refresh_token: Way::Siwe.token(&signed),
            });
            refused[1] = 0;
        } else {
            Way::Siwe.assert_unavailable(&signed);
            refused[1] += 1;
        }
        if refused.iter().all(|times| *times >= 5) {
            return;
        }
    }
}

#[tokio::test]
async fn f01_a_full_disk_costs_no_session_that_was_answered() {
    let disk = match Disk::mount(MEBIBYTES) {
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
    let process = cluster.process_with(&[("REGISTRATION", "open")]).await;
    let mut signed_in = Vec::new();
    for way in ALL {
        let refresh_token = way.token(log_in(way, &process).await.assert_ok());
        signed_in.push(SignedIn { way, refresh_token });
    }
    let access_token = log_in(Way::Siwe, &process).await.res()["accessToken"].clone();
    let access_token = access_token.as_str().unwrap();
    let client = cluster.client().await;

    // No room for tables: PostgreSQL lives, and what only reads goes on.
    disk.fill();
    until_nothing_is_written(&process, &mut signed_in).await;
    assert!(cluster.runs());
    // Issue 14, item 6: what cannot sign anybody in is not ready.
    assert_eq!(process.status("/readyz").await, 503);
    assert_eq!(hook(&process, access_token).await, 200);
    disk.free();
    until_ready(&process).await;
    log_in(Way::Siwe, &process).await.assert_ok();
    nobody_is_lost(&mut signed_in, &process, &client).await;

    // No room for its log either: it ends, and cannot come back.
    disk.fill();
    let log = client.batch_execute("select pg_switch_wal(); create table filler (); checkpoint");
    log.await.unwrap_err();
    let begun = Instant::now();
    while cluster.runs() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it cannot write its log"
        );
        Way::Siwe.assert_unavailable(&log_in(Way::Siwe, &process).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(cluster.try_to_start_again(&settings).await.is_err());
    assert_eq!(process.status("/healthz").await, 200);
    assert_eq!(process.status("/readyz").await, 503);
    for one in &signed_in[..ALL.len()] {
        let restored = one.way.restore(&one.refresh_token).send(&process).await;
        one.way.assert_unavailable(&restored);
    }
    // What it saw just now the webhook believes for some seconds; a token is never called bad.
    let begun = Instant::now();
    loop {
        match hook(&process, access_token).await {
            503 => break,
            status => assert_eq!(status, 200),
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it is believed for ever"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    // The operator makes room and starts it, because it ended by itself; the rest is nobody's work.
    disk.free();
    cluster.start_again(&settings).await;
    until_ready(&process).await;
    nobody_is_lost(&mut signed_in, &process, &cluster.client().await).await;
    assert_eq!(hook(&process, access_token).await, 200);
    log_in(Way::Siwe, &process).await.assert_ok();
    let (status, log) = process.stop().await;
    assert!(status.success());
    assert!(
        log.contains("53100"),
        "docs/operations.md has this code of PostgreSQL's"
    );
}
