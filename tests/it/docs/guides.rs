//! docs/guides/: the SQL that brings users along, run as it is printed; the names that they warn of.

use serde_json::json;

use crate::repository::{between, literals, read};
use crate::support::app::TestApp;
use crate::support::wallet;

/// From the test program of argon2's reference implementation: the hash of `password`.
const HASH: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const BCRYPT: &str = "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m";

#[test]
fn the_guide_warns_of_every_name_that_an_existing_database_may_have_taken() {
    let guide = read("docs/guides/existing-hasura.md");
    let source = read("src/storage/grants.rs");
    let served: Vec<&str> = literals(&source)
        .into_iter()
        .filter_map(|name| name.strip_prefix("public."))
        .collect();
    assert!(served.len() >= 3, "the tables are not where they were");
    for name in served {
        assert!(guide.contains(&format!("'{name}'")), "{name}");
    }
}

/// The script of the guide, before and after the line at which psql reads the file: here its rows are given as it would give them.
fn import() -> (String, String) {
    let guide = read("docs/guides/from-nhost-supabase-auth0.md");
    let script = between(&guide, "```sql\nbegin;", "```");
    let (before, rest) = script.split_once("\\copy import from 'users.csv'").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    (before.to_owned(), after.to_owned())
}

#[tokio::test]
async fn users_of_elsewhere_keep_their_ids_their_wallets_and_their_argon2_passwords() {
    let (before, after) = import();
    let app = TestApp::start().await;
    let alice = wallet();
    let (of_alice, of_anna, of_bert) = (
        "6f0c4d1e-0a59-4c8a-9a53-6a1f0f2f7c11",
        "0c5fcf16-3f0c-4b2e-9b86-0d8f3a1f6f10",
        "d1789988-2406-4937-bc3d-2f9e039e7e1b",
    );
    let rows = format!(
        "insert into import values
           ('{of_alice}', now(), false, '', null, null, '{}'),
           ('{of_anna}', now(), false, 'Anna', 'Anna@Example.com', '{HASH}', null),
           ('{of_bert}', now(), false, 'Bert', 'bert@example.com', '{BCRYPT}', '');",
        alice.address()
    );
    let db = app.db.connect().await;
    db.batch_execute(&format!("begin;{before}{rows}{after}"))
        .await
        .unwrap();

    let signed_in = app.log_in_with(&app.message(&alice)).await;
    assert_eq!(signed_in.claims()["sub"], of_alice);

    let login = async |email: &str| {
        let input = json!({"email": email, "password": "password"});
        app.call(
            "/actions/email-login",
            "login",
            crate::support::app::guest(),
            input,
        )
        .await
    };
    let anna = login("anna@example.com").await;
    assert_eq!(anna.status, 200, "{anna:?}");
    login("bert@example.com")
        .await
        .assert_error(401, "credentials_invalid");

    let kept = db
        .query_one(
            "select password_hash from auth.credentials where user_id = $1::text::uuid",
            &[&of_anna],
        )
        .await
        .unwrap();
    let hash: String = kept.get(0);
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,"),
        "a cheap hash is replaced: {hash}"
    );
}

#[tokio::test]
async fn a_wallet_that_signed_in_already_stops_the_whole_import() {
    let (before, after) = import();
    let app = TestApp::start().await;
    let alice = wallet();
    app.log_in(&alice).await;
    let rows = format!(
        "insert into import values ('6f0c4d1e-0a59-4c8a-9a53-6a1f0f2f7c11', now(), false, '', null, null, '{}');",
        alice.address()
    );
    let refused = app
        .db
        .connect()
        .await
        .batch_execute(&format!("begin;{before}{rows}{after}"))
        .await;
    assert!(refused.is_err());
    let count = "select count(*) from auth.users";
    let users: i64 = app.db.connect().await.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(users, 1, "nobody was brought along");
}
