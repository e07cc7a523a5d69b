//! What a contract's session may do, and for how long.

use hasura_siwe::clock::Clock;
use serde_json::json;
use time::Duration;

use crate::ends::session_of;
use crate::support::evm::{self, Evm, address, input, message, wrapped};
use crate::support::node::{CODE, Says, StubNode};
use crate::support::people::PASSWORD;
use crate::support::reply::NAMESPACE;
use crate::support::{Hasura, Mode, TestApp, wallet};

async fn with_a_stub() -> (TestApp, StubNode) {
    let node = StubNode::start().await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &node.entry())]).await;
    (app, node)
}

#[tokio::test]
async fn a_contract_s_session_lives_a_day_at_most() {
    let (app, _node) = with_a_stub().await;
    let reply = app
        .log_in_with(&message(wallet().address(), &wallet(), 1, app.clock.now()))
        .await;
    let mut token = reply.assert_ok().refresh_token();
    app.clock.advance(Duration::hours(23));
    token = app.restore(&token).await.assert_ok().refresh_token();
    app.clock.advance(Duration::minutes(59));
    let last = app.restore(&token).await;
    let left = last.assert_ok().claims()["exp"].as_i64().unwrap() - app.clock.now().unix_timestamp();
    assert!(left <= 60, "no token outlives the session: {left} s");
    app.clock.advance(Duration::minutes(2));
    app.restore(&last.refresh_token())
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a_session_ends_with_the_code_of_its_contract() {
    let evm = Evm::start(1).await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &evm.entry())]).await;
    let alice = wallet();
    let account = evm.wallet_of(&alice).await;
    let reply = app
        .log_in_with(&message(account, &alice, 1, app.clock.now()))
        .await;
    let token = reply.assert_ok().refresh_token();
    evm.set_code(account, "0x").await;
    app.clock.advance(Duration::minutes(59));
    let token = app.restore(&token).await.assert_ok().refresh_token();
    app.clock.advance(Duration::minutes(2));
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
    let client = app.db.connect().await;
    let row = client
        .query_one(
            "select (select reason from auth.sessions), (select count(*) from auth.audit_log where result = 'wallet_gone')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("wallet_gone", 1));
}

#[tokio::test]
async fn a_node_is_asked_once_an_hour_and_its_faults_end_no_session() {
    let (app, node) = with_a_stub().await;
    let reply = app
        .log_in_with(&message(wallet().address(), &wallet(), 1, app.clock.now()))
        .await;
    let mut token = reply.assert_ok().refresh_token();
    node.sees_code(Says::Status(500, None));
    app.clock.advance(Duration::minutes(61));
    node.asked();
    for looks in [1, 0, 0] {
        token = app.restore(&token).await.assert_ok().refresh_token();
        let asked = node.asked();
        let asked = asked
            .iter()
            .filter(|question| question["method"] == "eth_getCode");
        assert_eq!(asked.count(), looks);
    }
    node.sees_code(Says::Result(json!(CODE)));
    app.clock.advance(Duration::minutes(61));
    app.restore(&token).await.assert_ok();
    assert!(!node.asked().is_empty());
}

#[tokio::test]
async fn a_contract_that_is_not_deployed_yet_is_not_missed() {
    let evm = Evm::start(1).await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &evm.entry())]).await;
    let alice = wallet();
    let factory = evm.deploy("WalletFactory", &[]).await;
    let arguments = [
        address(alice.address()),
        ethers_core::abi::Token::FixedBytes(vec![1; 32]),
    ];
    let account = evm
        .address_from(factory, "addressOf(address,bytes32)", &arguments)
        .await;
    let signed = message(account, &alice, 1, app.clock.now());
    let signed = wrapped(&signed, factory, input("deploy(address,bytes32)", &arguments));
    let token = app.log_in_with(&signed).await.assert_ok().refresh_token();
    app.clock.advance(Duration::hours(2));
    app.restore(&token).await.assert_ok();
}

#[tokio::test]
async fn an_admin_address_is_a_key_s_and_never_a_contract_s() {
    let node = StubNode::start().await;
    let admin = wallet();
    let variables = [
        ("ETH_RPC_URLS", node.entry()),
        ("ADMIN_ADDRESSES", admin.address().to_string()),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let hasura = Hasura::local_in(Mode::Webhook, Clock::system(), &variables).await;
    let app = hasura.app.as_ref().unwrap();
    let by_key = app.log_in_with(&app.message(&admin)).await;
    // The node says yes for everybody, so also for a contract at the admin's address.
    let by_contract = app
        .log_in_with(&message(admin.address(), &wallet(), 1, app.clock.now()))
        .await;
    assert_ne!(by_key.assert_ok().user_id(), by_contract.assert_ok().user_id());
    let roles = |reply: &crate::support::Reply| reply.claims()[NAMESPACE]["x-hasura-allowed-roles"].clone();
    assert_eq!(roles(&by_key), json!(["user", "admin"]));
    assert_eq!(roles(&by_contract), json!(["user"]));
    let restored = app.restore(&by_contract.refresh_token()).await;
    assert_eq!(roles(restored.assert_ok()), json!(["user"]));
    for (reply, is_admin) in [(&by_key, true), (&by_contract, false)] {
        let bearer = format!("Bearer {}", reply.res()["accessToken"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str()), ("x-hasura-role", "admin")];
        let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
        assert_eq!(answer.body["data"].is_object(), is_admin, "{answer:?}");
    }
}

#[tokio::test]
async fn a_contract_is_a_fresh_proof_and_is_linked_and_unlinked_by_its_chain() {
    let evm = Evm::start(137).await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &evm.entry())]).await;
    let alice = wallet();
    let (first, second) = (evm.wallet_of(&alice).await, evm.wallet_of(&alice).await);
    let signs = |account| message(account, &alice, 137, app.clock.now());
    let reply = app.log_in_with(&signs(first)).await;
    let (id, session) = (reply.assert_ok().user_id(), session_of(&reply));
    let asks = async |path: &str, action: &str, input| app.call(path, action, session.clone(), input).await;

    let issued = app.issued("set-password", &session).await;
    let proof = evm::proof(first, &alice, 137, &issued, app.clock.now());
    let input = json!({"account": {"email": "alice@mail.com", "password": PASSWORD,
        "message": proof.message, "signature": proof.signature}});
    asks("/actions/link-password", "v1LinkPassword", input)
        .await
        .assert_ok();
    let issued = app.issued("link-wallet", &session).await;
    let proof = evm::proof(second, &alice, 137, &issued, app.clock.now());
    let input =
        json!({"wallet": {"message": proof.message, "signature": proof.signature, "password": PASSWORD}});
    asks("/actions/link-wallet", "v1LinkWallet", input)
        .await
        .assert_ok();
    let linked = app.log_in_with(&signs(second)).await;
    assert_eq!(linked.assert_ok().user_id(), id);

    let unlink = async |wallet: String| {
        let input = json!({"wallet": {"address": wallet, "proof": {"password": PASSWORD}}});
        asks("/actions/unlink-wallet", "v1UnlinkWallet", input).await
    };
    for (wallet, status, code) in [
        (second.to_string(), 403, "forbidden"),
        (format!("1:{second}"), 403, "forbidden"),
        (format!("0x89:{second}"), 400, "bad_request"),
    ] {
        unlink(wallet).await.assert_error(status, code);
    }
    unlink(format!("137:{second}")).await.assert_ok();
    let stranger = app.log_in_with(&signs(second)).await;
    assert_ne!(stranger.assert_ok().user_id(), id);
    app.log_in_with(&signs(first)).await.assert_ok();
}
