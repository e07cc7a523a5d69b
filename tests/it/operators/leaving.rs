//! `account export` and `account delete`: a person's data, handed over and removed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Operator, TestApp, hasura_claims, noted, wallet};
use crate::repository::{between, code_span, read, table_rows};
use crate::support::app::{guest, user};
use crate::support::people::PASSWORD;
use crate::support::wallet as stranger;

/// Somebody with a row in every table that can have one of theirs; the refresh token, the id and the wallet.
async fn somebody(app: &TestApp) -> (String, String, hasura_siwe::cli::wallet::Wallet) {
    let alice = wallet();
    let address = alice.address().to_string();
    let reply = app.log_in_with(&app.message(&alice)).await;
    let id = reply.user_id();
    let mut session = user(&id);
    session["x-hasura-session-id"] = hasura_claims(&reply)["x-hasura-session-id"].clone();
    let signed = app.proof(&alice, "set-password", &session).await;
    let input = json!({"account": {"email": "alice@mail.com", "username": "alice", "password": PASSWORD,
        "message": signed.message, "signature": signed.signature}});
    app.call("/actions/link-password", "v1LinkPassword", session.clone(), input)
        .await
        .assert_ok();
    app.update(session, &["ethereum"], "name.eth", &address)
        .await
        .assert_ok();
    let input = json!({"email": "alice@mail.com", "password": "a wrong password"});
    app.call("/actions/email-login", "login", guest(), input).await;
    let input = json!({"request": {"address": address}});
    app.call("/actions/challenge", "challenge", guest(), input)
        .await
        .assert_ok();
    (reply.refresh_token(), id, alice)
}

#[tokio::test]
async fn an_export_holds_everything_about_a_person_and_no_secret() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (token, id, alice) = somebody(&app).await;
    let address = alice.address().to_string();
    app.log_in(&stranger()).await;
    operator
        .done(&format!("account claim {address} x-hasura-team blue"))
        .await;
    operator.done(&format!("account grant {address} admin")).await;
    let client = app.db.connect().await;
    client
        .execute(
            "insert into auth.tanx_uids select id, 'ID0123456789' from auth.users where id::text = $1",
            &[&id],
        )
        .await
        .unwrap();

    let said = operator.done("account export ALICE@mail.com").await;
    let export: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(export["user_id"], id);
    assert_eq!(export["tanx_uid"], "ID0123456789");
    assert_eq!(export["password"]["username"], "alice");
    assert_eq!(export["wallets"][0]["address"], address);
    assert_eq!(export["accounts"][0]["name"], "name.eth");
    assert_eq!(export["roles"][0]["role"], "admin");
    assert_eq!(export["claims"], json!({"x-hasura-team": "blue"}));
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(export["sessions"][0]["refresh_tokens"], 1);
    assert_eq!(export["challenges"][0]["address"], address);
    assert!(export["password_tries"][0]["misses"].is_number(), "{export}");
    assert!(export["spent_nonces"].as_array().unwrap().len() >= 2, "{export}");
    assert_eq!(export["limits"].as_array().unwrap().len(), 2);
    let audit = export["audit"].as_array().unwrap();
    assert!(
        audit
            .iter()
            .any(|row| row["action"] == "log_in" && row["address"] == address),
        "{audit:?}"
    );

    // Nothing that opens anything, and nothing of anybody else's.
    for secret in client
        .query(
            "select password_hash from auth.credentials
             union all select encode(hash, 'hex') from auth.refresh_tokens
             union all select encode(hash, 'hex') from auth.spent_nonces
             union all select user_id::text from auth.wallets where user_id::text <> $1",
            &[&id],
        )
        .await
        .unwrap()
    {
        let secret: String = secret.get(0);
        assert!(!said.contains(&secret), "{secret}");
    }
    assert!(!said.contains("argon2") && !said.contains(&token));

    // The page names every field, and no other.
    let document = read("docs/operations.md");
    let section = between(&document, "\n## What is kept about a person\n", "\n## ");
    let documented: BTreeSet<String> = table_rows(section)
        .iter()
        .filter_map(|row| code_span(&row[0]).map(str::to_owned))
        .collect();
    let fields: BTreeSet<String> = export.as_object().unwrap().keys().cloned().collect();
    assert_eq!(documented, fields);
    assert_eq!(noted(&app).await.last().unwrap(), "export_account");
    let refusal = operator
        .refused("account export 00000000-0000-4000-8000-000000000000")
        .await;
    assert!(refusal.contains("there is no account"), "{refusal}");
}

#[tokio::test]
async fn an_account_is_deleted_when_the_operator_means_it() {
    let app = TestApp::start().await;
    let mut operator = Operator::of(&app);
    let (token, id, alice) = somebody(&app).await;
    let address = alice.address().to_string();
    operator.variables.set("ADMIN_ADDRESSES", address.to_lowercase());

    let refusal = operator.refused(&format!("account delete {address}")).await;
    assert!(refusal.contains("give --yes"), "{refusal}");
    app.restore(&token).await.assert_ok();

    let said = operator.done(&format!("account delete {address} --yes")).await;
    for part in [
        id.as_str(),
        "1 wallets, 1 accounts on networks, a password, 0 roles, 0 claims and 1 live sessions",
        "whoever signs in with it next is admin again",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
    let input = json!({"email": "alice@mail.com", "password": PASSWORD});
    app.call("/actions/email-login", "login", guest(), input)
        .await
        .assert_error(401, "credentials_invalid");
    assert!(
        operator
            .refused(&format!("account delete {id} --yes"))
            .await
            .contains("there is no account")
    );
    assert_ne!(
        app.log_in_with(&app.message(&alice)).await.assert_ok().user_id(),
        id
    );
    assert_eq!(noted(&app).await, ["delete_account"]);
    let records = operator.json(&format!("audit --user {id}")).await;
    for record in records.as_array().unwrap() {
        assert_eq!(record["address"], json!(null), "{record}");
    }
}

#[tokio::test]
async fn a_ban_is_lifted_only_when_the_operator_says_so() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (_, id, alice) = somebody(&app).await;
    operator.done(&format!("account disable {id}")).await;
    let refusal = operator.refused(&format!("account delete {id} --yes")).await;
    assert!(
        refusal.contains("is disabled") && refusal.contains("--lift-ban"),
        "{refusal}"
    );
    app.log_in_with(&app.message(&alice))
        .await
        .assert_error(403, "account_disabled");
    operator
        .done(&format!("account delete {id} --yes --lift-ban"))
        .await;
    app.log_in_with(&app.message(&alice)).await.assert_ok();
}

#[tokio::test]
async fn a_table_that_holds_on_is_named() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (_, id, alice) = somebody(&app).await;
    let client = app.db.connect().await;
    client
        .batch_execute(
            "create table public.orders (user_id uuid constraint orders_of references auth.users (id));
             insert into public.orders select id from auth.users",
        )
        .await
        .unwrap();
    let refusal = operator.refused(&format!("account delete {id} --yes")).await;
    assert!(refusal.contains("public.orders (orders_of)"), "{refusal}");
    app.log_in_with(&app.message(&alice)).await.assert_ok();
}
