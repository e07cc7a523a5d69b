//! Bodies that arrive slowly at `/sapi`: many of one client must not keep other clients out, neither at the service nor behind the
//! shipped Caddyfile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::caddy::Caddy;
use crate::support::wallet_flow::NONCE_PATH;
use crate::support::{Reply, TestApp, wallet};

/// More than are answered at once.
const SLOW: usize = 300;

async fn connect(to: SocketAddr, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Requests whose bodies go on and on, from this address.
async fn slow_bodies(to: SocketAddr, from: &str, forwarded_for: &str) -> Vec<TcpStream> {
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = connect(to, from).await;
        let head = format!(
            "POST {NONCE_PATH} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {forwarded_for}\r\ncontent-length: 90\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    slow
}

/// Twenty requests of another client are answered, and at once.
async fn assert_served(base: &str, from: &str, forwarded_for: &str) {
    let client = reqwest::Client::builder()
        .local_address(Some(from.parse().unwrap()))
        .build()
        .unwrap();
    let started = Instant::now();
    for _ in 0..20 {
        let request = client
            .post(format!("{base}{NONCE_PATH}"))
            .header("x-forwarded-for", forwarded_for)
            .json(&json!({"eth_address": wallet().address()}));
        Reply::of(request.send().await.unwrap()).await.assert_ok();
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

/// What the slow ones were answered, each in full.
async fn answers(slow: Vec<TcpStream>) -> Vec<String> {
    let mut all = Vec::new();
    for mut stream in slow {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        let _ = read.expect("each is answered");
        all.push(String::from_utf8_lossy(&answer).into_owned());
    }
    all
}

fn count(answers: &[String], text: &str) -> usize {
    answers.iter().filter(|answer| answer.contains(text)).count()
}

// Issue 14, item 8.
#[tokio::test]
async fn slow_bodies_of_one_client_leave_other_clients_served() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let slow = slow_bodies(app.address, "127.0.0.1", "203.0.113.7").await;
    let base = format!("http://{}", app.address);
    assert_served(&base, "127.0.0.1", "203.0.113.8").await;
    // The client itself is served as well: its oldest requests make room.
    assert_served(&base, "127.0.0.1", "203.0.113.7").await;
    let answers = answers(slow).await;
    let told = count(&answers, "HTTP/1.1 429 ") + count(&answers, "the body did not arrive in time");
    assert_eq!(told, SLOW, "{answers:?}");
    assert!(count(&answers, r#""code":"rate_limited""#) >= 200);
}

// Issue 14, item 8.
#[tokio::test]
async fn so_they_do_where_no_client_can_be_told_from_another() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "0")]).await;
    let slow = slow_bodies(app.address, "127.0.0.1", "203.0.113.7").await;
    assert_served(&format!("http://{}", app.address), "127.0.0.1", "203.0.113.8").await;
    let answers = answers(slow).await;
    let told = count(&answers, "HTTP/1.1 503 ") + count(&answers, "the body did not arrive in time");
    assert_eq!(told, SLOW, "{answers:?}");
    assert!(count(&answers, "retry-after: 1") >= SLOW - 256);
}

// Issue 14, item 8.
#[tokio::test]
async fn so_they_do_behind_the_shipped_caddyfile() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1")]).await;
    let service = app.address.to_string();
    // Nothing here asks Hasura.
    let caddy = Caddy::start(&service, &service, &[]).await;
    let at: SocketAddr = caddy.base.trim_start_matches("http://").parse().unwrap();
    let slow = slow_bodies(at, "127.0.0.2", "198.51.100.1").await;
    assert_served(&caddy.base, "127.0.0.1", "198.51.100.2").await;
    drop(slow);
    caddy.stop().await;
}

// Issue 14, item 8.
#[tokio::test]
async fn a_slow_body_of_a_preflight_or_of_no_route_takes_no_place_either() {
    let app = TestApp::start().await;
    let mut slow = Vec::new();
    for number in 0..SLOW {
        let mut stream = connect(app.address, "127.0.0.1").await;
        let (method, path) = if number % 2 == 0 {
            ("OPTIONS", NONCE_PATH)
        } else {
            ("POST", "/sapi/v9/nothing")
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\norigin: http://localhost:3000\r\naccess-control-request-method: POST\r\ncontent-length: 90\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_served(&format!("http://{}", app.address), "127.0.0.1", "203.0.113.8").await;
}
