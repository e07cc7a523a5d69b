//! Nodes that lie, hang, redirect, flood or serve another chain: none of it signs anybody in, and none of it spends a
//! nonce.

use hasura_siwe::app::App;
use hasura_siwe::cli::wallet::SignedText;
use hasura_siwe::clock::Clock;
use hasura_siwe::config::Config;
use hasura_siwe::entropy::Entropy;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::app::variables;
use crate::support::db::TestDb;
use crate::support::evm::message;
use crate::support::node::{CODE, Says, StubNode, YES};
use crate::support::process::Process;
use crate::support::{TestApp, wallet};

async fn app_with(nodes: &[&StubNode]) -> TestApp {
    let entries: Vec<String> = nodes.iter().map(|node| node.entry()).collect();
    let app = TestApp::with(&[("ETH_RPC_URLS", &entries.join(","))]).await;
    // It has asked each node for its chain before it answers anything.
    app.get("/healthz").await.assert_ok();
    app
}

/// A message of some contract, which the node is asked about.
fn contracts_message(app: &TestApp) -> SignedText {
    message(wallet().address(), &wallet(), 1, app.clock.now())
}

fn yes() -> Says {
    Says::Result(json!(YES))
}

#[tokio::test]
async fn one_check_is_made_at_one_block_of_the_right_chain() {
    let node = StubNode::start().await;
    let app = app_with(&[&node]).await;
    let signed = contracts_message(&app);
    node.asked();
    app.log_in_with(&signed).await.assert_ok();
    let asked = node.asked();
    let methods: Vec<&str> = asked
        .iter()
        .map(|question| question["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["eth_blockNumber", "eth_getCode", "eth_call"]);
    assert_eq!(asked[1]["params"][1], "0x10");
    assert_eq!(asked[2]["params"][1], "0x10");
    let call = &asked[2]["params"][0];
    assert!(call["gas"].is_null(), "the node's own limit holds");
    assert_ne!(call["from"], json!(format!("0x{}", "00".repeat(20))));
}

#[tokio::test]
async fn what_can_be_refused_without_a_node_costs_no_call() {
    let node = StubNode::start().await;
    let app = app_with(&[&node]).await;
    let signed = contracts_message(&app);
    node.asked();
    let with = |message: String, signature: &str| SignedText {
        message,
        signature: signature.to_owned(),
    };
    for (signed, status, code) in [
        (
            with(
                signed.message.replace("localhost:3000", "localhost:3001"),
                &signed.signature,
            ),
            401,
            "domain_mismatch",
        ),
        (
            with(signed.message.replace("Version: 1", "Version: 2"), "0x"),
            400,
            "message_malformed",
        ),
        (with(signed.message.clone(), "0x0"), 400, "signature_malformed"),
        (with(signed.message.clone(), ""), 400, "signature_malformed"),
        (
            with(signed.message.clone(), &format!("0x{}", "00".repeat(8192))),
            400,
            "message_too_large",
        ),
    ] {
        app.log_in_with(&signed).await.assert_error(status, code);
    }
    let asked = node.asked();
    assert!(
        asked.iter().all(|question| question["method"] == "eth_chainId"),
        "the start may ask for the chain, and no log-in asks anything: {asked:?}"
    );
}

#[tokio::test]
async fn k03_a_node_of_another_chain_keeps_the_service_from_starting() {
    let node = StubNode::start().await;
    node.serves_chain(Says::Result(json!("0x89")));
    let mut variables = variables(&TestDb::create().await);
    variables.set("ETH_RPC_URLS", node.entry());
    let config = Config::read(&variables).unwrap();
    let app = App::build(&config, Clock::system(), Entropy::system()).unwrap();
    let listener = TcpListener::bind(config.listen).await.unwrap();
    let refused = app.serve(listener, std::future::pending()).await.unwrap_err();
    let sentence = format!("{refused:#}");
    assert!(
        sentence.contains("chain 1,") && sentence.contains("chain 137"),
        "{sentence}"
    );
    assert!(!sentence.contains("KeyOfTheProvider"), "{sentence}");
}

#[tokio::test]
async fn k03_a_node_that_turns_out_to_be_of_another_chain_is_not_asked() {
    let node = StubNode::start().await;
    node.serves_chain(Says::Status(503, None));
    let app = app_with(&[&node]).await;
    let signed = contracts_message(&app);
    app.log_in_with(&signed)
        .await
        .assert_error(400, "rpc_unavailable");
    node.serves_chain(Says::Result(json!("0x89")));
    node.asked();
    for _ in 0..2 {
        app.log_in_with(&signed)
            .await
            .assert_error(400, "rpc_unavailable");
    }
    assert!(
        node.asked()
            .iter()
            .all(|question| question["method"] == "eth_chainId")
    );
    node.serves_chain(Says::Result(json!("0x1")));
    app.log_in_with(&signed).await.assert_ok();
}

#[tokio::test]
async fn k03_after_a_fault_the_chain_is_asked_for_again() {
    let node = StubNode::start().await;
    let app = app_with(&[&node]).await;
    app.log_in_with(&contracts_message(&app)).await.assert_ok();
    node.answers_calls(Says::Status(502, None));
    let signed = contracts_message(&app);
    app.log_in_with(&signed)
        .await
        .assert_error(400, "rpc_unavailable");
    // Behind the same name there is now a node of another chain, which says yes to everything.
    node.serves_chain(Says::Result(json!("0x2105")));
    node.answers_calls(yes());
    app.log_in_with(&signed)
        .await
        .assert_error(400, "rpc_unavailable");
}

#[tokio::test]
async fn k04_a_key_needs_no_node() {
    let node = StubNode::start().await;
    node.serves_chain(Says::Hangs);
    let app = app_with(&[&node]).await;
    let signed = app.message(&wallet());
    app.log_in_with(&signed).await.assert_ok();
    let asked = node.asked();
    assert!(asked.len() <= 1, "the start asks, and no log-in: {asked:?}");
}

#[tokio::test]
async fn k05_a_fault_of_the_node_is_no_answer_and_leaves_the_nonce() {
    let (node, inner) = tokio::join!(StubNode::start(), StubNode::start());
    let app = app_with(&[&node]).await;
    for fault in [
        Says::Hangs,
        Says::Status(429, None),
        Says::Status(500, None),
        Says::Status(204, None),
        Says::Status(302, Some(inner.url.clone())),
        Says::Status(307, Some(inner.url.clone())),
        Says::Body("<html>"),
        Says::Body(""),
        Says::Body(r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        Says::Body(r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#),
        Says::Bytes(1 << 30),
        Says::Error(-32005, "daily request count exceeded, see https://example.com"),
        Says::Error(-32603, "Internal error"),
    ] {
        let signed = contracts_message(&app);
        for at_the_code in [true, false] {
            node.sees_code(if at_the_code {
                fault.clone()
            } else {
                Says::Result(json!(CODE))
            });
            node.answers_calls(fault.clone());
            let reply = app.log_in_with(&signed).await;
            assert_eq!(reply.json()["code"], "rpc_unavailable", "{fault:?}: {reply:?}");
            assert!(!reply.text.contains("127.0.0.1") && !reply.text.contains("example.com"));
            if matches!(fault, Says::Hangs) {
                break;
            }
        }
        node.sees_code(Says::Result(json!(CODE)));
        node.answers_calls(yes());
        app.log_in_with(&signed).await.assert_ok();
    }
    assert_eq!(inner.asked().len(), 0, "no redirect is followed");
}

#[tokio::test]
async fn k05_a_hanging_node_holds_up_nobody_else() {
    let node = StubNode::start().await;
    let app = app_with(&[&node]).await;
    node.answers_calls(Says::Hangs);
    let crowd: Vec<SignedText> = (0..40).map(|_| contracts_message(&app)).collect();
    let started = std::time::Instant::now();
    let replies = futures_util::future::join_all(crowd.iter().map(|signed| app.log_in_with(signed)));
    let key = async {
        app.log_in_with(&app.message(&wallet())).await.assert_ok();
        started.elapsed()
    };
    let (replies, key) = tokio::join!(replies, key);
    for reply in replies {
        reply.assert_error(400, "rpc_unavailable");
    }
    assert!(key < std::time::Duration::from_secs(2), "{key:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(8));
    let calls = node.asked();
    let calls = calls.iter().filter(|question| question["method"] == "eth_call");
    assert_eq!(
        calls.count(),
        16,
        "so many at once, and the others are told to come again"
    );
}

#[tokio::test]
async fn k11_of_two_nodes_one_that_lies_signs_nobody_in() {
    let (liar, honest) = tokio::join!(StubNode::start(), StubNode::start());
    let app = app_with(&[&liar, &honest]).await;
    honest.answers_calls(Says::Result(json!(format!("0x{}", "ff".repeat(32)))));
    let signed = contracts_message(&app);
    app.log_in_with(&signed)
        .await
        .assert_error(401, "signature_invalid");
    honest.sees_code(Says::Result(json!("0x")));
    app.log_in_with(&signed)
        .await
        .assert_error(401, "signature_invalid");
    honest.answers_calls(Says::Status(500, None));
    honest.sees_code(Says::Result(json!(CODE)));
    app.log_in_with(&signed)
        .await
        .assert_error(400, "rpc_unavailable");
    honest.answers_calls(yes());
    app.log_in_with(&signed).await.assert_ok();
}

#[tokio::test]
async fn k11_a_node_that_sees_no_code_signs_nobody_in_whatever_it_answers() {
    let node = StubNode::start().await;
    node.sees_code(Says::Result(json!("0x")));
    let app = app_with(&[&node]).await;
    app.log_in_with(&contracts_message(&app))
        .await
        .assert_error(401, "signature_invalid");
}

#[tokio::test]
async fn the_log_and_the_metrics_name_a_node_by_its_host_alone() {
    let node = StubNode::start().await;
    node.answers_calls(Says::Error(-32005, "see KeyOfTheProvider"));
    let mut variables = variables(&TestDb::create().await);
    variables.set("ETH_RPC_URLS", node.entry());
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = free.local_addr().unwrap().to_string();
    drop(free);
    variables.set("METRICS_ADDR", metrics.as_str());
    let process = Process::serve(variables).await;
    let signed = message(wallet().address(), &wallet(), 1, Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let reply = process
        .call(&reqwest::Client::new(), "/actions/login", "v1Login", &input)
        .await;
    reply.assert_error(400, "rpc_unavailable");
    assert!(!reply.text.contains("KeyOfTheProvider"), "{reply:?}");
    let counted = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap();
    let counted = counted.text().await.unwrap();
    for (result, times) in [("answered", 3), ("refused", 1)] {
        let line = format!(r#"hasura_siwe_rpc_requests_total{{chain="1",result="{result}"}} {times}"#);
        assert!(counted.contains(&line), "{line}: {counted}");
    }
    assert!(!counted.contains("KeyOfTheProvider"), "{counted}");
    let (_, log) = process.stop().await;
    assert!(log.contains("JSON-RPC error -32005"), "{log}");
    assert!(!log.contains("KeyOfTheProvider"), "{log}");
}
