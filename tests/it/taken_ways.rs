//! A way in that is taken away while somebody comes in by it: whoever is first, nobody is inside afterwards.

use std::time::Duration;

use hasura_siwe::cli::wallet::Wallet;
use serde_json::{Value, json};

use crate::support::app::guest;
use crate::support::people::PASSWORD;
use crate::support::{Reply, TestApp, wallet};

const NEW_PASSWORD: &str = "staple battery horse correct";

/// Somebody with a password and a linked wallet, signed in by the password.
struct Owner {
    id: String,
    session: Value,
    wallet: Wallet,
}

async fn owner(app: &TestApp) -> Owner {
    let input = json!({"email": "anna@mail.com", "password": PASSWORD});
    let id = app.call("/actions/register", "register", guest(), input).await;
    let id = id.assert_ok().json()["id"].as_str().unwrap().to_owned();
    let reply = log_in(app, PASSWORD).await;
    let token = reply.assert_ok().json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let claims = crate::support::reply::claims_of(&token);
    let session = json!({
        "x-hasura-role": "user",
        "x-hasura-user-id": id,
        "x-hasura-session-id": claims[crate::support::reply::NAMESPACE]["x-hasura-session-id"],
    });
    let own = wallet();
    let signed = app.proof(&own, "link-wallet", &session).await;
    let input =
        json!({"wallet": {"message": signed.message, "signature": signed.signature, "password": PASSWORD}});
    app.call("/actions/link-wallet", "v1LinkWallet", session.clone(), input)
        .await
        .assert_ok();
    Owner {
        id,
        session,
        wallet: own,
    }
}

async fn log_in(app: &TestApp, password: &str) -> Reply {
    let input = json!({"email": "anna@mail.com", "password": password});
    app.call("/actions/email-login", "login", guest(), input).await
}

async fn live_sessions(app: &TestApp, user: &str) -> Vec<(String, String)> {
    let client = app.db.connect().await;
    let rows = client
        .query(
            "select id::text, flow from auth.sessions where user_id = $1::text::uuid and ended_at is null",
            &[&user],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t13_a_wallet_that_signs_in_while_it_is_unlinked_leaves_no_session_behind() {
    for _ in 0..6 {
        let settings = [("REGISTRATION", "open"), ("DATABASE_POOL_SIZE", "16")];
        let app = TestApp::with(&settings).await;
        let owner = owner(&app).await;
        let log_ins = (0..24).map(|_| async { app.log_in_with(&app.message(&owner.wallet)).await });
        let unlink = async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            let input = json!({"wallet": {"address": owner.wallet.address().to_string(), "proof": {"password": PASSWORD}}});
            app.call(
                "/actions/unlink-wallet",
                "v1UnlinkWallet",
                owner.session.clone(),
                input,
            )
            .await
        };
        let (_, unlinked) = tokio::join!(futures_util::future::join_all(log_ins), unlink);
        unlinked.assert_ok();
        let left = live_sessions(&app, &owner.id).await;
        assert!(
            left.iter().all(|(_, flow)| flow == "email"),
            "sessions of the unlinked wallet live on: {left:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t13_whoever_has_the_old_password_while_it_is_changed_is_outside_afterwards() {
    for _ in 0..6 {
        let settings = [("REGISTRATION", "open"), ("DATABASE_POOL_SIZE", "16")];
        let app = TestApp::with(&settings).await;
        let owner = owner(&app).await;
        let own = owner.session["x-hasura-session-id"].as_str().unwrap().to_owned();
        let log_ins = (0..8).map(|_| log_in(&app, PASSWORD));
        let change = async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            let input = json!({"account": {"password": NEW_PASSWORD, "proof": {"password": PASSWORD}}});
            app.call(
                "/actions/change-password",
                "v1ChangePassword",
                owner.session.clone(),
                input,
            )
            .await
        };
        let (_, changed) = tokio::join!(futures_util::future::join_all(log_ins), change);
        changed.assert_ok();
        let left = live_sessions(&app, &owner.id).await;
        assert!(
            left.len() == 1 && left[0].0 == own,
            "sessions of the old password live on: {left:?}"
        );
    }
}

#[tokio::test]
async fn a_proof_that_an_operator_has_overtaken_proves_nothing_any_more() {
    let app = TestApp::with(&[("REGISTRATION", "open")]).await;
    let owner = owner(&app).await;
    // The thief's request waits for the owner's row; meanwhile the operator ends every session.
    let blocker = app.db.connect().await;
    blocker
        .batch_execute(&format!(
            "begin; select from auth.users where id = '{}' for update",
            owner.id
        ))
        .await
        .unwrap();
    let thiefs = wallet();
    let signed = app.proof(&thiefs, "link-wallet", &owner.session).await;
    let link = async {
        let input = json!({"wallet": {"message": signed.message, "signature": signed.signature, "password": PASSWORD}});
        app.call(
            "/actions/link-wallet",
            "v1LinkWallet",
            owner.session.clone(),
            input,
        )
        .await
    };
    let operator = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        blocker
            .batch_execute("update auth.sessions set ended_at = now(), reason = 'operator'; commit")
            .await
            .unwrap();
    };
    let (linked, ()) = tokio::join!(link, operator);
    linked.assert_error(403, "reauth_required");
    let left = app.db.connect().await;
    let left = left
        .query("select purpose from auth.issued_nonces", &[])
        .await
        .unwrap();
    assert_eq!(left.len(), 1, "nothing was spent");
    let linked = app.log_in_with(&app.message(&thiefs)).await;
    assert_ne!(linked.assert_ok().user_id(), owner.id);
}
