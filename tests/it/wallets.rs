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

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wallets");

async fn sign_with(program: &str, script: &str, hasura: &Hasura) -> (String, SignedText) {
    let needed = if program == "node" {
        format!("{FOLDER}/node_modules")
    } else {
        program.to_owned()
    };
    assert!(
        Path::new(&needed).exists(),
        "{needed} is missing: run `make test-deps`"
    );
    let now = hasura.now();
    let input = json!({
        "private_key": format!("0x{}", hex::encode(hasura_siwe::entropy::Entropy::system().bytes::<32>())),
        "domain": "localhost:3000",
        "uri": "http://localhost:3000",
        "chain_id": 1,
        "nonce": nonce(),
        "statement": "Sign in with Ethereum to the app.",
        "issued_at": now.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap(),
        "expiration_time": (now + time::Duration::minutes(5)).replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap(),
    });
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

async fn signs_in(program: &str, script: &str) {
    let hasura = Hasura::start().await;
    let (address, signed) = sign_with(program, script, &hasura).await;
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
