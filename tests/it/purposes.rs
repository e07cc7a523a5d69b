//! A signed message is good for one purpose: its statement says which, and its nonce was issued for it in the caller's session.

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::model::Purpose;
use serde_json::{Value, json};
use time::Duration;

use crate::ends::{log_out, session_of};
use crate::support::app::{guest, user};
use crate::support::evm;
use crate::support::node::StubNode;
use crate::support::people::PASSWORD;
use crate::support::{Reply, TestApp, nonce, origin, wallet};

/// A person with a wallet, a password and an open session.
struct Owner {
    wallet: Wallet,
    session: Value,
}

/// The actions that take a message, with the purpose of each.
const ACTIONS: [Purpose; 6] = [
    Purpose::SignIn,
    Purpose::LinkWallet,
    Purpose::UnlinkWallet,
    Purpose::SetPassword,
    Purpose::ChangePassword,
    Purpose::DeleteAccount,
];

async fn owner(app: &TestApp) -> Owner {
    let own = wallet();
    let session = sign_in(app, &own).await;
    Owner { wallet: own, session }
}

/// Signs in with a nonce of the service, which every mode accepts.
async fn sign_in(app: &TestApp, own: &Wallet) -> Value {
    let (nonce, statement) = app.issued("sign-in", &guest()).await;
    let signed = own.message(&origin(), 1, &nonce, &statement, app.clock.now());
    session_of(app.log_in_with(&signed).await.assert_ok())
}

/// Uses a message in the action of a purpose.
async fn submit(app: &TestApp, purpose: Purpose, session: &Value, signed: &SignedText) -> Reply {
    let (message, signature) = (&signed.message, &signed.signature);
    let proof = json!({"message": message, "signature": signature});
    let (path, action, input) = match purpose {
        Purpose::SignIn => return app.log_in_with(signed).await,
        Purpose::LinkWallet => (
            "/actions/link-wallet",
            "v1LinkWallet",
            json!({"wallet": {"message": message, "signature": signature, "password": PASSWORD}}),
        ),
        Purpose::UnlinkWallet => (
            "/actions/unlink-wallet",
            "v1UnlinkWallet",
            json!({"wallet": {"address": wallet().address(), "proof": proof}}),
        ),
        Purpose::SetPassword => (
            "/actions/link-password",
            "v1LinkPassword",
            json!({"account": {"email": "anna@mail.com", "password": PASSWORD, "message": message,
                "signature": signature}}),
        ),
        Purpose::ChangePassword => (
            "/actions/change-password",
            "v1ChangePassword",
            json!({"account": {"password": "staple battery horse correct", "proof": proof}}),
        ),
        Purpose::DeleteAccount => (
            "/actions/delete-account",
            "v1DeleteAccount",
            json!({"proof": proof}),
        ),
        Purpose::Elevate | Purpose::CreateApiKey => panic!("no action accepts {purpose} yet"),
    };
    app.call(path, action, session.clone(), input).await
}

/// How many nonces are issued and not spent, and how many are spent.
async fn nonces(app: &TestApp) -> (i64, i64) {
    let client = app.db.connect().await;
    let row = client
        .query_one(
            "select (select count(*) from auth.issued_nonces), (select count(*) from auth.spent_nonces)",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

// Issue 14, item 10.
#[tokio::test]
async fn an_action_accepts_a_message_of_its_own_purpose_alone() {
    for mode in ["client", "server"] {
        let app = TestApp::with(&[("SIWE_NONCES", mode)]).await;
        let owner = owner(&app).await;
        for of in Purpose::ALL {
            for action in ACTIONS.into_iter().filter(|action| *action != of) {
                let session = match of {
                    Purpose::SignIn => guest(),
                    _ => owner.session.clone(),
                };
                let signed = app.proof(&owner.wallet, of.as_str(), &session).await;
                // Longer than a change costs of what one person may do.
                app.clock.advance(Duration::seconds(3));
                let before = nonces(&app).await;
                submit(&app, action, &owner.session, &signed)
                    .await
                    .assert_error(401, "purpose_mismatch");
                assert_eq!(nonces(&app).await, before, "{of} in {action}: nothing is spent");
            }
        }
        // A refused message is still good for its own purpose.
        let of = async |wallet, purpose| app.proof(wallet, purpose, &owner.session).await;
        let set = of(&owner.wallet, "set-password").await;
        submit(&app, Purpose::DeleteAccount, &owner.session, &set)
            .await
            .assert_error(401, "purpose_mismatch");
        submit(&app, Purpose::SetPassword, &owner.session, &set)
            .await
            .assert_ok();
        submit(&app, Purpose::SetPassword, &owner.session, &set)
            .await
            .assert_error(401, "nonce_invalid");
        let second = wallet();
        let link = of(&second, "link-wallet").await;
        submit(&app, Purpose::LinkWallet, &owner.session, &link)
            .await
            .assert_ok();
        let change = of(&owner.wallet, "change-password").await;
        submit(&app, Purpose::ChangePassword, &owner.session, &change)
            .await
            .assert_ok();
        let delete = of(&owner.wallet, "delete-account").await;
        submit(&app, Purpose::DeleteAccount, &owner.session, &delete)
            .await
            .assert_ok();
    }
}

// Issue 14, item 10.
#[tokio::test]
async fn a_nonce_of_a_purpose_is_good_in_the_session_that_asked_for_it_alone() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let elsewhere = sign_in(&app, &owner.wallet).await;
    let others = sign_in(&app, &wallet()).await;
    // As an operator mints a token without a session.
    let sessionless = user(owner.session["x-hasura-user-id"].as_str().unwrap());
    let proof = app.proof(&owner.wallet, "delete-account", &owner.session).await;
    for session in [&elsewhere, &sessionless] {
        submit(&app, Purpose::DeleteAccount, session, &proof)
            .await
            .assert_error(401, "purpose_mismatch");
    }
    // A wallet that is not the account's proves nothing, whatever it signed.
    submit(&app, Purpose::DeleteAccount, &others, &proof)
        .await
        .assert_error(403, "reauth_required");
    submit(&app, Purpose::DeleteAccount, &owner.session, &proof)
        .await
        .assert_ok();
}

// Issue 14, item 10.
#[tokio::test]
async fn a_nonce_of_one_s_own_choice_proves_no_purpose() {
    for mode in ["client", "server"] {
        let app = TestApp::with(&[("SIWE_NONCES", mode)]).await;
        let owner = owner(&app).await;
        let (issued, statement) = app.issued("delete-account", &owner.session).await;
        let signed = |nonce: &str, statement: &str| {
            owner
                .wallet
                .message(&origin(), 1, nonce, statement, app.clock.now())
        };
        let other_site = statement.replace("localhost", "localhost.example");
        assert_ne!(other_site, statement);
        for message in [
            signed(&nonce(), &statement),
            signed(&issued, "Sign in with Ethereum to the app."),
            signed(&issued, &other_site),
            signed(&issued, &statement.to_lowercase()),
            signed(&issued, &format!("{statement} Or not.")),
        ] {
            submit(&app, Purpose::DeleteAccount, &owner.session, &message)
                .await
                .assert_error(401, "purpose_mismatch");
        }
        submit(
            &app,
            Purpose::DeleteAccount,
            &owner.session,
            &signed(&issued, &statement),
        )
        .await
        .assert_ok();
    }
}

// Issue 14, item 10.
#[tokio::test]
async fn neither_the_nonce_nor_the_statement_of_a_purpose_signs_in() {
    for mode in ["client", "server"] {
        let app = TestApp::with(&[("SIWE_NONCES", mode)]).await;
        let owner = owner(&app).await;
        let (issued, statement) = app.issued("link-wallet", &owner.session).await;
        let (for_sign_in, _) = app.issued("sign-in", &guest()).await;
        let at = |nonce: &str, statement: &str| {
            owner
                .wallet
                .message(&origin(), 1, nonce, statement, app.clock.now())
        };
        let before = nonces(&app).await;
        // A wallet that is not known yet gets the same answer.
        let unknown = wallet().message(&origin(), 1, &issued, "Sign in to the app.", app.clock.now());
        for message in [
            unknown,
            at(&issued, "Sign in with Ethereum to the app."),
            at(&for_sign_in, &statement),
            at(&for_sign_in, &statement.to_uppercase()),
            at(&for_sign_in, "Delete your account at another.example for good."),
        ] {
            app.log_in_with(&message)
                .await
                .assert_error(401, "purpose_mismatch");
        }
        assert_eq!(nonces(&app).await, before, "nothing is spent");
        app.log_in_with(&at(&for_sign_in, "Any other statement is the app's choice."))
            .await
            .assert_ok();
    }
}

// Issue 14, item 10.
#[tokio::test]
async fn a_nonce_of_a_purpose_expires_and_signs_in_no_more_than_before() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let (issued, statement) = app.issued("delete-account", &owner.session).await;
    app.clock.advance(Duration::seconds(599));
    let at = |statement: &str| {
        owner
            .wallet
            .message(&origin(), 1, &issued, statement, app.clock.now())
    };
    let (proof, sign_in) = (at(&statement), at("Sign in with Ethereum to the app."));
    app.clock.advance(Duration::seconds(2));
    app.app_service.sweep().await.unwrap();
    submit(&app, Purpose::DeleteAccount, &owner.session, &proof)
        .await
        .assert_error(401, "nonce_invalid");
    // This message is fresh for as long as it lasts, and its nonce is remembered for longer.
    app.clock.advance(Duration::seconds(280));
    app.app_service.sweep().await.unwrap();
    app.log_in_with(&sign_in)
        .await
        .assert_error(401, "purpose_mismatch");
    assert_eq!(nonces(&app).await.0, 1);
    app.clock.advance(Duration::minutes(11));
    app.app_service.sweep().await.unwrap();
    assert_eq!(nonces(&app).await.0, 0);
}

// Issue 14, item 10.
#[tokio::test]
async fn a_nonce_of_a_purpose_wants_a_session_and_comes_with_its_statement() {
    let app = TestApp::with(&[("APP_NAME", "Example App")]).await;
    let owner = owner(&app).await;
    let id = owner.session["x-hasura-user-id"].as_str().unwrap();
    for purpose in Purpose::ALL.into_iter().map(Purpose::as_str) {
        let issued = app.nonce_for(purpose, &owner.session).await.assert_ok().res();
        let statement = issued["statement"].as_str().unwrap();
        assert!(
            statement.contains("Example App") && issued["expiresAt"].is_string(),
            "{issued}"
        );
        if purpose == "sign-in" {
            app.nonce_for(purpose, &guest()).await.assert_ok();
            continue;
        }
        for without_session in [guest(), user(id), json!({"x-hasura-role": "admin"})] {
            app.nonce_for(purpose, &without_session)
                .await
                .assert_error(403, "forbidden");
        }
    }
    let before = nonces(&app).await;
    for input in [json!({}), json!({"purpose": null})] {
        let reply = app.call("/actions/nonce", "v1Nonce", guest(), input).await;
        assert_eq!(reply.assert_ok().res()["statement"], "Sign in to Example App.");
    }
    assert_eq!(nonces(&app).await, before, "clients choose their own nonces here");
    let reply = app.nonce_for("become-admin", &owner.session).await;
    reply.assert_error(400, "bad_request");
    for purpose in Purpose::ALL {
        assert!(reply.text.contains(purpose.as_str()), "{reply:?}");
    }
    log_out(&app, &owner.session).await.assert_ok();
    // The process hears of the end some milliseconds after its commit.
    let mut reply = app.nonce_for("elevate", &owner.session).await;
    for _ in 0..400 {
        if reply.status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        reply = app.nonce_for("elevate", &owner.session).await;
    }
    reply.assert_error(401, "session_ended");
}

// Issue 14, item 10.
#[tokio::test]
async fn a_name_that_a_message_cannot_hold_is_replaced_by_the_host() {
    let app = TestApp::with(&[("APP_NAME", "Café Zürich")]).await;
    let owner = owner(&app).await;
    let (_, statement) = app.issued("delete-account", &owner.session).await;
    assert_eq!(statement, "Delete your account at localhost for good.");
    let proof = app.proof(&owner.wallet, "delete-account", &owner.session).await;
    submit(&app, Purpose::DeleteAccount, &owner.session, &proof)
        .await
        .assert_ok();
}

// Issue 14, item 10.
#[tokio::test]
async fn a_text_of_lens_or_tanx_is_no_proof() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let address = owner.wallet.address().to_string();
    let input = json!({"request": {"address": address}});
    let lens = app.call("/actions/challenge", "challenge", guest(), input).await;
    let lens = lens.assert_ok().json()["text"].as_str().unwrap().to_owned();
    let body = json!({"eth_address": address}).to_string();
    let tanx = app.post("/sapi/v2/auth/nonce", None, body).await;
    let tanx = tanx.assert_ok().json()["payload"].as_str().unwrap().to_owned();
    for message in [lens, tanx] {
        let signed = SignedText {
            signature: owner.wallet.sign(&message),
            message,
        };
        for action in ACTIONS {
            submit(&app, action, &owner.session, &signed)
                .await
                .assert_error(400, "message_malformed");
        }
    }
}

// Issue 14, item 10.
#[tokio::test]
async fn no_node_is_asked_about_a_message_for_another_purpose() {
    let node = StubNode::start().await;
    let app = TestApp::with(&[("ETH_RPC_URLS", &node.entry())]).await;
    let owner = owner(&app).await;
    node.asked();
    let signed = evm::message(wallet().address(), &wallet(), 1, app.clock.now());
    submit(&app, Purpose::DeleteAccount, &owner.session, &signed)
        .await
        .assert_error(401, "purpose_mismatch");
    assert!(node.asked().is_empty());
    app.log_in_with(&signed).await.assert_ok();
    assert!(!node.asked().is_empty());
}

#[tokio::test]
async fn a_nonce_that_the_binary_of_before_issued_signs_in() {
    let app = TestApp::with(&[("SIWE_NONCES", "server")]).await;
    let nonce = nonce();
    app.db
        .connect()
        .await
        .execute(
            "insert into auth.issued_nonces (hash, expires_at)
             values (sha256(convert_to($1, 'UTF8')), now() + interval '10 minutes')",
            &[&nonce],
        )
        .await
        .unwrap();
    let signed = wallet().log_in(&origin(), 1, &nonce, app.clock.now());
    app.log_in_with(&signed).await.assert_ok();
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
}
