//! Guests who make PostgreSQL work: a regular expression that takes minutes, with the metadata that is shipped.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::support::{SECRET, TestEngine, refusal};
use crate::support::db::{TestDb, connect};

/// Accounts enough for a minute of it.
pub const ACCOUNTS: &str = "
insert into auth.users (id, created_at) values ('6f0c4d1e-0a59-4c8a-9a53-6a1f0f2f7c11', now());
insert into public.accounts (network, address, user_id, created_at, updated_at)
select 'ethereum', '0x' || substr(md5(n::text) || md5(n::text), 1, 40),
  '6f0c4d1e-0a59-4c8a-9a53-6a1f0f2f7c11', now(), now()
from generate_series(1, 60) n";
/// Six groups, referred to again: about a second for each account.
pub const ATTACK: &str =
    r#"{ accounts(where: {address: {_regex: "^(.*)(.*)(.*)(.*)(.*)(.*)\\1\\2\\3\\4\\5\\6.$"}}) { name } }"#;
const QUICK: &str = "{ accounts(limit: 1) { network } }";

/// A database with these accounts, and a superuser's connection, which sees what others run.
async fn accounts() -> (TestDb, Client) {
    let db = TestDb::create().await;
    let client = connect(&db.url_as("postgres")).await;
    client.batch_execute(ACCOUNTS).await.unwrap();
    (db, client)
}

/// With these settings in the URL, as `name=value`.
fn url_with(db: &TestDb, settings: &[&str]) -> String {
    let options: Vec<String> = settings
        .iter()
        .map(|setting| format!("-c%20{}", setting.replace('=', "%3D")))
        .collect();
    format!("{}?options={}", db.hasura_url(), options.join("%20"))
}

async fn engine_at(url: &str, changes: &[(&str, &str)]) -> TestEngine {
    let own = [("HASURA_GRAPHQL_METADATA_DIR", ""), ("PG_DATABASE_URL", url)];
    TestEngine::with(&[&own, changes].concat()).await
}

async fn as_guest(engine: &TestEngine, query: &str) -> Value {
    engine.ask(&[], query, json!({})).await
}

/// Backends of Hasura's role that run the attack.
async fn attacks(client: &Client) -> Vec<i32> {
    let rows = client
        .query(
            r"select pid from pg_stat_activity
              where datname = current_database() and usename = 'hasura' and state = 'active' and query like '%~%'",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Until so many run; a statement that ends by its time limit would be too late.
pub async fn until_attacks(client: &Client, many: usize) -> Vec<i32> {
    for _ in 0..500 {
        let pids = attacks(client).await;
        if pids.len() == many {
            return pids;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} run the attack, and not {many}", attacks(client).await);
}

// Issue 14, item 1.
#[tokio::test]
async fn a_regular_expression_ends_within_the_timeout_while_other_guests_are_served() {
    let (db, client) = accounts().await;
    // As it is without any setting.
    let engine = engine_at(&db.hasura_url(), &[]).await;
    let begun = Instant::now();
    let attack = async {
        let answer = as_guest(&engine, ATTACK).await;
        (answer, begun.elapsed())
    };
    let guest = async {
        until_attacks(&client, 1).await;
        let answer = as_guest(&engine, QUICK).await;
        (answer, begun.elapsed())
    };
    let ((refused, after), (served, meanwhile)) = tokio::join!(attack, guest);
    assert_eq!(served, json!({"data": {"accounts": [{"network": "ethereum"}]}}));
    assert!(meanwhile < after, "{meanwhile:?} and {after:?}");
    // As Hasura answers whatever is no fault of the client's values (graphql-engine#7839).
    assert_eq!(refused, refusal("database query error", "$", "unexpected"));
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(15)).contains(&after),
        "{after:?}"
    );
    assert_eq!(attacks(&client).await, [0; 0], "nothing runs on");
}

// Issue 14, item 1.
#[tokio::test]
async fn an_admin_is_shown_what_postgresql_said_of_the_timeout() {
    let (db, _) = accounts().await;
    let engine = engine_at(&db.hasura_url(), &[("HASURA_DB_STATEMENT_TIMEOUT", "200ms")]).await;
    let headers = [("x-hasura-admin-secret", SECRET)];
    let answer = engine.ask(&headers, ATTACK, json!({})).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "unexpected", "{answer}");
    let error = &extensions["internal"]["error"];
    assert_eq!(error["status_code"], "57014");
    assert_eq!(error["message"], "canceling statement due to statement timeout");
}

// Issue 14, item 1.
#[tokio::test]
async fn what_the_url_or_the_role_sets_is_kept() {
    let (db, client) = accounts().await;
    let engine = engine_at(&url_with(&db, &["statement_timeout=300ms"]), &[]).await;
    let begun = Instant::now();
    assert_eq!(
        as_guest(&engine, ATTACK).await,
        refusal("database query error", "$", "unexpected")
    );
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());

    let database: String = client
        .query_one("select current_database()::text", &[])
        .await
        .unwrap()
        .get(0);
    client
        .batch_execute(&format!(
            "alter role hasura in database {database} set statement_timeout = '250ms'"
        ))
        .await
        .unwrap();
    let engine = engine_at(&db.hasura_url(), &[("HASURA_DB_STATEMENT_TIMEOUT", "1h")]).await;
    assert_eq!(
        as_guest(&engine, ATTACK).await,
        refusal("database query error", "$", "unexpected")
    );
}

/// Sends the attack and leaves without waiting for the answer; the backend that ran it.
async fn attack_and_leave(engine: &TestEngine, client: &Client) -> i32 {
    let request = engine.post("/v1/graphql").json(&json!({"query": ATTACK})).send();
    let request = tokio::spawn(request);
    let pid = until_attacks(client, 1).await[0];
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    pid
}

// Issue 14, item 1.
#[tokio::test]
async fn a_statement_ends_with_its_client_and_no_other_statement_does() {
    let (db, client) = accounts().await;
    let url = url_with(&db, &["statement_timeout=0"]);
    // One connection, so that the next guest would be given the one that is cancelled.
    let folder = tempfile::tempdir().unwrap();
    let files = crate::repository::files("hasura/metadata", "yaml")
        .into_iter()
        .chain(crate::repository::files("hasura/metadata", "graphql"));
    for path in files {
        let copy = folder.path().join(path.strip_prefix("hasura/metadata/").unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        let text = crate::repository::read(&path).replace("max_connections: 50", "max_connections: 1");
        std::fs::write(copy, text).unwrap();
    }
    let metadata = [("HASURA_GRAPHQL_METADATA_DIR", folder.path().to_str().unwrap())];
    let engine = engine_at(&url, &metadata).await;
    let mut seen = Vec::new();
    for _ in 0..10 {
        seen.push(attack_and_leave(&engine, &client).await);
        for _ in 0..5 {
            assert_eq!(
                as_guest(&engine, QUICK).await,
                json!({"data": {"accounts": [{"network": "ethereum"}]}})
            );
        }
        until_attacks(&client, 0).await;
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen.len(),
        10,
        "no connection is used again after its cancellation"
    );
}

// Issue 14, item 1.
#[tokio::test]
async fn a_statement_ends_when_another_field_of_its_request_fails() {
    let (db, client) = accounts().await;
    let engine = engine_at(&url_with(&db, &["statement_timeout=0"]), &[]).await;
    let both = ATTACK.replacen(
        '{',
        r#"{ bad: accounts(where: {address: {_regex: "("}}) { name } "#,
        1,
    );
    let answer = as_guest(&engine, &both).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "data-exception",
        "{answer}"
    );
    until_attacks(&client, 0).await;
}
