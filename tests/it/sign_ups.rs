//! New wallets: how many may sign up from one client and in one process. Each is rows for good.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use hasura_siwe::cli::wallet::{SignedText, Wallet};
use serde_json::{Value, json};
use time::Duration;

use crate::support::app::guest;
use crate::support::evm::message;
use crate::support::node::StubNode;
use crate::support::wallet_flow::{LOGIN_PATH, NONCE_PATH};
use crate::support::{Reply, TestApp, wallet};

const HOME: &str = "198.51.100.7";
const ABROAD: &str = "203.0.113.9";

async fn sign_up(app: &TestApp, ip: &str) -> Reply {
    app.log_in_from(ip, &app.message(&wallet())).await
}

fn good(replies: &[Reply]) -> usize {
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.assert_error(429, "rate_limited");
    }
    replies.iter().filter(|reply| reply.status == 200).count()
}

/// How many rows each table of the service has.
async fn rows(app: &TestApp) -> BTreeMap<String, i64> {
    let client = app.db.connect().await;
    let tables =
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('auth', 'public')";
    let mut rows = BTreeMap::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let count = client
            .query_one(&format!("select count(*) from {table}"), &[])
            .await;
        rows.insert(table, count.unwrap().get(0));
    }
    rows
}

async fn used(app: &TestApp, subject: &str) -> bool {
    let client = app.db.connect().await;
    let query = "select exists (select from auth.limits where subject like $1)";
    client.query_one(query, &[&subject]).await.unwrap().get(0)
}

// Issue 14, item 11.
#[tokio::test]
async fn one_client_signs_up_so_many_wallets_and_then_waits_and_other_clients_do_not() {
    let app = TestApp::with(&[("TRUSTED_HOPS", "1"), ("SIGN_UPS_PER_CLIENT", "60")]).await;
    let known = wallet();
    app.log_in_from(HOME, &app.message(&known)).await.assert_ok();
    let mut replies = Vec::new();
    for _ in 0..70 {
        replies.push(sign_up(&app, HOME).await);
    }
    assert_eq!(good(&replies), 59);

    let refused = app.message(&wallet());
    let reply = app.log_in_from(HOME, &refused).await;
    let sentence = reply.assert_error(429, "rate_limited").json()["message"].clone();
    assert!(sentence.as_str().unwrap().contains("wait"), "{sentence}");
    sign_up(&app, ABROAD).await.assert_ok();
    // Another address of the same IPv4 client inside IPv6 is the same client.
    sign_up(&app, "[::ffff:198.51.100.7]:443")
        .await
        .assert_error(429, "rate_limited");
    for _ in 0..10 {
        app.log_in_from(HOME, &app.message(&known)).await.assert_ok();
    }
    // The refusal spent nothing: the same message is good after the wait, which is a minute.
    app.clock.advance(Duration::seconds(61));
    app.log_in_from(HOME, &refused).await.assert_ok();
    app.log_in_from(HOME, &refused)
        .await
        .assert_error(401, "nonce_invalid");
}

// Issue 14, item 11.
#[tokio::test]
async fn a_refused_sign_up_writes_nothing_and_spends_no_nonce() {
    let variables = [
        ("TRUSTED_HOPS", "1"),
        ("SIGN_UPS_PER_CLIENT", "60"),
        ("SIWE_NONCES", "server"),
    ];
    let app = TestApp::with(&variables).await;
    let issue = async || -> SignedText {
        let reply = app
            .call_from(ABROAD, "/actions/nonce", "v1Nonce", json!({}))
            .await;
        let nonce = reply.res()["nonce"].as_str().unwrap().to_owned();
        wallet().log_in(&crate::support::origin(), 1, &nonce, app.clock.now())
    };
    // What is good for nothing counts for nothing: this nonce was never issued.
    sign_up(&app, HOME).await.assert_error(401, "nonce_invalid");
    assert!(!used(&app, "sign-ups%").await);

    app.log_in_from(HOME, &issue().await).await.assert_ok();
    full(&app).await;
    let signed = issue().await;
    let before = rows(&app).await;
    for _ in 0..20 {
        app.log_in_from(HOME, &signed)
            .await
            .assert_error(429, "rate_limited");
    }
    assert_eq!(rows(&app).await, before);
    app.clock.advance(Duration::seconds(61));
    app.log_in_from(HOME, &signed).await.assert_ok();
}

/// As if the client had signed up all that it may, and one more in a minute from now.
async fn full(app: &TestApp) {
    let statement = "insert into auth.limits (subject, used_until)
         values ('sign-ups:198.51.100.7', $1::timestamptz + 59 * interval '1 minute' + interval '1 minute')
         on conflict (subject) do update set used_until = excluded.used_until";
    let client = app.db.connect().await;
    client.execute(statement, &[&app.clock.now()]).await.unwrap();
}

/// A text of the flow for this wallet, and the log-in with it.
async fn signed_in_flow(app: &TestApp, flow: &str, wallet: &Wallet) -> (&'static str, Value) {
    let address = wallet.address().to_string();
    match flow {
        "lens" => {
            let input = json!({"request": {"address": address}});
            let text = app.call("/actions/challenge", "challenge", guest(), input).await;
            let text = text.assert_ok().json()["text"].as_str().unwrap().to_owned();
            let input = json!({"request": {"address": address, "signature": wallet.sign(&text)}});
            let call =
                json!({"action": {"name": "authenticate"}, "input": input, "session_variables": guest()});
            ("/actions/authenticate", call)
        }
        "tanx" => {
            let asked = json!({"eth_address": address}).to_string();
            let text = app.post(NONCE_PATH, None, asked).await;
            let text = text.assert_ok().json()["payload"].as_str().unwrap().to_owned();
            let input = json!({"eth_address": address, "user_signature": wallet.sign(&text)});
            (LOGIN_PATH, input)
        }
        _ => {
            let signed = match flow {
                "contract" => message(wallet.address(), &self::wallet(), 1, app.clock.now()),
                _ => app.message(wallet),
            };
            let session = json!({"message": signed.message, "signature": signed.signature});
            let input = json!({"session": session});
            let call = json!({"action": {"name": "v1Login"}, "input": input, "session_variables": guest()});
            ("/actions/login", call)
        }
    }
}

// Issue 14, item 11.
#[tokio::test]
async fn every_flow_in_which_a_wallet_signs_up_is_limited_and_repeatable() {
    let node = StubNode::start().await;
    let variables = [
        ("TRUSTED_HOPS", "1"),
        ("SIGN_UPS_PER_CLIENT", "60"),
        ("FLOWS", "siwe,lens,tanx"),
        ("ETH_RPC_URLS", &node.entry()),
    ];
    let app = TestApp::with(&variables).await;
    for flow in ["siwe", "contract", "lens", "tanx"] {
        full(&app).await;
        let (path, call) = signed_in_flow(&app, flow, &wallet()).await;
        let before = rows(&app).await;
        let refused = app.post_from(HOME.as_bytes(), path, call.clone()).await;
        assert_eq!(refused.status, 429, "{flow}: {refused:?}");
        let mut after = rows(&app).await;
        // A contract was asked, which counts as a nonce.
        if flow == "contract" {
            *after.get_mut("auth.limits").unwrap() -= 1;
        }
        assert_eq!(after, before, "{flow}");
        app.clock.advance(Duration::seconds(61));
        app.post_from(HOME.as_bytes(), path, call).await.assert_ok();
    }
}

// Issue 14, item 11.
#[tokio::test]
async fn without_addresses_a_process_signs_up_so_many_and_known_wallets_go_on() {
    let variables = [("SIGN_UPS_PER_PROCESS", "10")];
    let app = TestApp::with(&variables).await;
    let other = [("SIGN_UPS_PER_PROCESS", "10"), ("DATABASE_POOL_SIZE", "2")];
    let other = TestApp::on(app.db.clone(), app.clock.clone(), &other).await;
    let known = wallet();
    app.log_in(&known).await;
    let many = join_all((0..40).map(|_| async { app.log_in_with(&app.message(&wallet())).await })).await;
    assert_eq!(good(&many), 9);
    app.log_in(&known).await;
    let many = join_all((0..40).map(|_| async { other.log_in_with(&other.message(&wallet())).await })).await;
    assert_eq!(good(&many), 10, "each process counts its own");
}

// Issue 14, item 11.
#[tokio::test]
async fn what_a_client_is_refused_leaves_the_process_to_the_others() {
    let variables = [
        ("TRUSTED_HOPS", "1"),
        ("SIGN_UPS_PER_CLIENT", "3"),
        ("SIGN_UPS_PER_PROCESS", "6"),
    ];
    let app = TestApp::with(&variables).await;
    let from = async |ip: &'static str, many: usize| -> usize {
        good(&join_all((0..many).map(|_| sign_up(&app, ip))).await)
    };
    assert_eq!(from(HOME, 30).await, 3);
    assert_eq!(from(ABROAD, 3).await, 3);
    // The process is full: a client with room of its own is refused, and not counted.
    sign_up(&app, "203.0.113.10")
        .await
        .assert_error(429, "rate_limited");
    assert!(!used(&app, "sign-ups:203.0.113.10").await);
}

#[tokio::test]
async fn zero_sets_no_limit() {
    let variables = [
        ("TRUSTED_HOPS", "1"),
        ("SIGN_UPS_PER_CLIENT", "0"),
        ("SIGN_UPS_PER_PROCESS", "0"),
    ];
    let app = TestApp::with(&variables).await;
    let mut replies = Vec::new();
    for _ in 0..105 {
        replies.push(sign_up(&app, HOME).await);
    }
    assert_eq!(good(&replies), 105);
    assert!(!used(&app, "sign-ups%").await);
}
