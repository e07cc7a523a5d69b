//! How PostgreSQL goes about what is asked often: each statement finds its rows by the keys that it names, whatever lies
//! beside them.
//!
//! The plans are the generic ones, which the service gets for good after a few calls, on tables of some size: an empty
//! table is read from end to end whatever its indexes.

use std::fmt::Write;

use hasura_siwe::storage::STATEMENTS;
use serde_json::Value;
use tokio_postgres::Client;

use crate::support::db::TestDb;

/// What a request of somebody runs. The others are operators' and the cleanup's.
const HOT: &[&str] = &[
    "accounts::RENAME",
    "challenges::FIND",
    "challenges::GIVE_UID",
    "challenges::ISSUE",
    "challenges::LOG_IN",
    "deletions::DELETE",
    "deletions::FORGET",
    "ends::END",
    "guesses::ADMIT",
    "limits::TAKE",
    "live::FIND",
    "log_ins::LOG_IN",
    "nonces::ISSUE",
    "password_log_ins::LOG_IN",
    "profiles::FIND",
    "profiles::NAMES",
    "rotations::ROTATE_MANY",
    "sessions::ROTATE",
    "wallet_looks::CLAIM",
];

/// As many rows as there are networks and roles, whoever signs in.
const SMALL: &[&str] = &["networks", "roles"];

/// A few thousand people, each with everything that somebody can have.
const PEOPLE: &str = "
insert into auth.users (id, created_at)
  select md5('u' || i)::uuid, now() from generate_series(1, 3000) as i;
insert into auth.wallets (address, chain, user_id, created_at)
  select substr(sha256(int4send(i)), 1, 20), 0, md5('u' || i)::uuid, now() from generate_series(1, 3000) as i;
insert into auth.credentials (user_id, email, username, password_hash, password_set_at)
  select md5('u' || i)::uuid, i || '@mail.com', 'somebody' || i, '$argon2id$', now() from generate_series(1, 3000) as i;
insert into auth.user_roles (user_id, role, granted_at)
  select md5('u' || i)::uuid, 'admin', now() from generate_series(1, 3000) as i;
insert into auth.custom_claims (user_id, name, value)
  select md5('u' || i)::uuid, 'x-hasura-team', 'blue' from generate_series(1, 3000) as i;
insert into public.accounts (network, address, user_id, created_at, updated_at)
  select 'ethereum', '0x' || encode(substr(sha256(int4send(i)), 1, 20), 'hex'), md5('u' || i)::uuid, now(), now()
  from generate_series(1, 3000) as i;
insert into auth.sessions (id, user_id, flow, rotated_at, last_used_at, created_at, ends_at)
  select md5('s' || i)::uuid, md5('u' || i)::uuid, 'siwe', now(), now(), now(), now() + interval '90 days'
  from generate_series(1, 3000) as i;
insert into auth.refresh_tokens (hash, session_id, generation)
  select sha256(int4send(i)), md5('s' || i % 3000 + 1)::uuid, i / 3000 from generate_series(0, 8999) as i;
insert into auth.issued_nonces (hash, expires_at)
  select sha256(int4send(i)), now() from generate_series(1, 3000) as i;
insert into auth.spent_nonces (address, hash, expires_at)
  select substr(sha256(int4send(i)), 1, 20), sha256(int4send(i)), now() from generate_series(1, 3000) as i;
insert into auth.challenges (flow, address, minute, text, created_at, expires_at)
  select 'lens', substr(sha256(int4send(i)), 1, 20), i, 'a text', now(), now() from generate_series(1, 3000) as i;
insert into auth.tanx_uids (user_id, uid)
  select md5('u' || i)::uuid, 'ID' || lpad(upper(to_hex(i)), 10, '0') from generate_series(1, 3000) as i;
insert into auth.limits (subject, used_until)
  select 'wallet:' || i, now() from generate_series(1, 3000) as i;
insert into auth.guesses (name, client, misses, free_at, last_at)
  select sha256(int4send(i)), '', 1, now(), now() from generate_series(1, 3000) as i;
insert into auth.audit_log (at, action, result, user_id, actor)
  select now(), 'log_in', 'ok', md5('u' || i)::uuid, 'user' from generate_series(1, 3000) as i;
analyze";

/// The plan that the statement has when nothing is known of its parameters.
async fn generic_plan(client: &Client, name: &str) -> Value {
    let sql = STATEMENTS.iter().find(|(known, _)| *known == name);
    let sql = sql.unwrap_or_else(|| panic!("no statement {name}")).1;
    let parameters = client.prepare(sql).await.unwrap().params().len();
    let nulls = vec!["null"; parameters].join(", ");
    client
        .batch_execute(&format!("prepare hot as {sql}"))
        .await
        .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let row = client
        .query_one(&format!("explain (format json) execute hot({nulls})"), &[])
        .await
        .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    client.batch_execute("deallocate hot").await.unwrap();
    let plans: Value = row.get(0);
    plans[0]["Plan"].clone()
}

/// Every step that reads a table of some size other than by a key.
fn walks(plan: &Value, found: &mut String) {
    let text = |name: &str| plan[name].as_str().unwrap_or_default();
    let (step, relation) = (text("Node Type"), text("Relation Name"));
    let by_key = match step {
        "Seq Scan" | "Sample Scan" | "Tid Range Scan" => SMALL.contains(&relation),
        // Without a condition an index is a table that is read in order.
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => plan["Index Cond"].is_string(),
        _ => true,
    };
    if !by_key {
        write!(found, "{step} of {relation}{}; ", text("Index Name")).unwrap();
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        walks(inner, found);
    }
}

#[tokio::test]
async fn what_is_asked_often_touches_only_the_keys_that_it_names() {
    let client = TestDb::create().await.connect().await;
    client.batch_execute(PEOPLE).await.unwrap();
    client
        .batch_execute("set plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    for name in HOT {
        let mut found = String::new();
        walks(&generic_plan(&client, name).await, &mut found);
        assert_eq!(found, "", "{name}");
    }
}

#[tokio::test]
async fn a_rotation_is_a_heap_only_update_and_leaves_the_indexes_of_sessions_alone() {
    let app = crate::support::TestApp::start().await;
    let mut token = app.log_in(&crate::support::wallet()).await;
    for _ in 0..10 {
        token = app.restore(&token).await.assert_ok().refresh_token();
    }
    let client = app.db.connect().await;
    // Statistics arrive when the connection that did it has been idle for a moment.
    for _ in 0..200 {
        let row = client
            .query_one(
                "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where schemaname = 'auth' and relname = 'sessions'",
                &[],
            )
            .await
            .unwrap();
        let (all, heap_only): (i64, i64) = (row.get(0), row.get(1));
        if all >= 10 {
            assert_eq!(all, heap_only);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("PostgreSQL counted no updates");
}

#[tokio::test]
async fn the_cleanup_reads_a_stretch_of_the_sessions_and_not_all_of_them() {
    let client = TestDb::create().await.connect().await;
    client.batch_execute(PEOPLE).await.unwrap();
    client
        .batch_execute("set plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    for name in [
        "aging::LOOK",
        "aging::WIPE_SALTS",
        "aging::DELETE_OLD_TOKENS",
        "aging::DELETE_TOKENS",
        "aging::DELETE_SESSIONS",
    ] {
        let plan = generic_plan(&client, name).await.to_string();
        assert!(plan.contains("Tid Range Scan"), "{name}: {plan}");
    }
}
