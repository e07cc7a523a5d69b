//! Many nodes behind one address: the one that is asked next may not have the block that another one has named.

// Issue 14, item 22: field report W03.

use hasura_siwe::cli::wallet::SignedText;
use serde_json::{Value, json};
use time::Duration;

use crate::support::evm::message;
use crate::support::node::{CODE, Says, StubNode, YES};
use crate::support::{TestApp, wallet};

/// What nodes say without the block.
const WITHOUT: [(i64, &str); 4] = [
    (-32000, "header not found"),
    (-32001, "unknown block number"),
    (-32602, "Block with such an ID doesn't exist yet"),
    (
        -32602,
        "BlockOutOfRangeError: block height is 15 but requested was 16",
    ),
];
const OF_THE_LATEST: &str = "0x10";

async fn with_a_stub() -> (TestApp, StubNode) {
    let node = StubNode::start().await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &node.entry())]).await;
    app.get("/healthz").await.assert_ok();
    (app, node)
}

fn of_a_contract(app: &TestApp) -> SignedText {
    message(wallet().address(), &wallet(), 1, app.clock.now())
}

fn is_of_state(question: &Value) -> bool {
    ["eth_getCode", "eth_call"].contains(&question["method"].as_str().unwrap_or_default())
}

fn blocks(asked: &[Value]) -> Vec<&str> {
    let of_state = asked.iter().filter(|question| is_of_state(question));
    of_state
        .map(|question| question["params"][1].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_block_that_one_node_does_not_have_yet_is_asked_for_again() {
    let (app, node) = with_a_stub().await;
    for method in ["eth_getCode", "eth_call"] {
        for (code, words) in WITHOUT {
            node.answers(move |question, earlier| {
                (question["method"] == method && earlier == 0).then_some(Says::Error(code, words))
            });
            node.asked();
            app.log_in_with(&of_a_contract(&app)).await.assert_ok();
            let asked = node.asked();
            assert!(
                blocks(&asked).iter().all(|block| *block == OF_THE_LATEST),
                "{asked:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_node_that_stays_behind_is_asked_two_blocks_further_back() {
    let (app, node) = with_a_stub().await;
    node.answers(|question, _| {
        (question["params"][1] == OF_THE_LATEST).then_some(Says::Error(-32000, "header not found"))
    });
    node.asked();
    app.log_in_with(&of_a_contract(&app)).await.assert_ok();
    assert_eq!(
        blocks(&node.asked()),
        [OF_THE_LATEST, OF_THE_LATEST, "0xe", "0xe"]
    );
}

#[tokio::test]
async fn an_earlier_block_confirms_and_denies_nothing() {
    let (app, node) = with_a_stub().await;
    let earlier = [
        Says::Result(json!("0x")),
        Says::Result(json!(format!("0x{}", "ff".repeat(32)))),
        Says::Error(3, "execution reverted"),
    ];
    for no in earlier {
        // A wallet that was deployed, or whose owner changed, in the latest block.
        let answer = no.clone();
        node.answers(move |question, _| {
            if question["params"][1] == OF_THE_LATEST {
                return Some(Says::Error(-32000, "header not found"));
            }
            let is_code = matches!(&answer, Says::Result(result) if result == "0x");
            let about_code = question["method"] == "eth_getCode";
            (is_of_state(question) && is_code == about_code).then(|| answer.clone())
        });
        let signed = of_a_contract(&app);
        app.log_in_with(&signed)
            .await
            .assert_error(400, "rpc_unavailable");
        node.answers(|_, _| None);
        app.log_in_with(&signed).await.assert_ok();
    }
    // The same answers for the latest block are a no.
    node.answers_calls(Says::Error(3, "execution reverted: header not found"));
    node.asked();
    app.log_in_with(&of_a_contract(&app))
        .await
        .assert_error(401, "signature_invalid");
    assert_eq!(blocks(&node.asked()), [OF_THE_LATEST, OF_THE_LATEST]);
}

#[tokio::test]
async fn a_node_that_never_has_the_block_is_asked_three_times_and_no_more() {
    let (app, node) = with_a_stub().await;
    node.answers(|question, _| is_of_state(question).then_some(Says::Error(-32001, "unknown block")));
    node.asked();
    let begun = std::time::Instant::now();
    app.log_in_with(&of_a_contract(&app))
        .await
        .assert_error(400, "rpc_unavailable");
    assert!(begun.elapsed() < std::time::Duration::from_secs(6));
    assert_eq!(blocks(&node.asked()), [OF_THE_LATEST, OF_THE_LATEST, "0xe"]);
}

#[tokio::test]
async fn what_answers_after_an_unknown_block_must_serve_the_chain_as_well() {
    let (app, node) = with_a_stub().await;
    node.answers(|question, earlier| match question["method"].as_str() {
        Some("eth_getCode") if earlier == 0 => Some(Says::Error(-32000, "header not found")),
        Some("eth_chainId") => Some(Says::Result(json!("0x89"))),
        _ => None,
    });
    node.asked();
    app.log_in_with(&of_a_contract(&app))
        .await
        .assert_error(400, "rpc_unavailable");
    assert_eq!(blocks(&node.asked()), [OF_THE_LATEST]);
}

#[tokio::test]
async fn of_two_nodes_both_are_asked_again() {
    let (late, other) = tokio::join!(StubNode::start(), StubNode::start());
    let urls = format!("{},{}", late.entry(), other.entry());
    let app = TestApp::with(&[("ETH_RPC_URLS", &urls)]).await;
    app.get("/healthz").await.assert_ok();
    late.answers(|question, earlier| {
        (question["method"] == "eth_call" && earlier == 0)
            .then_some(Says::Error(-32001, "unknown block number"))
    });
    late.asked();
    app.log_in_with(&of_a_contract(&app)).await.assert_ok();
    other.answers_calls(Says::Result(json!(format!("0x{}", "ff".repeat(32)))));
    late.asked();
    app.log_in_with(&of_a_contract(&app))
        .await
        .assert_error(401, "signature_invalid");
}

#[tokio::test]
async fn a_session_goes_on_while_a_node_lags_behind() {
    let (app, node) = with_a_stub().await;
    let token = app
        .log_in_with(&of_a_contract(&app))
        .await
        .assert_ok()
        .refresh_token();
    // At an earlier block the wallet was not there yet.
    node.answers(|question, _| match question["params"][1].as_str() {
        Some(OF_THE_LATEST) => Some(Says::Error(-32000, "header not found")),
        Some(_) => Some(Says::Result(json!("0x"))),
        None => None,
    });
    app.clock.advance(Duration::minutes(61));
    let token = app.restore(&token).await.assert_ok().refresh_token();
    node.answers(|question, earlier| {
        (question["method"] == "eth_getCode" && earlier == 0)
            .then_some(Says::Error(-32000, "header not found"))
    });
    node.sees_code(Says::Result(json!(CODE)));
    node.answers_calls(Says::Result(json!(YES)));
    node.asked();
    app.clock.advance(Duration::minutes(61));
    app.restore(&token).await.assert_ok();
    assert_eq!(blocks(&node.asked()), [OF_THE_LATEST, OF_THE_LATEST]);
}
