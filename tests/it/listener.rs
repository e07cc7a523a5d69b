//! Connections that are slow, idle, many, or there when the service stops.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use hasura_siwe::server::{Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Limits that a test can wait for; each far from the other.
fn limits() -> Limits {
    Limits {
        connections: 2,
        head: Duration::from_millis(200),
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
async fn a_connection_beyond_the_cap_waits_for_a_place_and_gets_it() {
    let server = start(limits()).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    third.write_all(GET).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), answer(&mut third)).await;
    assert!(early.is_err(), "the third is not served beside two others");
    drop(first);
    assert!(answer(&mut third).await.ends_with("here"));
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
