//! The stub cases of tests/vectors/eip1271_stubs.json: what a node answers, and what that must mean.

use std::collections::BTreeSet;

use hasura_siwe::cli::wallet::SignedText;
use hasura_siwe::clock::Clock;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::siwe_vectors::{committed, external, id, listed, text};
use crate::support::db::TestDb;
use crate::support::evm::message;
use crate::support::node::{Says, StubNode};
use crate::support::{TestApp, wallet};

/// Its own test: `k03_a_node_of_another_chain_keeps_the_service_from_starting`, and the one after it.
const OF_THE_START: &str = "stub-wrong-chain";

fn says(answer: &Value) -> Says {
    if let Some(status) = answer["http"].as_u64() {
        let location = text(answer, "location").map(str::to_owned);
        return Says::Status(u16::try_from(status).unwrap(), location);
    }
    match answer {
        Value::String(result) => Says::Result(json!(result)),
        _ if answer["result"] == "<calldata>" => Says::Echo,
        _ if answer["result"].is_string() => Says::Result(answer["result"].clone()),
        _ if answer["error"]["message"] == "out of gas" => Says::Error(-32000, "out of gas"),
        _ if answer["error"].is_object() => Says::Error(3, "execution reverted"),
        _ if answer["hang"] == true => Says::Hangs,
        _ if answer["body"] == "<html>" => Says::Body("<html>"),
        _ if answer["body_bytes"].is_u64() => {
            Says::Bytes(usize::try_from(answer["body_bytes"].as_u64().unwrap()).unwrap())
        }
        other => panic!("no such answer: {other}"),
    }
}

#[tokio::test]
async fn the_real_wallets_of_the_published_vectors_are_asked_as_published() {
    let Some(cases) = external("eip1271.json") else {
        return;
    };
    let node = StubNode::start().await;
    let variables = [
        ("ETH_RPC_URLS", node.entry()),
        ("SIWE_ORIGINS", "http://localhost:4361".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let clock = Clock::starting_at(datetime!(2022-04-19 18:58 UTC));
    let app = TestApp::on(TestDb::create().await, clock, &variables).await;
    for case in cases.iter().filter(|case| text(case, "calldata").is_some()) {
        let signed = SignedText {
            message: text(case, "message").unwrap().to_owned(),
            signature: text(case, "signature").unwrap().to_owned(),
        };
        app.log_in_with(&signed).await.assert_ok();
        let asked = node.asked();
        let call = &asked.last().unwrap()["params"][0];
        let (data, published) = (call["data"].as_str().unwrap(), text(case, "calldata").unwrap());
        // Loopring's signature has 66 bytes, and its published input says 65 in front of them.
        let length = 2 + 2 * (4 + 64)..2 + 2 * (4 + 96);
        let bytes = (signed.signature.len() - 2) / 2;
        assert_eq!(data[length.clone()], format!("{bytes:064x}"));
        assert_eq!(data[..length.start], published[..length.start], "{}", case["id"]);
        assert_eq!(data[length.end..], published[length.end..], "{}", case["id"]);
        assert_eq!(call["to"].as_str(), text(case, "contract"), "{}", case["id"]);
    }
}

#[tokio::test]
async fn every_answer_of_a_node_means_what_its_case_says() {
    let node = StubNode::start().await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &node.entry())]).await;
    let mut otherwise = BTreeSet::new();
    let cases = committed("eip1271_stubs.json");
    for case in cases.iter().filter(|case| id(case) != OF_THE_START) {
        let rpc = &case["rpc"];
        node.serves_chain(says(&rpc["eth_chainId"]));
        node.sees_code(says(&rpc["eth_getCode"]));
        node.answers_calls(says(&rpc["eth_call"]));
        let signed = message(wallet().address(), &wallet(), 1, app.clock.now());
        let reply = app.log_in_with(&signed).await;
        let wanted = text(case, "error");
        let found = (reply.status != 200).then(|| reply.json()["code"].as_str().unwrap().to_owned());
        if found.as_deref() != wanted {
            println!("{}: {found:?} instead of {wanted:?}", case["id"]);
            otherwise.insert(id(case));
        }
    }
    otherwise.insert(OF_THE_START.to_owned());
    let documented: BTreeSet<String> = listed("## Vectors answered otherwise")
        .into_iter()
        .filter(|id| id.starts_with("stub-"))
        .collect();
    assert_eq!(otherwise, documented);
}
