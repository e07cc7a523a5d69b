//! Messages built and signed by the libraries that people use: viem and eth-account, run for real.
//!
//! `make test-deps` installs both; without them these tests fail and say so.

use std::path::Path;
use std::process::Stdio;

use hasura_siwe::cli::wallet::SignedText;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::hasura::Hasura;
use crate::support::nonce;
use crate::support::reply::{NAMESPACE, claims_of};
use crate::support::wallet_flow::BOTH;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wallets");

/// Address and signed text of a fresh key: of a message made from these fields, or of their `text`.
async fn sign_with(program: &str, script: &str, mut input: Value) -> (String, SignedText) {
    let needed = if program == "node" {
        format!("{FOLDER}/node_modules")
    } else {
        program.to_owned()
    };
    assert!(
        Path::new(&needed).exists(),
        "{needed} is missing: run `make test-deps`"
    );
    if input.get("private_key").is_none() {
        input["private_key"] = private_key().into();
    }
    let mut child = Command::new(program)
        .arg(format!("{FOLDER}/{script}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not run ({error}): run `make test-deps`"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{program} {script} failed");
    let signed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |name: &str| signed[name].as_str().unwrap().to_owned();
    (
        text("address"),
        SignedText {
            message: text("message"),
            signature: text("signature"),
        },
    )
}

fn private_key() -> String {
    format!(
        "0x{}",
        hex::encode(hasura_siwe::entropy::Entropy::system().bytes::<32>())
    )
}

async fn signs_in(program: &str, script: &str) {
    let hasura = Hasura::start().await;
    let now = hasura.now();
    let fields = json!({
        "domain": "localhost:3000",
        "uri": "http://localhost:3000",
        "chain_id": 1,
        "nonce": nonce(),
        "statement": "Sign in with Ethereum to the app.",
        "issued_at": now.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap(),
        "expiration_time": (now + time::Duration::minutes(5)).replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap(),
    });
    let (address, signed) = sign_with(program, script, fields).await;
    let (access, _) = hasura.log_in_with(&signed).await.tokens("v1Login");
    // The key of a real Hasura is not known here; its own verdict on the token is what counts then.
    if hasura.app.is_some() {
        assert_eq!(claims_of(&access)[NAMESPACE]["x-hasura-address"], address);
    }
    let bearer = format!("Bearer {access}");
    let query = "query ($address: String!) { accounts(where: {address: {_eq: $address}}) { network } }";
    let answer = hasura
        .graphql(&[("authorization", &bearer)], query, json!({"address": address}))
        .await;
    assert_eq!(answer.data()["accounts"], json!([{"network": "ethereum"}]));
}

#[tokio::test]
async fn a_message_of_viem_signs_in() {
    signs_in("node", "viem.mjs").await;
}

#[tokio::test]
async fn a_message_of_eth_account_signs_in() {
    signs_in(&format!("{FOLDER}/.venv/bin/python"), "eth_account_sign.py").await;
}

/// The text of a challenge, signed by the library's `personal_sign`.
async fn answers_challenges(program: &str, script: &str) {
    let hasura = Hasura::start().await;
    let key = private_key();
    let (address, _) = sign_with(program, script, json!({"private_key": key, "text": "who am I?"})).await;
    for flow in BOTH {
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let (_, signed) = sign_with(program, script, json!({"private_key": key, "text": text})).await;
        flow.answer(&hasura, &address, &signed.signature).await.unwrap();
    }
}

#[tokio::test]
async fn viem_answers_challenges() {
    answers_challenges("node", "viem.mjs").await;
}

#[tokio::test]
async fn eth_account_answers_challenges() {
    answers_challenges(&format!("{FOLDER}/.venv/bin/python"), "eth_account_sign.py").await;
}
