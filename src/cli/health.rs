//! `health`: the image's health check, so that the image needs no curl.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::doctor::here;
use crate::config::Variables;

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let listen: SocketAddr = variables
        .text("LISTEN_ADDR")
        .unwrap_or("127.0.0.1:4000")
        .trim()
        .parse()
        .context("LISTEN_ADDR is not an address and port")?;
    let url = format!("http://{}/readyz", here(listen));
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(4))
        .no_proxy()
        .build()?;
    let reply = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("no answer from {url}"))?;
    let (status, text) = (reply.status(), reply.text().await.unwrap_or_default());
    if status.is_success() {
        println!("ready");
        Ok(ExitCode::SUCCESS)
    } else {
        anyhow::bail!("not ready: {text}")
    }
}
