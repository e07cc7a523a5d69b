//! One node: JSON-RPC over HTTP, with a cap on time and on size, and the chain that it must serve.
//!
//! It follows no redirect and takes no proxy from the environment: the operator named an address, and whoever else
//! answered could say yes for every contract.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Histogram, counter, histogram};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Instrument, error, info};

use super::answer::{self, Answer};
use super::fault::{Fault, Kind};
use crate::config::RpcUrl;
use crate::model::{Address, ChainId};
use crate::secret::Secret;
use crate::trace;

/// No question takes longer, its answer included.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest answer is the code of a contract: 24 KiB, as twice as many digits.
const ANSWER_CAP: usize = 64 * 1024;
/// How long a node is known by its chain. A pool of connections does not say when it made a new one, which may lead to
/// another node behind the same name.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// Who calls: nobody has the key of it. Not address 0, which nodes take by default: contracts know by that that they
/// are being simulated, and some then check no signature.
pub(super) const CALLER: Address =
    Address::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64, 0x92]);

const REQUESTS: &str = "hasura_siwe_rpc_requests_total";

/// A node of one chain.
#[derive(Debug)]
pub(super) struct Node {
    chain: ChainId,
    host: String,
    url: Secret<String>,
    client: Client,
    known_until: Mutex<Option<Instant>>,
    /// Whether the universal validator is known to run in its calls, which is a matter of the chain.
    pub(super) runs_validator: AtomicBool,
    /// Whether the log was told that it serves another chain.
    told: AtomicBool,
    /// How long it takes, an answer that does not come included.
    seconds: Histogram,
}

/// The client that all nodes share.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .build()
}

impl Node {
    pub(super) fn new(chain: ChainId, url: &RpcUrl, client: &Client) -> Self {
        // There from the start, at 0: the first of a kind would be no increase.
        for result in ["answered", "timed_out", "unreachable", "status", "refused"] {
            counter!(REQUESTS, "chain" => chain.to_string(), "result" => result).increment(0);
        }
        Self {
            chain,
            host: url.host.clone(),
            url: url.url.clone(),
            client: client.clone(),
            known_until: Mutex::new(None),
            runs_validator: AtomicBool::new(false),
            told: AtomicBool::new(false),
            seconds: histogram!("hasura_siwe_rpc_seconds", "chain" => chain.to_string()),
        }
    }

    /// The chain that it must serve.
    pub(super) fn chain(&self) -> ChainId {
        self.chain
    }

    /// Makes sure that the node serves its chain.
    pub(super) async fn identify(&self) -> Result<(), Fault> {
        let known_until = *self.known_until.lock().unwrap_or_else(PoisonError::into_inner);
        if known_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let served = self.ask("eth_chainId", json!([]), answer::number).await?;
        let served = self.present(served)?;
        if served != self.chain.get() {
            self.count(Kind::WrongChain(served).label());
            if !self.told.swap(true, Ordering::Relaxed) {
                error!(chain.id = %self.chain, rpc.host = %self.host, "a node of ETH_RPC_URLS serves another chain: it is not asked");
            }
            return Err(self.fault(Kind::WrongChain(served)));
        }
        if self.told.swap(false, Ordering::Relaxed) {
            info!(chain.id = %self.chain, rpc.host = %self.host, "a node of ETH_RPC_URLS serves its chain again");
        }
        *self.known_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + KNOWN_FOR);
        Ok(())
    }

    /// The number of the latest block. Not the block itself, which on busy chains is larger than any answer may be.
    pub(super) async fn block_number(&self) -> Result<u64, Fault> {
        let number = self.ask("eth_blockNumber", json!([]), answer::number).await?;
        self.present(number)
    }

    /// Whether there is code at an address.
    pub(super) async fn has_code(&self, address: Address, block: u64) -> Result<bool, Fault> {
        let params = json!([address, format!("{block:#x}")]);
        let code = self.ask("eth_getCode", params, answer::bytes).await?;
        Ok(!self.present(code)?.is_empty())
    }

    /// What a call returns, at a contract or as the creation of one; `None` where the execution fails. No gas is
    /// named: some contracts need a lot, and the node has a limit of its own.
    pub(super) async fn call(
        &self,
        to: Option<Address>,
        input: &[u8],
        block: u64,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let mut call = json!({"from": CALLER, "data": format!("0x{}", hex::encode(input))});
        if let Some(to) = to {
            call["to"] = json!(to);
        }
        self.ask("eth_call", json!([call, format!("{block:#x}")]), answer::bytes)
            .await
    }

    /// One question and its answer, read; `None` where an execution failed.
    async fn ask<T>(
        &self,
        method: &str,
        params: Value,
        read: impl Fn(&str) -> Result<T, Kind>,
    ) -> Result<Option<T>, Fault> {
        let begun = Instant::now();
        let span = trace::part!(
            "node",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system = "jsonrpc",
            rpc.method = method,
            server.address = self.host.as_str(),
            chain.id = self.chain.get()
        );
        let asked = tokio::time::timeout(CALL_TIMEOUT, self.exchange(method, params))
            .instrument(span.clone())
            .await
            .unwrap_or(Err(Kind::TIMED_OUT))
            .and_then(|answer| answer.as_deref().map(read).transpose());
        self.seconds.record(begun.elapsed());
        match &asked {
            Ok(Some(_)) => self.count("answered"),
            Ok(None) => self.count("reverted"),
            Err(kind) => {
                span.record("otel.status_code", "ERROR");
                self.count(kind.label());
            }
        }
        asked.map_err(|kind| self.fault(kind))
    }

    async fn exchange(&self, method: &str, params: Value) -> Result<Answer, Kind> {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        // The error of the client is dropped: it holds the URL.
        let response = self
            .client
            .post(self.url.expose())
            .json(&question)
            .send()
            .await
            .map_err(|_| Kind::Unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(Kind::Status(response.status().as_u16()));
        }
        answer::read(&body(response).await?)
    }

    /// Only calls execute anything; to the other questions a failed execution is no answer.
    fn present<T>(&self, answer: Option<T>) -> Result<T, Fault> {
        answer.ok_or_else(|| self.fault(Kind::Malformed))
    }

    /// After a fault the node is not known any more: what answers next may be another one.
    fn fault(&self, kind: Kind) -> Fault {
        *self.known_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Fault {
            chain: self.chain,
            host: self.host.clone(),
            kind,
        }
    }

    fn count(&self, result: &'static str) {
        counter!(REQUESTS, "chain" => self.chain.to_string(), "result" => result).increment(1);
    }
}

/// Reads no more than [`ANSWER_CAP`], whatever length the answer says or does not say it has.
async fn body(mut response: Response) -> Result<Vec<u8>, Kind> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Kind::Unreachable)? {
        if body.len() + chunk.len() > ANSWER_CAP {
            return Err(Kind::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
