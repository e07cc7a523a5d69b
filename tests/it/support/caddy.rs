//! The real Caddy with the project's Caddyfile.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deploy/caddy.sh");

/// A running Caddy.
pub struct Caddy {
    child: Child,
    /// Where it answers.
    pub base: String,
}

/// A port that nothing listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Caddy {
    /// In front of this Hasura and this service (host:port each). `protocols` other than the Caddyfile's own (`h2c`) are spoken as
    /// well.
    pub async fn start(hasura: &str, service: &str, protocols: &[&str]) -> Self {
        let port = free_port();
        let child = Command::new(SCRIPT)
            .args([hasura, service, &port.to_string()])
            .args(protocols)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let base = format!("http://127.0.0.1:{port}");
        for _ in 0..100 {
            if reqwest::get(format!("{base}/healthz")).await.is_ok() {
                return Self { child, base };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Caddy does not answer: run {SCRIPT} {hasura} {service} {port}");
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}
