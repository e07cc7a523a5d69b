//! What of a signing key lies in the database, and what the commands print of it.

use serde_json::Value;

use crate::support::app::{TestApp, WITH_OWN_KEYS, variables};
use crate::support::db::TestDb;
use crate::support::keys::{generate, keys, log_in, own_keys, private_key};
use crate::support::process::{Process, run};

#[tokio::test]
async fn another_encryption_key_opens_nothing_and_the_start_says_so() {
    let db = TestDb::create().await;
    let kid = generate(&db, "EdDSA").await;
    let mut other = own_keys(&db);
    other.set(
        "KEYS_ENCRYPTION_KEY",
        "b7e2046d9c1f385a40d6e8b1c95f7a23608e4d1b7c9f25a3e0d84b61f7c2953a",
    );
    let output = run(&["keys", "generate"], &other, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&kid) && said.contains("KEYS_ENCRYPTION_KEY"),
        "{said}"
    );

    let process = Process::serve(other).await;
    let ready = reqwest::get(format!("{}/readyz", process.base)).await.unwrap();
    assert_eq!(ready.status(), 503);
    let said = ready.text().await.unwrap();
    assert!(said.contains("KEYS_ENCRYPTION_KEY does not open it"), "{said}");
    let (_, log) = process.stop().await;
    assert!(log.contains("KEYS_ENCRYPTION_KEY does not open it"), "{log}");
}

#[tokio::test]
async fn no_private_key_lies_in_clear_in_any_table() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let client = app.db.connect().await;
    for algorithm in ["EdDSA", "ES256", "RS256"] {
        let kid = generate(&app.db, algorithm).await;
        app.app_service.reload_keys().await.unwrap();
        log_in(&app).await;
        let private = private_key(&app.db, &kid).await;
        let secret = private.expose();
        // Whole, and a piece from the middle of the numbers that only the private half has.
        let pieces = [&secret[..], &secret[secret.len() - 24..secret.len() - 8]];
        let everything = dump(&client).await;
        assert!(everything.contains(&kid));
        for piece in pieces {
            assert!(!everything.contains(&hex::encode(piece)), "{algorithm}");
        }
        keys(&app.db, &["retire", &kid, "--force"]).await;
    }
    let kept = client
        .query_one(
            "select count(*) from auth.signing_keys where sealed is not null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        kept.get::<_, i64>(0),
        0,
        "a retired key has no private half any more"
    );
}

/// Every row of every table, as text; bytes show as hexadecimal.
async fn dump(client: &tokio_postgres::Client) -> String {
    let tables = client
        .query(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables
             where table_schema in ('auth', 'public')",
            &[],
        )
        .await
        .unwrap();
    let mut text = String::new();
    for table in tables {
        let sql = format!("select t::text from {} t", table.get::<_, String>(0));
        for row in client.query(&sql, &[]).await.unwrap() {
            text.push_str(row.get(0));
        }
    }
    text
}

#[tokio::test]
async fn keys_refuses_what_it_cannot_make_and_lists_what_there_is() {
    let db = TestDb::create().await;
    assert!(keys(&db, &["list"]).await.1.contains("there are no keys"));
    for arguments in [
        &["generate", "--alg", "HS256"][..],
        &["generate", "--alg", "ES512"],
        &["generate", "--alg", "RS256", "--bits", "1024"],
        &["retire"],
    ] {
        assert_eq!(keys(&db, arguments).await.0, 2, "{arguments:?}");
    }
    let output = run(&["keys", "generate"], &variables(&db), "").await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("KEYS_ENCRYPTION_KEY is not set"), "{said}");
    let kid = generate(&db, "RS512").await;
    let (_, list) = keys(&db, &["list"]).await;
    assert!(
        list.starts_with(&format!("{kid} RS512 current  published ")),
        "{list}"
    );
    assert!(list.contains(", signed from "), "{list}");
    let row = db.connect().await;
    let row = row
        .query_one("select public from auth.signing_keys", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, Value>(0)["kid"], kid.as_str());
}
