//! `v1DeleteAccount` at the service itself: what is gone, what is refused, and what an old proof is still good for.

mod together;

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use serde_json::{Value, json};
use time::Duration;
use tokio_postgres::Client;

use crate::ends::session_of;
use crate::support::app::{guest, user};
use crate::support::people::PASSWORD;
use crate::support::{Reply, TestApp, spellings, wallet};

const OPEN: (&str, &str) = ("REGISTRATION", "open");

async fn delete(app: &TestApp, session: &Value, proof: Value) -> Reply {
    let input = json!({"proof": proof});
    app.call(
        "/actions/delete-account",
        "v1DeleteAccount",
        session.clone(),
        input,
    )
    .await
}

fn proof_of(signed: &SignedText) -> Value {
    json!({"message": signed.message, "signature": signed.signature})
}

/// A message of this wallet that deletes the account of the session.
async fn leaving(app: &TestApp, own: &Wallet, session: &Value) -> Value {
    proof_of(&app.proof(own, "delete-account", session).await)
}

/// The session variables of somebody who signs in with this wallet.
async fn signed_in(app: &TestApp, own: &Wallet) -> Value {
    session_of(&app.log_in_with(&app.message(own)).await)
}

fn id(session: &Value) -> String {
    session["x-hasura-user-id"].as_str().unwrap().to_owned()
}

async fn link_password(app: &TestApp, session: &Value, own: &Wallet, email: &str, username: &str) {
    let signed = app.proof(own, "set-password", session).await;
    let input = json!({"account": {"email": email, "username": username, "password": PASSWORD,
        "message": signed.message, "signature": signed.signature}});
    app.call("/actions/link-password", "v1LinkPassword", session.clone(), input)
        .await
        .assert_ok();
}

async fn challenge(app: &TestApp, address: &str) -> String {
    let input = json!({"request": {"address": address}});
    let reply = app
        .call_from("203.0.113.77", "/actions/challenge", "challenge", input)
        .await;
    reply.assert_ok().json()["text"].as_str().unwrap().to_owned()
}

/// Every row of every table of ours that holds one of these texts, whichever column it is in.
async fn rows_with(client: &Client, texts: &[String]) -> Vec<String> {
    let tables = client
        .query(
            "select format('%I.%I', table_schema, table_name)
             from information_schema.tables
             where table_schema in ('auth', 'public') and table_type = 'BASE TABLE'",
            &[],
        )
        .await
        .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let rows = client
            .query(&format!("select lower(t::text) from {table} as t"), &[])
            .await
            .unwrap();
        for row in rows {
            let row: String = row.get(0);
            if texts.iter().any(|text| row.contains(&text.to_lowercase())) {
                found.push(format!("{table}: {row}"));
            }
        }
    }
    found
}

/// The row that says so, as JSON, and how many others the person left.
async fn audit(client: &Client, id: &str) -> (Value, Vec<Value>) {
    let rows = client
        .query(
            "select to_jsonb(a) - 'id' - 'at' from auth.audit_log a where user_id = $1::text::uuid order by a.id desc",
            &[&id],
        )
        .await
        .unwrap();
    let mut rows: Vec<Value> = rows.iter().map(|row| row.get(0)).collect();
    let last = rows.remove(0);
    (last, rows)
}

// Issue 14, item 22: field report W01.
#[tokio::test]
async fn every_spelling_of_a_signature_proves_a_deletion() {
    let app = TestApp::start().await;
    let own = wallet();
    for at in 0..spellings("0x").len() {
        let session = signed_in(&app, &own).await;
        let signed = app.proof(&own, "delete-account", &session).await;
        let spelt = SignedText {
            signature: spellings(&signed.signature)[at].clone(),
            ..signed.clone()
        };
        delete(&app, &session, proof_of(&spelt)).await.assert_ok();
    }
}

#[tokio::test]
async fn nothing_tells_any_more_who_was_deleted() {
    let app = TestApp::with(&[OPEN, ("TRUSTED_HOPS", "1")]).await;
    let client = app.db.connect().await;
    let (anna, bob) = (wallet(), wallet());
    let address = anna.address().to_string();
    let ip = "203.0.113.77";
    let signed = app.message(&anna);
    let input = json!({"session": proof_of(&signed)});
    let session = session_of(&app.call_from(ip, "/actions/login", "v1Login", input).await);
    let id = id(&session);
    link_password(&app, &session, &anna, "anna.lovelace@mail.com", "anna-lovelace").await;
    app.update(session.clone(), &["ethereum"], "Countess Anna", &address)
        .await
        .assert_ok();
    let admin = json!({"x-hasura-role": "admin"});
    app.update(admin, &["ethereum"], "Countess", &address)
        .await
        .assert_ok();
    for (email, password) in [
        ("anna.lovelace@mail.com", PASSWORD),
        ("anna.lovelace@mail.com", "a wrong password"),
    ] {
        let input = json!({"email": email, "password": password});
        app.call_from(ip, "/actions/email-login", "login", input).await;
    }
    client
        .batch_execute(&format!(
            "insert into auth.user_roles select '{id}', 'admin', now();
             insert into auth.custom_claims values ('{id}', 'x-hasura-team', 'Countess');
             insert into auth.tanx_uids values ('{id}', 'ID0123456789');
             update auth.users set name = 'Countess', avatar = 'https://countess.example/anna.png' where id = '{id}'"
        ))
        .await
        .unwrap();
    let text = challenge(&app, &address).await;
    let others = signed_in(&app, &bob).await;

    let reply = delete(&app, &session, json!({"password": PASSWORD})).await;
    assert_eq!(reply.assert_ok().res(), json!({"ended": 2}));

    // The id itself stays in the audit log, where it is nobody's.
    let (gone, before) = audit(&client, &id).await;
    assert_eq!(
        gone,
        json!({"action": "delete_account", "result": "ok", "user_id": id, "actor": "user", "session_id": null,
            "address": null, "ip": null, "request_id": null, "detail": {"sessions_ended": 2}})
    );
    assert!(before.len() >= 4, "{before:?}");
    for row in &before {
        assert_eq!(
            [&row["address"], &row["ip"], &row["request_id"], &row["detail"]],
            [&json!(null), &json!(null), &json!(null), &json!({})],
            "{row}"
        );
    }
    let bare = address.trim_start_matches("0x").to_owned();
    let telling = [
        "anna".to_owned(),
        "countess".to_owned(),
        ip.to_owned(),
        text.clone(),
        "id0123456789".to_owned(),
    ];
    // What a client asks for, tries and signs up is counted by its address, for whichever account it was.
    let of_clients = [
        "auth.guesses: (\"\\\\x\",",
        "auth.limits: (asker:",
        "auth.limits: (tries:",
        "auth.limits: (sign-ups:",
    ];
    let mut left = rows_with(&client, &telling).await;
    left.retain(|row| !of_clients.iter().any(|start| row.starts_with(start)));
    assert_eq!(left, Vec::<String>::new());
    let by_id = rows_with(&client, std::slice::from_ref(&id)).await;
    assert!(
        by_id.iter().all(|row| row.starts_with("auth.audit_log: ")),
        "{by_id:?}"
    );
    // What keeps old messages old, and a limit on log-ins, know the address for a while.
    for row in rows_with(&client, std::slice::from_ref(&bare)).await {
        assert!(
            row.starts_with("auth.spent_nonces: ") || row.starts_with("auth.limits: (wallet:"),
            "{row}"
        );
    }
    app.clock.advance(Duration::hours(3));
    app.app_service.sweep().await.unwrap();
    assert_eq!(rows_with(&client, &[bare]).await, Vec::<String>::new());

    // Nobody else was touched.
    let (_, theirs) = (
        app.call("/actions/sessions", "v1Sessions", others.clone(), json!({}))
            .await,
        rows_with(&client, &[bob.address().to_string()[2..].to_owned()]).await,
    );
    assert!(
        theirs.iter().any(|row| row.starts_with("auth.audit_log: ")),
        "{theirs:?}"
    );
}

#[tokio::test]
async fn an_admin_s_row_about_the_address_keeps_the_admin_and_loses_the_address() {
    let app = TestApp::start().await;
    let (anna, root) = (wallet(), wallet());
    let (session, mut admin) = (signed_in(&app, &anna).await, signed_in(&app, &root).await);
    admin["x-hasura-role"] = json!("admin");
    app.update(
        admin.clone(),
        &["ethereum"],
        "by root",
        &anna.address().to_string(),
    )
    .await
    .assert_ok();
    let proof = leaving(&app, &anna, &session).await;
    delete(&app, &session, proof).await.assert_ok();
    let client = app.db.connect().await;
    let (last, _) = audit(&client, &id(&admin)).await;
    assert_eq!(
        (&last["action"], &last["address"], &last["detail"]),
        (
            &json!("update_account"),
            &json!(null),
            &json!({"networks": ["ethereum"]})
        )
    );
    assert!(last["request_id"].is_string(), "{last}");
}

#[tokio::test]
async fn no_message_and_no_text_of_before_brings_the_account_back() {
    let app = TestApp::with(&[OPEN]).await;
    let anna = wallet();
    let address = anna.address().to_string();
    let log_in = app.message(&anna);
    let session = session_of(&app.log_in_with(&log_in).await);
    let proof = app.proof(&anna, "delete-account", &session).await;
    let text = challenge(&app, &address).await;
    delete(&app, &session, proof_of(&proof)).await.assert_ok();

    app.log_in_with(&log_in).await.assert_error(401, "nonce_invalid");
    app.log_in_with(&proof)
        .await
        .assert_error(401, "purpose_mismatch");
    let input = json!({"request": {"address": address, "signature": anna.sign(&text)}});
    app.call("/actions/authenticate", "authenticate", guest(), input)
        .await
        .assert_error(401, "nonce_invalid");
    let client = app.db.connect().await;
    let users = client.query("select from auth.users", &[]).await.unwrap();
    assert_eq!(users.len(), 0);

    let again = app.log_in_with(&app.message(&anna)).await;
    assert_ne!(again.assert_ok().user_id(), id(&session));
    let accounts = client
        .query("select from public.accounts where address = $1", &[&address])
        .await
        .unwrap();
    assert_eq!(accounts.len(), 1);
}

#[tokio::test]
async fn every_process_refuses_the_tokens_of_whoever_was_deleted() {
    let one = TestApp::start().await;
    let two = TestApp::on(one.db.clone(), one.clock.clone(), &[]).await;
    let anna = wallet();
    let reply = one.log_in_with(&one.message(&anna)).await;
    let session = session_of(&reply);
    let bearer = format!("Bearer {}", reply.res()["accessToken"].as_str().unwrap());
    let hook = async |app: &TestApp| {
        let request = reqwest::Client::new()
            .get(format!("http://{}/webhook", app.address))
            .header("authorization", &bearer);
        Reply::of(request.send().await.unwrap()).await
    };
    for app in [&one, &two] {
        hook(app).await.assert_ok();
    }
    let proof = leaving(&one, &anna, &session).await;
    let late = leaving(&one, &anna, &session).await;
    delete(&one, &session, proof).await.assert_ok();
    for app in [&one, &two] {
        for _ in 0..200 {
            if hook(app).await.status == 401 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        hook(app).await.assert_error(401, "session_ended");
        app.restore(&reply.refresh_token())
            .await
            .assert_error(401, "refresh_token_invalid");
        for (path, action) in [
            ("/actions/sessions", "v1Sessions"),
            ("/actions/my-profile", "myProfile"),
        ] {
            app.call(path, action, session.clone(), json!({}))
                .await
                .assert_error(401, "session_ended");
        }
        app.update(session.clone(), &["ethereum"], "x", &anna.address().to_string())
            .await
            .assert_error(401, "session_ended");
        delete(app, &session, late.clone())
            .await
            .assert_error(401, "session_ended");
    }
}

#[tokio::test]
async fn whoever_is_disabled_does_not_escape_by_leaving() {
    let app = TestApp::with(&[OPEN]).await;
    let anna = wallet();
    let session = signed_in(&app, &anna).await;
    link_password(&app, &session, &anna, "anna@mail.com", "anna").await;
    let by_wallet = leaving(&app, &anna, &session).await;
    let whose = anna.address().to_string().parse().unwrap();
    app.app_service.db().disable(&whose).await.unwrap().unwrap();
    // With a token that names no session, as an operator may have minted one.
    for caller in [session.clone(), user(&id(&session))] {
        for proof in [json!({"password": PASSWORD}), by_wallet.clone()] {
            let reply = delete(&app, &caller, proof).await;
            assert!(
                [(401, json!("session_ended")), (403, json!("reauth_required"))]
                    .contains(&(reply.status, reply.json()["code"].clone())),
                "{reply:?}"
            );
        }
    }
    app.log_in_with(&app.message(&anna))
        .await
        .assert_error(403, "account_disabled");
}

#[tokio::test]
async fn an_admin_of_the_environment_may_leave_as_well_and_the_admin_secret_is_nobody() {
    let root = wallet();
    let address = root.address().to_string();
    let app = TestApp::with(&[("ADMIN_ADDRESSES", &address)]).await;
    let mut session = signed_in(&app, &root).await;
    session["x-hasura-role"] = json!("admin");
    let proof = leaving(&app, &root, &session).await;
    delete(&app, &json!({"x-hasura-role": "admin"}), proof.clone())
        .await
        .assert_error(403, "forbidden");
    delete(&app, &session, proof).await.assert_ok();
    assert_ne!(id(&signed_in(&app, &root).await), id(&session));
}

#[tokio::test]
async fn a_table_of_the_operator_s_that_holds_on_keeps_the_whole_account() {
    let app = TestApp::start().await;
    let anna = wallet();
    let reply = app.log_in_with(&app.message(&anna)).await;
    let session = session_of(&reply);
    let client = app.db.connect().await;
    let mut token = reply.refresh_token();
    for rule in ["", "on delete restrict", "deferrable initially deferred"] {
        client
            .batch_execute(&format!(
                "drop table if exists public.orders;
                 create table public.orders (user_id uuid references auth.users (id) {rule});
                 insert into public.orders select id from auth.users"
            ))
            .await
            .unwrap();
        let proof = leaving(&app, &anna, &session).await;
        delete(&app, &session, proof).await.assert_error(403, "forbidden");
        token = app.restore(&token).await.assert_ok().refresh_token();
        let (last, _) = audit(&client, &id(&session)).await;
        assert_eq!(last["action"], "log_in", "nothing was written: {rule}");
    }
    client.batch_execute("delete from public.orders").await.unwrap();
    let proof = leaving(&app, &anna, &session).await;
    delete(&app, &session, proof).await.assert_ok();
}
