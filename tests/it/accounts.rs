//! `v1UpdateAccount`, through HTTP: who may name which account, and that a refusal changes nothing.

use serde_json::json;

use crate::support::app::{TestApp, guest, user};
use crate::support::{nonce, origin, wallet};

async fn names(app: &TestApp) -> Vec<(String, Option<String>)> {
    let client = app.db.connect().await;
    let rows = client
        .query(
            "select network, name from accounts order by address, network",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_user_names_their_accounts_and_is_told_where() {
    let app = TestApp::start().await;
    let alice = wallet();
    let id = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    let address = alice.address().to_string();
    let reply = app
        .update(user(&id), &["ethereum", "polygon"], "name.eth", &address)
        .await;
    assert_eq!(reply.assert_ok().res(), json!({"updatedIn": ["ethereum"]}));
    app.log_in_with(&alice.log_in(&origin(), 137, &nonce(), app.clock.now()))
        .await
        .assert_ok();
    let reply = app
        .update(
            user(&id),
            &["polygon", "ethereum", "polygon"],
            "e\u{301}",
            &address.to_lowercase(),
        )
        .await;
    assert_eq!(
        reply.assert_ok().res(),
        json!({"updatedIn": ["polygon", "ethereum"]})
    );
    assert_eq!(
        names(&app).await,
        [
            ("ethereum".into(), Some("é".into())),
            ("polygon".into(), Some("é".into()))
        ]
    );
    let reply = app.update(user(&id), &["base"], "x", &address).await;
    assert_eq!(reply.assert_ok().res(), json!({"updatedIn": []}));
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let app = TestApp::start().await;
    let (alice, bob) = (wallet(), wallet());
    let id = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    app.log_in(&bob).await;
    let (own, foreign) = (alice.address().to_string(), bob.address().to_string());
    let before = names(&app).await;
    let refused = async |session, networks: &[&str], name: &str, address: &str, status, code| {
        app.update(session, networks, name, address)
            .await
            .assert_error(status, code);
    };
    refused(
        user(&id),
        &["ethereum", "atlantis"],
        "x",
        &own,
        400,
        "network_unknown",
    )
    .await;
    for strange in ["a\0b", "Ethereum", "", &"x".repeat(1 << 16)] {
        refused(user(&id), &[strange], "x", &own, 400, "network_unknown").await;
    }
    refused(user(&id), &["ethereum"], "x", &foreign, 403, "forbidden").await;
    refused(
        user(&id),
        &["ethereum"],
        "x",
        &wallet().address().to_string(),
        403,
        "forbidden",
    )
    .await;
    refused(user(&id), &[], "x", &own, 400, "bad_request").await;
    refused(user(&id), &["ethereum"], "", &own, 400, "name_invalid").await;
    refused(
        user(&id),
        &["ethereum"],
        &"x".repeat(65),
        &own,
        400,
        "name_invalid",
    )
    .await;
    refused(user(&id), &["ethereum"], "a\u{7}b", &own, 400, "name_invalid").await;
    refused(user(&id), &["ethereum"], "x", "vitalik.eth", 400, "bad_request").await;
    let swapped: String = own
        .chars()
        .enumerate()
        .map(|(i, c)| {
            if i > 1 && c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else if i > 1 {
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect();
    refused(
        user(&id),
        &["ethereum"],
        "x",
        &swapped,
        400,
        "address_not_checksummed",
    )
    .await;
    let many: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(user(&id), &many, "x", &own, 400, "bad_request").await;
    refused(guest(), &["ethereum"], "x", &own, 403, "forbidden").await;
    let nobody = uuid::Uuid::from_u128(5).to_string();
    refused(user(&nobody), &["ethereum"], "x", &own, 403, "account_disabled").await;
    assert_eq!(names(&app).await, before);
}

#[tokio::test]
async fn h02_a_guest_who_sends_a_user_id_stays_a_guest() {
    let app = TestApp::start().await;
    let alice = wallet();
    let id = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    for role in ["guest", "anonymous", "moderator", "Admin", ""] {
        let session = json!({"x-hasura-role": role, "x-hasura-user-id": id});
        let reply = app
            .update(session, &["ethereum"], "x", &alice.address().to_string())
            .await;
        reply.assert_error(403, "forbidden");
    }
}

#[tokio::test]
async fn an_admin_names_any_account_and_the_admin_secret_is_audited_as_such() {
    let app = TestApp::start().await;
    let (alice, admin) = (wallet(), wallet());
    app.log_in(&alice).await;
    let admin_id = app.log_in_with(&app.message(&admin)).await.assert_ok().user_id();
    let address = alice.address().to_string();
    let session = json!({"x-hasura-role": "admin", "x-hasura-user-id": admin_id});
    app.update(session, &["ethereum"], "by an admin", &address)
        .await
        .assert_ok();
    let secret = json!({"x-hasura-role": "admin"});
    let reply = app.update(secret, &["ethereum"], "by the secret", &address).await;
    assert_eq!(reply.assert_ok().res(), json!({"updatedIn": ["ethereum"]}));
    let client = app.db.connect().await;
    let rows = client
        .query(
            "select actor, user_id::text from auth.audit_log where action = 'update_account' order by id",
            &[],
        )
        .await
        .unwrap();
    let actors: Vec<(String, Option<String>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        actors,
        [("admin".into(), Some(admin_id)), ("admin-secret".into(), None)]
    );
}

#[tokio::test]
async fn a_disabled_account_names_nothing_although_its_token_lives() {
    let app = TestApp::start().await;
    let alice = wallet();
    let id = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    app.db
        .connect()
        .await
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    let reply = app
        .update(user(&id), &["ethereum"], "x", &alice.address().to_string())
        .await;
    reply.assert_error(403, "account_disabled");
}

// Issue 14, item 15.
#[tokio::test]
async fn a_name_with_something_unseen_or_a_second_form_is_refused_and_a_stored_one_stays() {
    let app = TestApp::start().await;
    let alice = wallet();
    let id = app.log_in_with(&app.message(&alice)).await.assert_ok().user_id();
    let address = alice.address().to_string();
    let set = async |name: &str| app.update(user(&id), &["ethereum"], name, &address).await;
    for name in [
        "ali\u{200b}ce",
        "alice\u{200d}",
        "a\u{ad}lice",
        "alice\u{fe0f}",
        "\u{202e}ecila",
        "\u{3164}",
        "alice\u{e0041}",
        "\u{ff41}lice",
        "\u{1d41a}lice",
        "a\u{a0}b",
    ] {
        let reply = set(name).await;
        reply.assert_error(400, "name_invalid");
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("U+"), "{message}");
    }
    for name in [
        "👩\u{200d}🚀",
        "❤\u{fe0f}",
        "می\u{200c}خواهم",
        "ශ\u{dca}\u{200d}රී",
        "Ångström",
    ] {
        set(name).await.assert_ok();
        assert_eq!(names(&app).await[0].1.as_deref(), Some(name));
    }
    let client = app.db.connect().await;
    let old = "ali\u{200b}\u{ff43}e";
    client
        .execute("update accounts set name = $1", &[&old])
        .await
        .unwrap();
    let token = app
        .log_in_with(&app.message(&alice))
        .await
        .assert_ok()
        .refresh_token();
    app.restore(&token).await.assert_ok();
    assert_eq!(names(&app).await[0].1.as_deref(), Some(old));
}
