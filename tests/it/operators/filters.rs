//! `account list` with its filters, and `keys list` for programs.

use serde_json::json;

use super::{Operator, TestApp, wallet};
use crate::support::app::{WITH_OWN_KEYS, user};
use crate::support::people::PASSWORD;
use crate::support::process::run;

// Issue 14, item 21.
#[tokio::test]
async fn list_is_narrowed_by_what_is_known_of_an_account() {
    let app = TestApp::with(&[("REGISTRATION", "open")]).await;
    let operator = Operator::of(&app);
    let (alice, bob) = (wallet(), wallet());
    let alice_id = app.log_in_with(&app.message(&alice)).await.user_id();
    let bob_id = app.log_in_with(&app.message(&bob)).await.user_id();
    let address = alice.address().to_string();
    app.update(user(&alice_id), &["ethereum"], "Alice Ångström", &address)
        .await
        .assert_ok();
    operator.done("role add editor").await;
    operator.done(&format!("account grant {bob_id} editor")).await;
    operator.done(&format!("account disable {bob_id}")).await;
    let made = run(
        &[
            "account",
            "create",
            "--email",
            "anna@example.com",
            "--username",
            "anna",
            "--name",
            "Anna Smith",
        ],
        &operator.variables,
        &format!("{PASSWORD}\n"),
    )
    .await;
    assert!(made.status.success(), "{made:?}");
    let found = async |filter: &str| -> Vec<String> {
        let page = operator.json(&format!("account list {filter}")).await;
        let ids = page.as_array().unwrap().iter();
        ids.map(|user| user["user_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let everybody = found("--limit 10").await;
    assert_eq!(everybody.len(), 3);
    let anna_id = everybody
        .iter()
        .find(|id| **id != alice_id && **id != bob_id)
        .unwrap();
    let bobs = bob.address().to_string();
    for (filter, expected) in [
        (format!("--address {}", alice.address()), vec![&alice_id]),
        (format!("--address {}", wallet().address()), vec![]),
        ("--email Anna@example.com".to_owned(), vec![anna_id]),
        ("--username ANNA".to_owned(), vec![anna_id]),
        (
            "--username anna --email anna@example.com".to_owned(),
            vec![anna_id],
        ),
        ("--name ALICE".to_owned(), vec![&alice_id]),
        ("--name Ångström".to_owned(), vec![&alice_id]),
        ("--name smith".to_owned(), vec![anna_id]),
        ("--name %".to_owned(), vec![]),
        ("--role editor".to_owned(), vec![&bob_id]),
        ("--role admin".to_owned(), vec![]),
        ("--disabled".to_owned(), vec![&bob_id]),
        (
            format!("--disabled --role editor --address {bobs} --since 1h"),
            vec![&bob_id],
        ),
        ("--disabled --email anna@example.com".to_owned(), vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&filter).await, expected, "{filter}");
    }
    assert_eq!(found("--since 1h").await, everybody);
    let client = app.db.connect().await;
    let sql = "update auth.users set created_at = created_at - interval '8 days' where id::text <> $1";
    client.execute(sql, &[anna_id]).await.unwrap();
    assert_eq!(found("--since 7d").await, std::slice::from_ref(anna_id));
    assert_eq!(
        found(&format!("--limit 1 --after {}", everybody[0])).await,
        everybody[1..2]
    );
    let table = operator.done("account list --disabled").await;
    assert!(table.contains(&bob_id) && !table.contains(&alice_id), "{table}");
    for wrong in [
        "--since yesterday",
        "--address 0x1",
        "--role 7up",
        "--email anna",
        "--limit 10001",
        "--name ",
    ] {
        assert_eq!(
            operator.types(&format!("account list {wrong}")).await.exit,
            2,
            "{wrong}"
        );
    }
}

// Issue 14, item 21.
#[tokio::test]
async fn keys_are_listed_as_json_without_their_private_halves() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let mut operator = Operator::of(&app);
    for (name, value) in WITH_OWN_KEYS {
        operator.variables.set(name, *value);
    }
    assert_eq!(operator.json("keys list").await, json!([]));
    operator.done("keys generate").await;
    operator.done("keys generate --alg ES256").await;
    let keys = operator.json("keys list").await;
    let keys = keys.as_array().unwrap();
    let of = |at: usize| (&keys[at]["algorithm"], &keys[at]["state"]);
    assert_eq!(of(0), (&json!("EdDSA"), &json!("current")));
    assert_eq!(of(1), (&json!("ES256"), &json!("next")));
    for key in keys {
        let names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "kid",
                "algorithm",
                "state",
                "published_at",
                "activated_at",
                "retires_at",
                "retired_at"
            ]
        );
        assert!(key["published_at"].as_str().unwrap().ends_with('Z'), "{key}");
        assert!(key["retired_at"].is_null());
        let line = operator.done("keys list").await;
        assert!(line.contains(key["kid"].as_str().unwrap()), "{line}");
    }
}
