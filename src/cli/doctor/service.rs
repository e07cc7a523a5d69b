//! Checks of the service itself, asked as Hasura asks it, and of the nodes that it asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::{Value, json};

use super::finding::{Outcome, fail, ok, skip, warn};
use super::patient::{Patient, cause};
use super::settings::NO_CONFIGURATION;

/// Where the service answers: as Hasura is told, or else where it listens.
fn base(patient: &Patient) -> Result<String, Outcome> {
    if let Some(base) = patient.variables.text("ACTIONS_BASE_URL") {
        return Ok(base.trim().trim_end_matches('/').to_owned());
    }
    match &patient.config {
        Ok(config) => Ok(format!("http://{}", here(config.listen))),
        Err(_) => Err(skip(NO_CONFIGURATION)),
    }
}

/// Listening everywhere is reached here.
pub(in crate::cli) fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Said of a service that does not answer.
const START_IT: &str = "start `hasura-siwe serve`, or say in ACTIONS_BASE_URL where it answers Hasura";

pub(super) async fn readiness(patient: &mut Patient) -> Outcome {
    let base = match base(patient) {
        Ok(base) => base,
        Err(outcome) => return outcome,
    };
    let reply = match patient.client.get(format!("{base}/readyz")).send().await {
        Ok(reply) => reply,
        Err(error) => return fail(format!("{base}: {}", cause(error)), START_IT),
    };
    let (status, text) = (reply.status(), reply.text().await.unwrap_or_default());
    if status.is_success() {
        return ok(format!("{base} is ready"));
    }
    // Its own sentence, or that of whatever else answers there.
    let said: String = text.chars().take(200).collect();
    fail(
        format!("{base}/readyz answers {status}: {said}"),
        "do what the sentence says; if it is none of the service's, correct ACTIONS_BASE_URL",
    )
}

/// A log-in that nobody could mean: it is refused before anything is written or counted.
pub(super) fn hopeless_log_in() -> Value {
    json!({"session": {"message": "hasura-siwe doctor", "signature": "0x00"}})
}

pub(super) async fn actions_secret(patient: &mut Patient) -> Outcome {
    let base = match base(patient) {
        Ok(base) => base,
        Err(outcome) => return outcome,
    };
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let body = json!({
        "action": {"name": "v1Login"},
        "input": hopeless_log_in(),
        "session_variables": {"x-hasura-role": "guest"},
    });
    for (at, secret) in config.actions_secrets.iter().enumerate() {
        let request = patient
            .client
            .post(format!("{base}/actions/login"))
            .header("x-actions-secret", secret.expose())
            .json(&body);
        let reply = match request.send().await {
            Ok(reply) => reply,
            Err(error) => return fail(format!("{base}: {}", cause(error)), START_IT),
        };
        let status = reply.status();
        let said: Value = reply.json().await.unwrap_or_default();
        match said["code"].as_str() {
            Some("caller_not_allowed") => {
                return fail(
                    format!(
                        "the service refuses secret {} of ACTIONS_SECRET (caller_not_allowed)",
                        at + 1
                    ),
                    "restart the service with this ACTIONS_SECRET, or run this command with the service's",
                );
            }
            Some("message_malformed" | "flow_closed") => {}
            Some("unavailable") => {
                return fail(
                    "the service answers unavailable",
                    "see the checks `database` and `signing-key`",
                );
            }
            _ => {
                return fail(
                    format!("{base}/actions/login answers {status}, and not as the service does"),
                    "correct ACTIONS_BASE_URL: something else answers there",
                );
            }
        }
    }
    if config.actions_secrets.len() > 1 {
        return warn(
            "the service accepts two secrets",
            "once Hasura sends the new one, take the old one out of ACTIONS_SECRET",
        );
    }
    ok("the service accepts it")
}

pub(super) async fn nodes(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    if config.rpc_urls.is_empty() {
        return skip("ETH_RPC_URLS names no node: contract wallets do not sign in");
    }
    let question = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []});
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (chain, url) in config
        .rpc_urls
        .iter()
        .flat_map(|(chain, urls)| urls.iter().map(move |url| (chain, url)))
    {
        let host = &url.host;
        let asked = patient.client.post(url.url.expose()).json(&question).send().await;
        let served = match asked {
            Err(error) => Err(cause(error)),
            Ok(reply) => {
                let status = reply.status();
                let said: Value = reply.json().await.unwrap_or_default();
                let served = said["result"].as_str().and_then(|text| text.strip_prefix("0x"));
                served
                    .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                    .ok_or_else(|| format!("answers {status}, and no chain id"))
            }
        };
        match served {
            Ok(served) if served.to_string() == chain.to_string() => {
                good.push(format!("{host} serves chain {chain}"))
            }
            Ok(served) => bad.push(format!("{host} serves chain {served}, and not {chain}")),
            Err(why) => bad.push(format!("{host}, chain {chain}: {why}")),
        }
    }
    if bad.is_empty() {
        return ok(good.join("; "));
    }
    fail(
        bad.join("; "),
        "correct ETH_RPC_URLS, or look at the provider's limits; in compose add docker-compose.rpc.yml",
    )
}
