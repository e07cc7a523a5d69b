//! Load for as long as one wants, while PostgreSQL is stopped and started again and again: no wrong answer, and whoever
//! was answered is still signed in at the end. And a flood of access tokens, in as much memory as the shipped manifests give.
//! `make soak` runs both; `cargo test` does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hasura_siwe::clock::Clock;
use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage;
use serde_json::json;

use crate::support::app::variables;
use crate::support::db::{TestDb, connect};
use crate::support::process::Process;
use crate::support::{Reply, nonce, origin, wallet};

/// What was answered, and how often.
#[derive(Default)]
struct Tally {
    log_ins: AtomicU64,
    restores: AtomicU64,
    replayed: AtomicU64,
    unavailable: AtomicU64,
    limited: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to soak is for whoever runs it to say"
)]
fn seconds(name: &str, default: u64) -> Duration {
    let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(default))
}

/// One person: signs in, restores at a pace, now and then sends an old request again, and starts over.
async fn person(process: &Process, tally: &Tally, until: Instant) -> Option<String> {
    let client = reqwest::Client::new();
    let call = async |path: &str, action: &str, input: serde_json::Value| -> Reply {
        process.call(&client, path, action, &input).await
    };
    let own = wallet();
    let mut token: Option<String> = None;
    let mut rounds = 0_u32;
    while Instant::now() < until {
        rounds += 1;
        let reply = match &token {
            None => {
                let signed = own.log_in(&origin(), 1, &nonce(), Clock::system().now());
                let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
                let reply = call("/actions/login", "v1Login", input.clone()).await;
                if reply.status == 200 {
                    Tally::add(&tally.log_ins);
                    // A message signs in once, whatever the database has been through.
                    let again = call("/actions/login", "v1Login", input).await;
                    let code = again.json()["code"].as_str().unwrap_or("ok").to_owned();
                    assert!(
                        ["nonce_invalid", "unavailable", "rate_limited"].contains(&code.as_str()),
                        "a message signed in twice: {again:?}"
                    );
                    Tally::add(&tally.replayed);
                }
                reply
            }
            Some(token) => {
                let input = json!({"session": {"refreshToken": token}});
                let reply = call("/actions/restore-session", "v1RestoreSession", input).await;
                if reply.status == 200 {
                    Tally::add(&tally.restores);
                }
                reply
            }
        };
        match (reply.status, reply.json()["code"].as_str()) {
            (200, _) => token = Some(reply.refresh_token()),
            (400, Some("unavailable")) => Tally::add(&tally.unavailable),
            (429, Some("rate_limited")) => Tally::add(&tally.limited),
            // A log-in whose answer was lost may have spent its nonce; a restore's token never ends like this.
            (401, Some("nonce_invalid")) if token.is_none() => {}
            _ => panic!("a wrong answer: {reply:?}"),
        }
        if rounds.is_multiple_of(50) {
            token = None;
        }
        // One restore in two seconds is what a session may have.
        tokio::time::sleep(Duration::from_millis(2100)).await;
    }
    token
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs for minutes: `make soak`"]
async fn f14_load_and_restarts_of_the_database_lose_nobody() {
    let (length, pause) = (seconds("SOAK_SECONDS", 300), seconds("SOAK_RESTART_SECONDS", 20));
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let start = Start {
        folder: folder.path().to_owned(),
        settings: Vec::new(),
    };
    let mut postgres = Postgres::start(start.clone()).await.unwrap();
    let url = postgres.url("postgres", "postgres");
    storage::migrate(&mut connect(&url).await).await.unwrap();
    let mut given = variables(&TestDb::create_empty().await);
    given.set("DATABASE_URL", &url);
    let process = Process::serve(given).await;

    let tally = Tally::default();
    let until = Instant::now() + length;
    let people = (0..100).map(|_| person(&process, &tally, until));
    let restarts = async {
        let mut restarts = 0;
        while Instant::now() + pause < until {
            tokio::time::sleep(pause).await;
            postgres.stop().await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            postgres = Postgres::start(start.clone()).await.unwrap();
            restarts += 1;
        }
        restarts
    };
    let (tokens, restarts) = tokio::join!(futures_util::future::join_all(people), restarts);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut alive = 0;
    for token in tokens.into_iter().flatten() {
        let input = json!({"session": {"refreshToken": token}});
        let client = reqwest::Client::new();
        process
            .call(&client, "/actions/restore-session", "v1RestoreSession", &input)
            .await
            .assert_ok();
        alive += 1;
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!("\n| what | how often |\n|---|---|");
    for (what, times) in [
        ("log-ins", count(&tally.log_ins)),
        ("restores", count(&tally.restores)),
        ("messages sent a second time and refused", count(&tally.replayed)),
        (
            "answers `unavailable`, each asked again",
            count(&tally.unavailable),
        ),
        ("answers `rate_limited`", count(&tally.limited)),
        ("restarts of PostgreSQL", restarts),
        ("sessions alive at the end, of all that were answered", alive),
        ("wrong answers", 0),
    ] {
        println!("| {what} | {times} |");
    }
    assert!(process.stop().await.0.success());
    postgres.stop().await.unwrap();
}

/// The memory limit of a process in the shipped manifests.
const MEMORY_LIMIT: u64 = 256 << 20;

/// A wallet that collects access tokens: it signs in, restores and retries as often as it is let, and shows each token to the
/// webhook, which keeps it.
async fn collect_tokens(process: &Process, collected: &AtomicU64, until: Instant) {
    let client = reqwest::Client::new();
    let restore = async |token: &str| {
        let input = json!({"session": {"refreshToken": token}});
        let reply = process
            .call(&client, "/actions/restore-session", "v1RestoreSession", &input)
            .await;
        if reply.status != 200 {
            reply.assert_error(429, "rate_limited");
            return None;
        }
        Tally::add(collected);
        let access = reply.res()["accessToken"].as_str().unwrap().to_owned();
        let webhook = client.get(format!("{}/webhook", process.base));
        let asked = webhook.bearer_auth(access).send().await.unwrap();
        assert_eq!(asked.status(), 200);
        Some(reply.refresh_token())
    };
    let own = wallet();
    while Instant::now() < until {
        let signed = own.log_in(&origin(), 1, &nonce(), Clock::system().now());
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        let reply = process.call(&client, "/actions/login", "v1Login", &input).await;
        if reply.status != 200 {
            reply.assert_error(429, "rate_limited");
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        }
        let first = reply.refresh_token();
        let mut head = first.clone();
        while let Some(newest) = restore(&first).await {
            head = newest;
        }
        while let Some(newest) = restore(&head).await {
            head = newest;
        }
    }
}

// Issue 14, item 4.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs for minutes: `make soak`"]
async fn a_flood_of_tokens_of_twelve_wallets_stays_below_the_memory_limit_of_the_manifests() {
    let process = Process::on(&TestDb::create().await).await;
    let before = process.peak_memory();
    let collected = AtomicU64::new(0);
    let until = Instant::now() + seconds("SOAK_SECONDS", 300);
    let wallets = (0..12).map(|_| collect_tokens(&process, &collected, until));
    futures_util::future::join_all(wallets).await;
    let peak = process.peak_memory();
    println!("\n| what | how much |\n|---|---|");
    println!("| access tokens | {} |", collected.load(Ordering::Relaxed));
    println!("| memory before, MiB | {} |", before >> 20);
    println!("| memory at its peak, MiB | {} |", peak >> 20);
    assert!(peak < MEMORY_LIMIT, "{peak} bytes");
    assert!(process.stop().await.0.success());
}
