//! Connections that are slow, idle, silent, many, or there when the service stops.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use hasura_siwe::server::{Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::app::variables;
use crate::support::db::TestDb;
use crate::support::process::Process;

/// Limits that a test can wait for; each far from the other.
fn limits() -> Limits {
    Limits {
        connections: 2,
        first_byte: Duration::from_secs(1),
        head: Duration::from_millis(200),
        body: Duration::from_secs(1),
        idle: Duration::from_secs(2),
        drain: Duration::from_secs(5),
        farewell: Duration::from_millis(300),
    }
}

struct Server {
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn start(limits: Limits) -> Server {
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/echo", post(|body: String| async move { body }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(600)).await;
                "late"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(async move {
        serve(listener, router, limits, async {
            let _ = stopped.await;
        })
        .await
    });
    Server {
        address,
        stop: Some(stop),
        ended,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes));
    let count = read.await.expect("an answer or an end").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_head_that_does_not_end_ends_the_connection_however_steadily_it_drips() {
    let server = start(limits()).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut alive = 0;
    // Ten lines in a second, and the head may take a fifth of one.
    for number in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if slow
            .write_all(format!("x-{number}: y\r\n").as_bytes())
            .await
            .is_err()
        {
            break;
        }
        alive = number;
    }
    let said = answer(&mut slow).await;
    assert!(!said.contains("here"), "{said}");
    assert!(alive < 9, "the connection took {alive} lines");
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_longer_than_a_slow_head() {
    let server = start(limits()).await;
    let mut pooled = server.connect().await;
    for _ in 0..2 {
        pooled.write_all(GET).await.unwrap();
        assert!(answer(&mut pooled).await.ends_with("here"));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // And not for ever.
    assert_eq!(answer(&mut pooled).await, "");
}

#[tokio::test]
async fn a_body_may_take_its_time_and_an_answer_too() {
    let server = start(limits()).await;
    let mut client = server.connect().await;
    client
        .write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    client.write_all(b"cd").await.unwrap();
    assert!(answer(&mut client).await.ends_with("abcd"));
    client
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(answer(&mut client).await.ends_with("late"));
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_while_all_others_have_a_request_in_flight() {
    let server = start(limits()).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    for busy in [&mut first, &mut second] {
        busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
    }
    let mut third = server.connect().await;
    third.write_all(GET).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), answer(&mut third)).await;
    assert!(early.is_err(), "the third is not served beside two others");
    // Both are answered in full before one of them makes room.
    assert!(answer(&mut first).await.ends_with("late"));
    assert!(answer(&mut second).await.ends_with("late"));
    assert!(answer(&mut third).await.ends_with("here"));
}

// Issue 14, item 7.
#[tokio::test]
async fn silent_connections_shut_no_new_client_out() {
    let limits = Limits {
        connections: 64,
        first_byte: Duration::from_secs(60),
        head: Duration::from_secs(60),
        body: Duration::from_secs(10),
        ..limits()
    };
    for sent in [&b""[..], b"GET / HTTP/1.1\r\nx: "] {
        let server = start(limits).await;
        let mut busy = server.connect().await;
        busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut uploading = server.connect().await;
        uploading
            .write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
            .await
            .unwrap();
        let mut silent = Vec::new();
        for _ in 0..200 {
            let mut stream = server.connect().await;
            stream.write_all(sent).await.unwrap();
            silent.push(stream);
        }
        let started = Instant::now();
        for _ in 0..20 {
            let mut client = server.connect().await;
            client.write_all(GET).await.unwrap();
            assert!(answer(&mut client).await.ends_with("here"));
        }
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        // What was in flight all the time is answered.
        uploading.write_all(b"cd").await.unwrap();
        assert!(answer(&mut uploading).await.ends_with("abcd"));
        assert!(answer(&mut busy).await.ends_with("late"));
        // The first that were silent made room, and the last are still there.
        assert_eq!(answer(&mut silent[0]).await, "");
        let last = silent.last_mut().unwrap();
        last.write_all(if sent.is_empty() {
            GET
        } else {
            b"y\r\nhost: x\r\n\r\n"
        })
        .await
        .unwrap();
        assert!(answer(last).await.ends_with("here"));
    }
}

// Issue 14, item 7.
#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed_sooner_than_one_that_was_used() {
    let server = start(limits()).await;
    let mut silent = server.connect().await;
    let started = Instant::now();
    assert_eq!(answer(&mut silent).await, "");
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_millis(900) && waited < Duration::from_millis(1900),
        "{waited:?}"
    );
    let shipped = Limits::default();
    assert!((5..=10).contains(&shipped.first_byte.as_secs()), "{shipped:?}");
    assert!(
        shipped.connections > 0 && shipped.connections <= 2048,
        "{shipped:?}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_end_ends_the_request_however_steadily_it_drips() {
    let server = start(limits()).await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")
        .await
        .unwrap();
    let (mut reader, mut writer) = slow.split();
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writer.write_all(b"x").await.is_err() {
                return std::future::pending::<()>().await;
            }
        }
    };
    let mut said = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        tokio::select! {
            read = reader.read_to_end(&mut said) => drop(read),
            () = dripping => {}
        }
    });
    ended.await.expect("the connection ends");
    let said = String::from_utf8_lossy(&said);
    assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
}

// Issue 14, item 7.
#[test]
fn every_listener_of_the_program_has_these_limits() {
    for path in crate::repository::files("src", "rs") {
        let text = crate::repository::read(&path);
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        assert!(!code.contains("axum::serve"), "{path}");
    }
}

// Issue 14, item 7.
#[tokio::test]
async fn silent_connections_and_few_open_files_keep_nobody_from_the_service_or_its_metrics() {
    let db = TestDb::create().await;
    let mut variables = variables(&db);
    let metrics = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    variables.set("METRICS_ADDR", metrics.to_string());
    // Forty connections at each listener are more than there are files.
    let process = Process::with_open_files(variables, 80).await;
    let service = process.base.trim_start_matches("http://").to_owned();
    let metrics = metrics.to_string();
    assert_eq!(process.status("/readyz").await, 200);
    let mut silent = Vec::new();
    for _ in 0..150 {
        for address in [&service, &metrics] {
            silent.push(TcpStream::connect(address.as_str()).await.unwrap());
        }
    }
    for _ in 0..10 {
        let client = reqwest::Client::new();
        for url in [
            format!("http://{service}/readyz"),
            format!("http://{metrics}/metrics"),
        ] {
            let asked = client.get(&url).timeout(Duration::from_secs(8)).send().await;
            assert_eq!(asked.unwrap().status(), 200, "{url}");
        }
    }
    drop(silent);
    assert!(process.stop().await.0.success());
}

#[tokio::test]
async fn a_head_far_beyond_64_kib_is_refused() {
    let server = start(limits()).await;
    let mut client = server.connect().await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(512 * 1024)
    );
    let _ = client.write_all(head.as_bytes()).await;
    let said = answer(&mut client).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
}

#[tokio::test]
async fn f09_a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut server = start(limits()).await;
    let mut busy = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("here"));
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.take().unwrap().send(()).unwrap();
    // What is sent on a connection that is there is answered, once.
    idle.write_all(GET).await.unwrap();
    let last = answer(&mut idle).await;
    assert!(
        last.ends_with("here") && last.contains("connection: close"),
        "{last}"
    );
    assert_eq!(answer(&mut idle).await, "", "and then it is closed");
    assert!(answer(&mut busy).await.ends_with("late"));
    server.ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn whoever_reads_no_answer_loses_the_connection() {
    let server = start(limits()).await;
    let mut deaf = server.connect().await;
    let request = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{}",
        1 << 20,
        "x".repeat(1 << 20)
    );
    let sending = async {
        // As many as fit into the buffers on the way, and more.
        for _ in 0..64 {
            if deaf.write_all(request.as_bytes()).await.is_err() {
                return true;
            }
        }
        false
    };
    let cut = tokio::time::timeout(Duration::from_secs(10), sending).await;
    assert_eq!(cut, Ok(true), "the connection is cut");
}
