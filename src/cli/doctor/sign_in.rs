//! A log-in of a wallet made for it, through Hasura, with what follows. Only where it was asked for: it leaves an account.

use serde_json::{Value, json};

use super::finding::{Outcome, fail, ok, skip};
use super::graphql::ask;
use super::hasura::NO_HASURA;
use super::patient::{Hasura, Patient};
use super::roles::as_user;
use super::settings::NO_CONFIGURATION;
use crate::cli::wallet::Wallet;
use crate::config::{Config, Nonces};
use crate::model::Flow;

const NONCE: &str = "query { v1Nonce { res } }";
const LOG_IN: &str = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res } }";
const NONCE_FOR: &str = "query v1Nonce($purpose: String) { v1Nonce(purpose: $purpose) { res } }";
const LOG_OUT: &str = "mutation { v1Logout { res } }";

pub(super) async fn sign_in(patient: &mut Patient) -> Outcome {
    if !patient.arguments.sign_in {
        return skip("not asked for: --sign-in");
    }
    let (Some(hasura), Ok(config)) = (&patient.hasura, &patient.config) else {
        return skip(if patient.hasura.is_none() {
            NO_HASURA
        } else {
            NO_CONFIGURATION
        });
    };
    if !config.flows.contains(&Flow::Siwe) {
        return skip("FLOWS leaves siwe out");
    }
    let Some(chain) = patient.chains.first() else {
        return skip("no network is known to be enabled");
    };
    match play(patient, hasura, config, *chain).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn play(patient: &Patient, hasura: &Hasura, config: &Config, chain: u64) -> Result<Outcome, Outcome> {
    let nonce = match config.nonces {
        Nonces::Client => hex::encode(patient.entropy.bytes::<12>()),
        Nonces::Server => {
            let answer = done(patient, hasura, &[], NONCE, &Value::Null).await?;
            text(&answer, "/v1Nonce/res/nonce")?
        }
    };
    let origin = config
        .origins
        .first()
        .ok_or_else(|| skip("SIWE_ORIGINS is empty"))?;
    let wallet = Wallet::draw(&patient.entropy);
    let signed = wallet.log_in(origin, chain, &nonce, patient.clock.now());
    let session = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let answer = done(patient, hasura, &[], LOG_IN, &session).await?;
    let bearer = format!("Bearer {}", text(&answer, "/v1Login/res/accessToken")?);
    let headers = [("authorization", bearer.as_str())];
    let seen = as_user(patient, hasura, &headers).await;
    let proof = json!({"purpose": "delete-account"});
    let proof = done(patient, hasura, &headers, NONCE_FOR, &proof).await;
    let proof = proof.and_then(|answer| text(&answer, "/v1Nonce/res/statement"));
    // Also where something was wrong: no session stays open.
    let answer = done(patient, hasura, &headers, LOG_OUT, &Value::Null).await?;
    seen?;
    proof?;
    if answer.pointer("/v1Logout/res/ended") != Some(&json!(1)) {
        return Err(fail(
            "the log-out ended no session",
            "see the service's log for v1Logout",
        ));
    }
    Ok(ok(format!(
        "{} signed in on chain {chain} from {origin}, acted as user, was refused as admin and signed out",
        wallet.address()
    )))
}

async fn done(
    patient: &Patient,
    hasura: &Hasura,
    headers: &[(&str, &str)],
    query: &str,
    variables: &Value,
) -> Result<Value, Outcome> {
    let answer = ask(patient, hasura, headers, query, variables)
        .await
        .map_err(|error| fail(error, "look at what stands between here and Hasura"))?;
    match answer.code {
        None => Ok(answer.data),
        Some(_) => Err(fail(
            format!("it ended with {}", answer.refusal()),
            "docs/api.md has cause and cure of each code",
        )),
    }
}

fn text(data: &Value, pointer: &str) -> Result<String, Outcome> {
    let found = data.pointer(pointer).and_then(Value::as_str);
    found.map(ToOwned::to_owned).ok_or_else(|| {
        fail(
            format!("the answer has no {pointer}"),
            "is it this service's metadata? See `metadata`",
        )
    })
}
