//! Things around the service that stop, stall or fill up: what is answered meanwhile, and that it goes on by itself.
//! What happens at each point of a rotation is in `faults`.

use std::time::{Duration, Instant};

use hasura_siwe::clock::Clock;
use serde_json::json;

use crate::support::app::variables;
use crate::support::cluster::Cluster;
use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::{Reply, TestApp, nonce, origin, wallet};

async fn log_in(process: &Process) -> Reply {
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    process
        .call(&reqwest::Client::new(), "/actions/login", "v1Login", &input)
        .await
}

async fn restore(process: &Process, token: &str) -> Reply {
    let input = json!({"session": {"refreshToken": token}});
    let client = reqwest::Client::new();
    process
        .call(&client, "/actions/restore-session", "v1RestoreSession", &input)
        .await
}

#[tokio::test]
async fn f01_the_database_stops_and_starts_and_nobody_is_signed_out() {
    let cluster = Cluster::start(&[]).await;
    let process = cluster.process().await;
    let token = log_in(&process).await.assert_ok().refresh_token();
    cluster.stop().await;
    for _ in 0..5 {
        restore(&process, &token).await.assert_error(400, "unavailable");
        log_in(&process).await.assert_error(400, "unavailable");
    }
    assert_eq!(
        (process.status("/healthz").await, process.status("/readyz").await),
        (200, 503)
    );
    // In webhook mode Hasura must not take it for "sign in again".
    let hook = reqwest::Client::new()
        .get(format!("{}/webhook", process.base))
        .header("authorization", "Bearer a.b.c");
    assert_eq!(
        hook.send().await.unwrap().status(),
        401,
        "what is no token is none"
    );

    cluster.start_again(&[]).await;
    let up = Instant::now();
    while process.status("/readyz").await != 200 {
        assert!(up.elapsed() < Duration::from_secs(5), "it recovers by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    restore(&process, &token).await.assert_ok();
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn f02_statements_that_hang_use_up_the_pool_and_nobody_waits_for_longer_than_he_may() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "2")]).await;
    let token = app.log_in(&wallet()).await;
    let blocker = app.db.connect().await;
    blocker
        .batch_execute("begin; lock table auth.sessions in access exclusive mode")
        .await
        .unwrap();
    let begun = Instant::now();
    let all = (0..20).map(|_| async { app.log_in_with(&app.message(&wallet())).await });
    for reply in futures_util::future::join_all(all).await {
        reply.assert_error(400, "unavailable");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}: nobody queues behind the others' waiting",
        begun.elapsed()
    );
    blocker.batch_execute("rollback").await.unwrap();
    app.restore(&token).await.assert_ok();
}

#[tokio::test]
async fn a_database_that_only_reads_refuses_what_writes_and_goes_on_afterwards() {
    let cluster = Cluster::start(&[]).await;
    let process = cluster.process().await;
    let token = log_in(&process).await.assert_ok().refresh_token();
    let switch = async |on: &str| {
        let client = cluster.client().await;
        let statement = format!("alter system set default_transaction_read_only = {on}");
        client.batch_execute(&statement).await.unwrap();
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        // Whoever connects after the others were told has it from the start.
        let begun = Instant::now();
        let shown = async || {
            let row = cluster
                .client()
                .await
                .query_one("show default_transaction_read_only", &[])
                .await;
            row.unwrap().get::<_, String>(0)
        };
        while shown().await != on {
            assert!(begun.elapsed() < Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    switch("on").await;
    restore(&process, &token).await.assert_error(400, "unavailable");
    log_in(&process).await.assert_error(400, "unavailable");
    // Issue 14, item 6.
    assert_eq!(process.status("/readyz").await, 503);
    let client = cluster.client().await;
    for statement in [
        "set default_transaction_read_only = off",
        "alter system reset default_transaction_read_only",
        "select pg_reload_conf()",
    ] {
        client.batch_execute(statement).await.unwrap();
    }
    let begun = Instant::now();
    while restore(&process, &token).await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begun = Instant::now();
    while process.status("/readyz").await != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "it recovers by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn f04_clients_that_go_away_leave_no_transaction_and_no_connection_behind() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "3")]).await;
    let mut token = app.log_in(&wallet()).await;
    for _ in 0..200 {
        let gone = app.restore(&token);
        // Given up at some point of its way, or done just before.
        let _ = tokio::time::timeout(Duration::from_micros(700), gone).await;
    }
    // So many retries of one token were limited for a moment.
    app.clock.advance(time::Duration::seconds(10));
    let reply = app.restore(&token).await;
    token = reply.assert_ok().refresh_token();
    app.restore(&token).await.assert_ok();
    let client = app.db.connect().await;
    let open: i64 = client
        .query_one(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(open, 0);
}

#[tokio::test]
async fn f07_a_process_whose_clock_is_an_hour_off_gives_no_longer_life_and_takes_no_old_message() {
    let app = TestApp::start().await;
    let alice = wallet();
    let signed = app.message(&alice);
    // Ahead: its messages are old to it, and expiries that the database judges are where they were.
    app.clock.advance(time::Duration::hours(1));
    app.log_in_with(&signed)
        .await
        .assert_error(401, "message_expired");
    let reply = app.log_in_with(&app.message(&alice)).await;
    let claims = reply.assert_ok().claims();
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives, 3605);
    // Back again: what it issued then is of the future, and not good for longer than the jump.
    app.clock.advance(time::Duration::hours(-1));
    let token = reply.res()["accessToken"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let hook = reqwest::Client::new()
        .get(format!("http://{}/webhook", app.address))
        .header("authorization", bearer);
    assert_eq!(hook.send().await.unwrap().status(), 401, "issued in the future");
    app.restore(&reply.refresh_token()).await.assert_ok();
}

#[tokio::test]
async fn f11_a_log_that_nobody_reads_stops_no_request() {
    let mut variables = variables(&TestDb::create().await);
    variables.set("RUST_LOG", "trace");
    // Its log is never read: the pipe is full after 64 KiB.
    let process = Process::unread(variables).await;
    let begun = Instant::now();
    for _ in 0..300 {
        assert_eq!(process.status("/healthz").await, 200);
    }
    log_in(&process).await.assert_ok();
    assert!(begun.elapsed() < Duration::from_secs(30));
    process.kill().await;
}

#[tokio::test]
async fn f09_a_process_that_is_stopped_under_load_costs_no_request_behind_a_balancer() {
    let db = TestDb::create().await;
    let (one, other) = (Process::on(&db).await, Process::on(&db).await);
    let host = |process: &Process| process.base.strip_prefix("http://").unwrap().to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("Caddyfile");
    // Not round_robin: its counter is shared, so two requests at once may each meet the stopping process at every turn, and
    // are told that there is no upstream, which Caddy before 2.7.5 repeats for GET alone.
    let text = format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\n:{port} {{\n\tbind 127.0.0.1\n\treverse_proxy {} {} {{\n\t\tlb_policy least_conn\n\t\thealth_uri /readyz\n\t\thealth_interval 200ms\n\t\t\
         lb_try_duration 5s\n\t}}\n}}\n",
        host(&one),
        host(&other)
    );
    std::fs::write(&config, text).unwrap();
    let _caddy = tokio::process::Command::new("caddy")
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&config)
        .env("XDG_CONFIG_HOME", folder.path())
        .env("XDG_DATA_HOME", folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("caddy does not run ({error}): run `make test-deps`"));
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "caddy listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let url = format!("http://127.0.0.1:{port}/actions/restore-session");
    let until = Instant::now() + Duration::from_secs(5);
    let mut tokens = Vec::new();
    for _ in 0..12 {
        tokens.push(log_in(&one).await.assert_ok().refresh_token());
    }
    let load = tokens.into_iter().map(|mut token| {
        let url = url.clone();
        async move {
            let client = reqwest::Client::new();
            let mut answered = 0;
            while Instant::now() < until {
                let body = json!({"action": {"name": "v1RestoreSession"}, "session_variables": {"x-hasura-role": "guest"},
                    "input": {"session": {"refreshToken": token}}});
                let request = client
                    .post(&url)
                    .header("x-actions-secret", crate::support::app::ACTIONS_SECRET)
                    .json(&body);
                let reply = Reply::of(request.send().await.unwrap()).await;
                token = reply.assert_ok().refresh_token();
                answered += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answered
        }
    });
    let stopped = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        one.stop().await.0
    };
    let (answered, status) = tokio::join!(futures_util::future::join_all(load), stopped);
    assert!(status.success());
    assert!(answered.iter().sum::<i32>() > 100, "{answered:?}");
    assert!(other.stop().await.0.success());
}
