//! Chains of the ZK stack: nothing that creates a contract runs inside a call, so the universal validator of ERC-6492 does
//! not answer there, and a wallet that is deployed must be asked itself.

// Issue 14, item 22: field report W02.

use hasura_siwe::cli::wallet::SignedText;
use serde_json::{Value, json};

use crate::support::evm::{Evm, address, input, message, wrapped};
use crate::support::node::{CODE, Says, StubNode, YES};
use crate::support::{TestApp, wallet};

const CHAIN: u64 = 324;
/// The ways in which nodes answer a call without a receiver that they cannot run.
fn refusals() -> [Says; 4] {
    [
        Says::Result(json!("0x")),
        Says::Error(-32000, "execution reverted"),
        Says::Error(3, "execution reverted"),
        Says::Error(-32602, "missing field `to`"),
    ]
}

fn is_creation(question: &Value) -> bool {
    question["method"] == "eth_call" && question["params"][0]["to"].is_null()
}

/// A chain that runs no creation in a call, as that refusal says.
fn without_creation(node: &StubNode, refusal: Says) {
    node.answers(move |question, _| is_creation(question).then(|| refusal.clone()));
}

async fn with_a_stub() -> (TestApp, StubNode) {
    let node = StubNode::start().await;
    node.serves_chain(Says::Result(json!(format!("{CHAIN:#x}"))));
    let app = TestApp::with(&[("ETH_RPC_URLS", &format!("{CHAIN}={}", node.url))]).await;
    let client = app.db.connect().await;
    client
        .execute(
            "insert into networks (name, chain_id) values ('zksync', 324)",
            &[],
        )
        .await
        .unwrap();
    (app, node)
}

/// A log-in of a contract, and the same in a wrapper.
fn both(app: &TestApp) -> (SignedText, SignedText) {
    let account = wallet();
    let signed = message(account.address(), &wallet(), CHAIN, app.clock.now());
    let in_wrapper = wrapped(&signed, wallet().address(), vec![1, 2, 3]);
    (signed, in_wrapper)
}

#[tokio::test]
async fn a_deployed_wallet_is_asked_about_the_signature_in_the_wrapper() {
    let (app, node) = with_a_stub().await;
    for refusal in refusals() {
        without_creation(&node, refusal.clone());
        let (signed, in_wrapper) = both(&app);
        node.asked();
        app.log_in_with(&in_wrapper).await.assert_ok();
        let asked = node.asked();
        let call = &asked.last().unwrap()["params"][0];
        let account = signed.message.lines().nth(1).unwrap();
        assert_eq!(call["to"], account, "{refusal:?}");
        let data = call["data"].as_str().unwrap();
        let inner = signed.signature.strip_prefix("0x").unwrap();
        assert!(
            data.starts_with("0x1626ba7e") && data.contains(inner) && !data.contains("64926492"),
            "{data}"
        );
        // The nonce was spent by it.
        app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    }
}

#[tokio::test]
async fn what_the_wallet_does_not_confirm_with_the_magic_value_is_refused() {
    let (app, node) = with_a_stub().await;
    for refusal in refusals() {
        for no in [
            Says::Result(json!("0x")),
            Says::Result(json!("0x01")),
            Says::Result(json!("0x1626ba7e")),
            Says::Result(json!(format!("{YES}{}", "00".repeat(32)))),
            Says::Result(json!(format!("0x{}1626ba7e", "00".repeat(28)))),
            Says::Echo,
            Says::Error(3, "execution reverted"),
            Says::Error(-32000, "out of gas"),
        ] {
            without_creation(&node, refusal.clone());
            node.answers_calls(no.clone());
            let (_, in_wrapper) = both(&app);
            let reply = app.log_in_with(&in_wrapper).await;
            assert_eq!(
                reply.json()["code"],
                "signature_invalid",
                "{refusal:?} {no:?}: {reply:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_wallet_that_is_not_deployed_is_unsupported_there_and_keeps_its_nonce() {
    let (app, node) = with_a_stub().await;
    for refusal in refusals() {
        without_creation(&node, refusal.clone());
        node.sees_code(Says::Result(json!("0x")));
        let (_, in_wrapper) = both(&app);
        let reply = app.log_in_with(&in_wrapper).await;
        reply.assert_error(401, "contract_wallet_unsupported");
        assert!(reply.text.contains("not deployed"), "{refusal:?}: {reply:?}");
        // Once it is deployed, the same message signs in.
        node.sees_code(Says::Result(json!(CODE)));
        app.log_in_with(&in_wrapper).await.assert_ok();
    }
}

#[tokio::test]
async fn a_wrapper_that_holds_no_signature_is_invalid_there_too() {
    let (app, node) = with_a_stub().await;
    for refusal in refusals() {
        without_creation(&node, refusal);
        for code in ["0x", CODE] {
            node.sees_code(Says::Result(json!(code)));
            for body in [String::new(), "00".repeat(31), "ff".repeat(96)] {
                let (signed, _) = both(&app);
                let signed = SignedText {
                    signature: format!("0x{body}{}", "6492".repeat(16)),
                    ..signed
                };
                app.log_in_with(&signed)
                    .await
                    .assert_error(401, "signature_invalid");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_of_the_node_is_not_taken_for_a_chain_without_creation() {
    let (app, node) = with_a_stub().await;
    for fault in [
        Says::Error(-32005, "daily request count exceeded"),
        Says::Error(-32603, "Internal error"),
        Says::Status(429, None),
        Says::Body("<html>"),
    ] {
        without_creation(&node, fault.clone());
        node.sees_code(Says::Result(json!("0x")));
        let (_, in_wrapper) = both(&app);
        app.log_in_with(&in_wrapper)
            .await
            .assert_error(400, "rpc_unavailable");
        // Nor is its silence a no of a wallet that is there.
        node.sees_code(Says::Result(json!(CODE)));
        node.answers_calls(Says::Error(3, "execution reverted"));
        app.log_in_with(&in_wrapper)
            .await
            .assert_error(400, "rpc_unavailable");
        node.answers_calls(Says::Result(json!(YES)));
        node.answers(|_, _| None);
        node.answers_calls(Says::Result(json!("0x01")));
        app.log_in_with(&in_wrapper).await.assert_ok();
        node.answers_calls(Says::Result(json!(YES)));
    }
}

#[tokio::test]
async fn what_answers_after_a_refusal_must_serve_the_chain_as_well() {
    let (app, node) = with_a_stub().await;
    app.log_in_with(&both(&app).0).await.assert_ok();
    for refusal in [
        Says::Error(-32602, "missing field `to`"),
        Says::Error(-32603, "Internal error"),
    ] {
        let (_, in_wrapper) = both(&app);
        node.serves_chain(Says::Result(json!(format!("{CHAIN:#x}"))));
        // One more log-in, so that the node is known before it changes.
        node.answers(|_, _| None);
        app.log_in_with(&both(&app).0).await.assert_ok();
        without_creation(&node, refusal);
        node.serves_chain(Says::Result(json!("0x1")));
        node.asked();
        app.log_in_with(&in_wrapper)
            .await
            .assert_error(400, "rpc_unavailable");
        let asked = node.asked();
        let last = asked.last().unwrap();
        assert_eq!(last["method"], "eth_chainId", "{asked:?}");
    }
}

#[tokio::test]
async fn a_chain_that_runs_the_validator_refuses_a_bad_wrapper_as_invalid() {
    let (app, node) = with_a_stub().await;
    node.sees_code(Says::Result(json!("0x")));
    // The first creation is the wrapper's, which fails; the second is the question that is known to be answered no.
    node.answers(|question, earlier| {
        is_creation(question).then(|| match earlier {
            0 => Says::Error(3, "execution reverted"),
            _ => Says::Result(json!("0x00")),
        })
    });
    let (_, in_wrapper) = both(&app);
    app.log_in_with(&in_wrapper)
        .await
        .assert_error(401, "signature_invalid");
    // That the chain runs it is known now.
    node.answers(|question, _| is_creation(question).then_some(Says::Error(3, "execution reverted")));
    node.asked();
    let (_, in_wrapper) = both(&app);
    app.log_in_with(&in_wrapper)
        .await
        .assert_error(401, "signature_invalid");
    let asked = node.asked();
    assert_eq!(
        asked.iter().filter(|question| is_creation(question)).count(),
        1,
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_wrapper_that_one_of_two_nodes_does_not_confirm_is_refused() {
    let (one, other) = tokio::join!(StubNode::start(), StubNode::start());
    let urls = format!("{},{}", one.entry(), other.entry());
    let app = TestApp::with(&[("ETH_RPC_URLS", &urls)]).await;
    let signed = message(wallet().address(), &wallet(), 1, app.clock.now());
    let in_wrapper = wrapped(&signed, wallet().address(), vec![1]);
    one.answers_calls(Says::Result(json!("0x01")));
    without_creation(&other, Says::Result(json!("0x")));
    other.sees_code(Says::Result(json!("0x")));
    app.log_in_with(&in_wrapper)
        .await
        .assert_error(401, "contract_wallet_unsupported");
    other.answers(|_, _| None);
    other.answers_calls(Says::Result(json!("0x00")));
    app.log_in_with(&in_wrapper)
        .await
        .assert_error(401, "signature_invalid");
    other.answers_calls(Says::Result(json!("0x01")));
    app.log_in_with(&in_wrapper).await.assert_ok();
}

#[tokio::test]
async fn on_a_real_chain_the_wrapper_of_a_deployed_wallet_needs_no_factory() {
    let evm = Evm::start(1).await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &evm.entry())]).await;
    let (alice, bob) = (wallet(), wallet());
    let account = evm.wallet_of(&alice).await;
    let burning = evm.deploy("BurningWallet", &[]).await;
    let signs = |owner| message(account, owner, 1, app.clock.now());
    for factory in [burning, account, alice.address()] {
        let creation = input("replaceOwner(address)", &[address(bob.address())]);
        app.log_in_with(&wrapped(&signs(&alice), factory, creation))
            .await
            .assert_ok();
    }
    // A reverting factory, with a signature that is not the owner's: the wallet's own no stands.
    for factory in [burning, alice.address()] {
        app.log_in_with(&wrapped(&signs(&bob), factory, vec![1]))
            .await
            .assert_error(401, "signature_invalid");
    }
}
