//! Which flows are open unless FLOWS names others, and which of them may carry `admin`: the texts of Lens and tanX bind no site.

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::model::Flow;
use serde_json::{Value, json};

use crate::support::app::{guest, variables};
use crate::support::process::run;
use crate::support::reply::{NAMESPACE, claims_of};
use crate::support::wallet_flow::{BOTH, Tokens, WalletFlow};
use crate::support::{Hasura, Mode, Reply, TestApp, wallet};
use hasura_siwe::clock::Clock;

fn roles(access: &str) -> Value {
    claims_of(access)[NAMESPACE]["x-hasura-allowed-roles"].clone()
}

/// What the webhook answers for a token in a role.
async fn in_role(app: &TestApp, access: &str, role: &str) -> Reply {
    let request = reqwest::Client::new()
        .get(format!("http://{}/webhook", app.address))
        .header("authorization", format!("Bearer {access}"))
        .header("x-hasura-role", role);
    Reply::of(request.send().await.unwrap()).await
}

/// Tokens of a new session of `flow`, after one refresh.
async fn refreshed(flow: WalletFlow, hasura: &Hasura, own: &Wallet) -> [Tokens; 2] {
    let first = flow.log_in(hasura, own).await;
    let next = flow.refresh(hasura, &first.1).await.unwrap();
    [first, next]
}

async fn assert_no_admin(hasura: &Hasura, root: &Wallet) {
    let app = hasura.app.as_ref().unwrap();
    for flow in BOTH {
        for (access, _) in refreshed(flow, hasura, root).await {
            assert_eq!(roles(&access), json!(["user"]), "{flow:?}");
            in_role(app, &access, "admin")
                .await
                .assert_error(401, "forbidden");
            in_role(app, &access, "user").await.assert_ok();
            let bearer = format!("Bearer {access}");
            let headers = [("authorization", bearer.as_str()), ("x-hasura-role", "admin")];
            let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
            assert_eq!(answer.body["errors"][0]["extensions"]["code"], "access-denied");
        }
    }
    let (access, _) = hasura.log_in(root).await;
    assert_eq!(
        roles(&access),
        json!(["user", "admin"]),
        "the siwe flow carries it"
    );
    in_role(app, &access, "admin").await.assert_ok();
}

// Issue 14, item 9.
#[tokio::test]
async fn no_token_of_lens_or_tanx_carries_an_admin_role_of_the_environment() {
    for mode in [Mode::Jwt, Mode::Webhook] {
        let root = wallet();
        let admins = root.address().to_string();
        let hasura = Hasura::local_in(mode, Clock::system(), &[("ADMIN_ADDRESSES", &admins)]).await;
        assert_no_admin(&hasura, &root).await;
    }
}

// Issue 14, item 9.
#[tokio::test]
async fn no_token_of_lens_or_tanx_carries_an_admin_role_that_was_granted() {
    for mode in [Mode::Jwt, Mode::Webhook] {
        let root = wallet();
        let hasura = Hasura::local_in(mode, Clock::system(), &[]).await;
        let app = hasura.app.as_ref().unwrap();
        hasura.log_in(&root).await;
        let address = root.address().to_string();
        let given = variables(&app.db);
        let granted = run(&["account", "grant", &address, "admin"], &given, "").await;
        assert!(granted.status.success(), "{granted:?}");
        assert_no_admin(&hasura, &root).await;
    }
}

// Issue 14, item 9.
#[tokio::test]
async fn the_flow_of_the_session_decides_about_tokens_of_before() {
    let root = wallet();
    let app = TestApp::with(&[("ADMIN_ADDRESSES", &root.address().to_string())]).await;
    let reply = app.log_in_with(&app.message(&root)).await;
    let access = reply.res()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(roles(&access), json!(["user", "admin"]));
    // As the binary of before left a session of tanX: with a token that says admin.
    let client = app.db.connect().await;
    client
        .execute("update auth.sessions set flow = 'tanx'", &[])
        .await
        .unwrap();
    in_role(&app, &access, "admin")
        .await
        .assert_error(401, "forbidden");
    in_role(&app, &access, "user").await.assert_ok();
    let body = json!({"refresh": reply.refresh_token()}).to_string();
    let next = app.post("/sapi/v1/auth/token/refresh", None, body).await;
    let next = next.assert_ok().json()["payload"]["access"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(roles(&next), json!(["user"]));
    // Nor does an operator mint one for such a session.
    let session = claims_of(&access)[NAMESPACE]["x-hasura-session-id"].clone();
    let mut given = variables(&app.db);
    given.set("ADMIN_ADDRESSES", root.address().to_string());
    let user = reply.user_id();
    let mint = [
        "token",
        "mint",
        "--user",
        &user,
        "--session",
        session.as_str().unwrap(),
        "--role",
    ];
    let refused = run(&[&mint[..], &["admin"]].concat(), &given, "").await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("tanx"), "{said}");
    assert!(refused.stdout.is_empty());
    let minted = run(&[&mint[..], &["user"]].concat(), &given, "").await;
    assert!(minted.status.success(), "{minted:?}");
    let minted = client
        .query("select from auth.audit_log where action = 'mint_token'", &[])
        .await
        .unwrap();
    assert_eq!(minted.len(), 1, "no row for what was refused");
}

// Issue 14, item 9.
#[tokio::test]
async fn lens_and_tanx_are_closed_unless_flows_names_them_and_their_sessions_go_on() {
    let open = TestApp::start().await;
    let own = wallet();
    let address = own.address().to_string();
    let input = json!({"request": {"address": address}});
    let text = open
        .call("/actions/challenge", "challenge", guest(), input.clone())
        .await;
    let signature = own.sign(text.json()["text"].as_str().unwrap());
    let signed = json!({"request": {"address": address, "signature": signature}});
    let tokens = open
        .call("/actions/authenticate", "authenticate", guest(), signed.clone())
        .await;
    let refresh = tokens.assert_ok().json()["refreshToken"]
        .as_str()
        .unwrap()
        .to_owned();

    let app = TestApp::on(open.db.clone(), open.clock.clone(), &[("FLOWS", "")]).await;
    for (path, action, input) in [
        ("/actions/challenge", "challenge", input),
        ("/actions/authenticate", "authenticate", signed),
    ] {
        app.call(path, action, guest(), input)
            .await
            .assert_error(403, "flow_closed");
    }
    for (path, body) in [
        ("/sapi/v2/auth/nonce", json!({"eth_address": address})),
        (
            "/sapi/v2/auth/login",
            json!({"eth_address": address, "user_signature": signature}),
        ),
    ] {
        let reply = app.post(path, None, body.to_string()).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (403, &json!("flow_closed"))
        );
    }
    app.log_in(&own).await;
    let input = json!({"request": {"refreshToken": refresh}});
    app.call("/actions/refresh", "refresh", guest(), input)
        .await
        .assert_ok();
    assert_eq!(
        Flow::ALL
            .into_iter()
            .filter(|flow| flow.may_carry_admin())
            .collect::<Vec<_>>(),
        Flow::DEFAULT
    );
}

// Issue 14, item 9: during an update backwards or forwards, another release may have opened a session.
#[tokio::test]
async fn a_session_of_an_unknown_flow_acts_as_user_alone() {
    let root = wallet();
    let app = TestApp::with(&[("ADMIN_ADDRESSES", &root.address().to_string())]).await;
    let reply = app.log_in_with(&app.message(&root)).await;
    let access = reply.res()["accessToken"].as_str().unwrap().to_owned();
    let client = app.db.connect().await;
    client
        .execute("update auth.sessions set flow = 'later'", &[])
        .await
        .unwrap();
    in_role(&app, &access, "user").await.assert_ok();
    in_role(&app, &access, "admin")
        .await
        .assert_error(401, "forbidden");
}
