//! Requests as bytes, for paths that an HTTP client would tidy up before it sends them.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wallet_flow::NONCE_PATH;

/// Status and everything else of the reply to a request whose path is sent as it stands.
pub async fn request(base: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n"
    );
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .await
        .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let text = String::from_utf8_lossy(&reply).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no HTTP: {text}")), text)
}

/// Both replies, as one text, to a request that is sent twice on one connection.
pub async fn twice(base: &str, method: &str, path: &str, body: &str) -> String {
    let host = base.trim_start_matches("http://");
    let (mut reader, mut writer) = TcpStream::connect(host).await.unwrap().into_split();
    let length = body.len();
    let sent: String = ["keep-alive", "close"]
        .map(|connection| {
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\nContent-Length: {length}\r\n\r\n{body}")
        })
        .concat();
    let sending = tokio::spawn(async move {
        // Whoever closes early is found out by the replies.
        let _ = writer.write_all(sent.as_bytes()).await;
        writer
    });
    let mut replies = Vec::new();
    let _ = reader.read_to_end(&mut replies).await;
    drop(sending.await);
    String::from_utf8_lossy(&replies).into_owned()
}

/// What stands at `base` passes `/sapi/*` to the service, and nothing else, however it is spelled.
pub async fn assert_only_sapi_leads_to_the_service(base: &str) {
    let body = json!({"eth_address": "Ox"}).to_string();
    for path in [NONCE_PATH, NONCE_PATH.trim_end_matches('/')] {
        let (status, reply) = request(base, "POST", path, &body).await;
        assert_eq!(status, 400, "{reply}");
        assert!(
            reply.contains(r#"{"status":"error","message":"an address is"#),
            "{reply}"
        );
    }
    // Larger than the service reads and smaller than the proxy refuses: no 502, then or to the next.
    let large = "x".repeat(500_000);
    for _ in 0..10 {
        let (status, reply) = request(base, "POST", NONCE_PATH, &large).await;
        assert_eq!(status, 413, "{reply}");
        assert!(
            reply.contains(r#""code":"payload_too_large","payload":null}"#),
            "{reply}"
        );
        let (status, reply) = request(base, "POST", NONCE_PATH, &body).await;
        assert_eq!(status, 400, "{reply}");
    }
    let (status, reply) = request(base, "POST", "/sapi/v9/anything", "{}").await;
    assert_eq!(status, 404, "{reply}");
    assert!(reply.contains(r#""code":"not_found","payload":null}"#), "{reply}");

    for prefix in [
        "",
        "/",
        "/sapi/..",
        "/sapi/%2e%2e",
        "/sapi/.%2E",
        "/sapi/..%2f",
        "/sapi/%2e%2e%2f",
        "/sapi/v2/../..",
        "/sapi/v2/auth/nonce/../../../..",
        "/sapi//..",
        "/sapi/./..",
        "/SAPI/..",
        "/sapi;/..",
        "/sapi/..;",
        "/sapi/..\\",
    ] {
        for path in [
            "/actions/login",
            "/actions/challenge",
            "/webhook",
            "/readyz",
            "/metrics",
            "/.well-known/jwks.json",
        ] {
            for method in ["GET", "POST"] {
                let path = format!("{prefix}{path}");
                let (status, reply) = request(base, method, &path, "").await;
                assert!((400..500).contains(&status), "{method} {path}: {reply}");
                for ours in [
                    "caller_not_allowed",
                    "x-hasura-role",
                    "the body is not what Hasura's auth hook sends",
                ] {
                    assert!(!reply.contains(ours), "{method} {path}: {reply}");
                }
            }
        }
    }
}
