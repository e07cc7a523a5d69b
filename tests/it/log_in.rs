//! `v1Login`, through HTTP: what opens a session, what does not, and what that leaves behind.

use hasura_siwe::cli::wallet::SignedText;
use hasura_siwe::clock::Clock;
use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::app::{TestApp, guest};
use crate::support::db::TestDb;
use crate::support::reply::NAMESPACE;
use crate::support::{nonce, origin, spellings, wallet};

/// The log-in that seed 004 prints, as it prints it.
pub fn printed_log_in() -> SignedText {
    SignedText {
        message: "https://localhost:3000 wants you to sign in with your Ethereum account: 0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5  Sign in with Ethereum to the app.  URI: https://localhost:3000 Version: 1 Chain ID: 1 Nonce: V4953jdM8Y5ljtOvZ Issued At: 2024-09-14T20:44:31.764Z Expiration Time: 2024-09-14T20:49:31.761Z".into(),
        signature: "0x81596c2af98457f7621455ca947db35cad201cb96ced9b34a4b2403fea35c01431f7bca6db5fc5ffdb92b42c3cd0ae0c5b21cc24099ce6e630f0966e3fa544701c".into(),
    }
}

/// The moment at which it is played.
pub const PRINTED_AT: OffsetDateTime = datetime!(2024-09-14 20:45:00 UTC);

#[tokio::test]
async fn s01_the_printed_log_in_opens_a_session_in_its_five_minutes() {
    let app = TestApp::on(TestDb::create().await, Clock::starting_at(PRINTED_AT), &[]).await;
    let reply = app.log_in_with(&printed_log_in()).await;
    let claims = reply.assert_ok().claims();
    assert_eq!(
        claims[NAMESPACE]["x-hasura-address"],
        "0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5"
    );
    assert_eq!(claims[NAMESPACE]["x-hasura-allowed-roles"], json!(["user"]));
    assert_eq!(claims[NAMESPACE]["x-hasura-default-role"], "user");
    assert_eq!(claims[NAMESPACE]["x-hasura-user-id"], claims["sub"]);
    app.log_in_with(&printed_log_in())
        .await
        .assert_error(401, "nonce_invalid");
    let client = app.db.connect().await;
    let row = client
        .query_one("select network, address from accounts", &[])
        .await
        .unwrap();
    assert_eq!(
        (row.get(0), row.get(1)),
        ("ethereum", "0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5")
    );
}

#[tokio::test]
async fn the_printed_log_in_has_expired_since() {
    let app = TestApp::start().await;
    app.log_in_with(&printed_log_in())
        .await
        .assert_error(401, "message_expired");
}

#[tokio::test]
async fn s02_a_message_signs_in_once() {
    let app = TestApp::start().await;
    let signed = app.message(&wallet());
    app.log_in_with(&signed).await.assert_ok();
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
}

#[tokio::test]
async fn s04_a_refused_signature_leaves_the_nonce_usable() {
    let app = TestApp::start().await;
    let (alice, mallory) = (wallet(), wallet());
    let signed = app.message(&alice);
    let forged = SignedText {
        signature: mallory.sign(&signed.message),
        ..signed.clone()
    };
    app.log_in_with(&forged)
        .await
        .assert_error(401, "signature_invalid");
    app.log_in_with(&signed).await.assert_ok();
}

// Issue 14, item 22: field report W01.
#[tokio::test]
async fn every_spelling_of_a_signature_signs_in_and_none_a_second_time() {
    let app = TestApp::start().await;
    let alice = wallet();
    for at in 0..spellings("0x").len() {
        let signed = app.message(&alice);
        let spelt = SignedText {
            signature: spellings(&signed.signature)[at].clone(),
            ..signed.clone()
        };
        app.log_in_with(&spelt).await.assert_ok();
        for again in spellings(&signed.signature) {
            let again = SignedText {
                signature: again,
                ..signed.clone()
            };
            app.log_in_with(&again).await.assert_error(401, "nonce_invalid");
        }
    }
}

// Issue 14, item 22: field report W12.
#[tokio::test]
async fn a_refusal_of_a_wrong_clock_names_the_clock() {
    let app = TestApp::start().await;
    let reply = async |minutes| {
        let at = app.clock.now() + Duration::minutes(minutes);
        app.log_in_with(&wallet().log_in(&origin(), 1, &nonce(), at))
            .await
    };
    for (minutes, code, sentence) in [
        (
            2,
            "message_not_yet_valid",
            "the signing device's clock, which is ahead",
        ),
        (-6, "message_expired", "the signing device's clock is behind"),
    ] {
        let reply = reply(minutes).await;
        reply.assert_error(401, code);
        assert!(reply.text.contains(sentence), "{reply:?}");
    }
}

#[tokio::test]
async fn one_person_keeps_one_user_whichever_chain_signs_in() {
    let app = TestApp::start().await;
    let alice = wallet();
    let first = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    let polygon = alice.log_in(&origin(), 137, &nonce(), app.clock.now());
    assert_eq!(app.log_in_with(&polygon).await.assert_ok().user_id(), first);
    let client = app.db.connect().await;
    let networks: Vec<String> = client
        .query("select network from accounts order by network", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(networks, ["ethereum", "polygon"]);
}

#[tokio::test]
async fn a_chain_that_is_unknown_or_switched_off_does_not_sign_in_and_keeps_its_nonce() {
    let app = TestApp::start().await;
    let alice = wallet();
    for chain in [424_242, u64::MAX] {
        let signed = alice.log_in(&origin(), chain, &nonce(), app.clock.now());
        app.log_in_with(&signed)
            .await
            .assert_error(401, "chain_not_supported");
    }
    let client = app.db.connect().await;
    client
        .execute("update networks set enabled = false where name = 'base'", &[])
        .await
        .unwrap();
    let signed = alice.log_in(&origin(), 8453, &nonce(), app.clock.now());
    app.log_in_with(&signed)
        .await
        .assert_error(401, "chain_not_supported");
    client
        .execute("update networks set enabled = true where name = 'base'", &[])
        .await
        .unwrap();
    app.log_in_with(&signed).await.assert_ok();
}

#[tokio::test]
async fn a_disabled_account_signs_in_nowhere() {
    let app = TestApp::start().await;
    let alice = wallet();
    app.log_in(&alice).await;
    app.db
        .connect()
        .await
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    app.log_in_with(&app.message(&alice))
        .await
        .assert_error(403, "account_disabled");
}

#[tokio::test]
async fn s12_in_server_mode_only_an_issued_nonce_signs_in_once_and_in_time() {
    let app = TestApp::with(&[("SIWE_NONCES", "server")]).await;
    let alice = wallet();
    app.log_in_with(&app.message(&alice))
        .await
        .assert_error(401, "nonce_invalid");
    let issue = async || {
        let reply = app.call("/actions/nonce", "v1Nonce", guest(), json!({})).await;
        reply.assert_ok().res()["nonce"].as_str().unwrap().to_owned()
    };
    let signed = alice.log_in(&origin(), 1, &issue().await, app.clock.now());
    app.log_in_with(&signed).await.assert_ok();
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    // Not tied to an address, but used up by whoever comes first.
    let again = wallet().log_in(
        &origin(),
        1,
        signed
            .message
            .split("Nonce: ")
            .nth(1)
            .unwrap()
            .split('\n')
            .next()
            .unwrap(),
        app.clock.now(),
    );
    app.log_in_with(&again).await.assert_error(401, "nonce_invalid");
    let late = issue().await;
    app.clock.advance(Duration::minutes(11));
    app.log_in_with(&alice.log_in(&origin(), 1, &late, app.clock.now()))
        .await
        .assert_error(401, "nonce_invalid");
}

#[tokio::test]
async fn in_client_mode_a_nonce_of_ours_is_as_good_as_any() {
    let app = TestApp::start().await;
    let reply = app.call("/actions/nonce", "v1Nonce", guest(), json!({})).await;
    let nonce = reply.assert_ok().res()["nonce"].as_str().unwrap().to_owned();
    let expires = reply.res()["expiresAt"].as_str().unwrap().to_owned();
    assert!(
        OffsetDateTime::parse(&expires, &time::format_description::well_known::Rfc3339).is_ok(),
        "{expires}"
    );
    app.log_in_with(&wallet().log_in(&origin(), 1, &nonce, app.clock.now()))
        .await
        .assert_ok();
}

#[tokio::test]
async fn an_address_of_the_environment_may_act_as_admin_with_a_short_token() {
    let alice = wallet();
    let app = TestApp::with(&[("ADMIN_ADDRESSES", &alice.address().to_string().to_lowercase())]).await;
    let claims = app.log_in_with(&app.message(&alice)).await.assert_ok().claims();
    assert_eq!(
        claims[NAMESPACE]["x-hasura-allowed-roles"],
        json!(["user", "admin"])
    );
    assert_eq!(claims[NAMESPACE]["x-hasura-default-role"], "user");
    let left = claims["exp"].as_i64().unwrap() - app.clock.now().unix_timestamp();
    assert!((850..=900).contains(&left), "{left}");
    let bob = app
        .log_in_with(&app.message(&wallet()))
        .await
        .assert_ok()
        .claims();
    assert_eq!(bob[NAMESPACE]["x-hasura-allowed-roles"], json!(["user"]));
}

#[tokio::test]
async fn j10_custom_claims_reach_the_token_as_strings() {
    let app = TestApp::start().await;
    let alice = wallet();
    let token = app.log_in(&alice).await;
    let client = app.db.connect().await;
    client
        .execute(
            "insert into auth.custom_claims select id, 'x-hasura-team', 'a \"b\" {c}' from auth.users",
            &[],
        )
        .await
        .unwrap();
    let claims = app.restore(&token).await.assert_ok().claims();
    assert_eq!(claims[NAMESPACE]["x-hasura-team"], "a \"b\" {c}");
    let reserved = client
        .execute(
            "insert into auth.custom_claims select id, 'x-hasura-role', 'admin' from auth.users",
            &[],
        )
        .await;
    assert!(reserved.is_err());
}

#[tokio::test]
async fn t14_no_table_holds_a_token_a_nonce_or_a_message_in_clear() {
    let app = TestApp::with(&[("SIWE_NONCES", "server")]).await;
    let issued = app
        .call("/actions/nonce", "v1Nonce", guest(), json!({}))
        .await
        .res()["nonce"]
        .as_str()
        .unwrap()
        .to_owned();
    let unused = app
        .call("/actions/nonce", "v1Nonce", guest(), json!({}))
        .await
        .res()["nonce"]
        .as_str()
        .unwrap()
        .to_owned();
    let signed = wallet().log_in(&origin(), 1, &issued, app.clock.now());
    let reply = app.log_in_with(&signed).await;
    let first = reply.assert_ok().refresh_token();
    let second = app.restore(&first).await.assert_ok().refresh_token();
    let client = app.db.connect().await;
    let tables = client
        .query("select format('%I.%I', table_schema, table_name) from information_schema.tables where table_schema in ('auth', 'public')", &[])
        .await
        .unwrap();
    let mut dump = String::new();
    for table in tables {
        let table: String = table.get(0);
        for row in client
            .query(&format!("select t::text from {table} t"), &[])
            .await
            .unwrap()
        {
            dump.push_str(row.get(0));
        }
    }
    assert!(dump.len() > 1000);
    let access = reply.res()["accessToken"].as_str().unwrap().to_owned();
    for secret in [
        first,
        second,
        issued,
        unused,
        access,
        signed.signature,
        signed.message,
    ] {
        let bare = secret.replace('-', "");
        let as_bytes = hex::encode(&secret);
        for form in [
            &secret,
            &bare,
            &as_bytes,
            &secret.trim_start_matches("0x").to_owned(),
        ] {
            assert!(!dump.contains(form.as_str()), "{form} stands in a table");
        }
    }
}
