//! The database behind the service: its statements, its migrations, who may see what.

use hasura_siwe::storage;

use crate::support::TestApp;
use crate::support::db::TestDb;

#[tokio::test]
async fn every_statement_prepares_on_the_migrated_schema() {
    let client = TestDb::create().await.connect().await;
    for (name, sql) in storage::STATEMENTS {
        client
            .prepare(sql)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

#[test]
fn every_statement_is_on_the_list() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage");
    let mut written = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if let Some((name, _)) = line
                .strip_prefix("pub(super) const ")
                .and_then(|l| l.split_once(": &str"))
            {
                written.push(format!("{file}::{name}"));
            }
        }
    }
    written.sort_unstable();
    let mut listed: Vec<String> = storage::STATEMENTS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, written);
}

#[tokio::test]
async fn f08_two_processes_may_migrate_at_once_and_one_of_them_does() {
    let db = TestDb::create_empty().await;
    let (mut one, mut two) = (db.connect().await, db.connect().await);
    let (first, second) = tokio::join!(storage::migrate(&mut one), storage::migrate(&mut two));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.len().min(second.len()), 0);
    assert_eq!(first.len().max(second.len()), storage::known_migrations().len());
}

#[tokio::test]
async fn a_migration_that_changed_after_it_ran_is_refused() {
    let db = TestDb::create().await;
    let mut client = db.connect().await;
    client
        .execute("update auth.migrations set checksum = '1' where version = 2", &[])
        .await
        .unwrap();
    let error = storage::migrate(&mut client).await.unwrap_err();
    assert!(matches!(error, storage::Error::Migration(_)), "{error:?}");
}

#[tokio::test]
async fn f08_an_old_binary_serves_on_a_newer_schema() {
    let app = TestApp::start().await;
    let mut client = app.db.connect().await;
    client
        .execute(
            "insert into auth.migrations (version, name, applied_on, checksum) values (9999, 'later', '2099-01-01T00:00:00Z', '1')",
            &[],
        )
        .await
        .unwrap();
    assert!(storage::migrate(&mut client).await.unwrap().is_empty());
    app.get("/readyz").await.assert_ok();
}

#[tokio::test]
async fn hasuras_role_reads_what_it_serves_and_nothing_secret() {
    let db = TestDb::create().await;
    let hasura = db.connect_as_hasura().await;
    for table in [
        "public.networks",
        "public.accounts",
        "public.audit",
        "public.sessions",
        "public.signing_keys",
    ] {
        hasura
            .query(&format!("select * from {table}"), &[])
            .await
            .unwrap();
        let denied = hasura
            .execute(&format!("delete from {table}"), &[])
            .await
            .unwrap_err();
        assert_eq!(denied.code().unwrap().code(), "42501", "{table}");
    }
    let owner = db.connect().await;
    let secret = owner
        .query(
            "select table_name::text from information_schema.tables where table_schema = 'auth'",
            &[],
        )
        .await
        .unwrap();
    assert!(secret.len() >= 9);
    for row in secret {
        let table: String = row.get(0);
        let denied = hasura
            .query(&format!("select * from auth.{table}"), &[])
            .await
            .unwrap_err();
        assert_eq!(denied.code().unwrap().code(), "42501", "{table}");
    }
}

#[tokio::test]
async fn a_session_that_is_restored_for_ever_does_not_grow_for_ever() {
    let app = TestApp::start().await;
    let token = app.log_in(&crate::support::wallet()).await;
    let client = app.db.connect().await;
    // As if it had been restored five thousand times: its head is the token that the client has.
    client
        .batch_execute(
            "insert into auth.refresh_tokens (hash, session_id, generation)
               select sha256(i::text::bytea), id, i from auth.sessions, generate_series(0, 4999) as i;
             update auth.refresh_tokens set generation = 5000
               where hash not in (select sha256(i::text::bytea) from generate_series(0, 4999) as i);
             update auth.sessions set generation = 5000",
        )
        .await
        .unwrap();
    app.app_service.sweep().await.unwrap();
    let count = async || -> i64 {
        client
            .query_one("select count(*) from auth.refresh_tokens", &[])
            .await
            .unwrap()
            .get(0)
    };
    assert_eq!(count().await, 1001);
    let token = app.restore(&token).await.assert_ok().refresh_token();
    client
        .execute("update auth.sessions set ended_at = now()", &[])
        .await
        .unwrap();
    app.clock.advance(time::Duration::days(8));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count().await, 0);
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn what_others_put_into_public_never_runs_with_our_rights() {
    let app = TestApp::start().await;
    let owner = app.db.connect().await;
    // As on a cluster that came from PostgreSQL 14: everybody may create in public.
    owner
        .batch_execute("grant create on schema public to hasura")
        .await
        .unwrap();
    let hasura = app.db.connect_as_hasura().await;
    hasura
        .batch_execute(
            "create function public.evil(text, uuid) returns text language plpgsql as
               $$ begin raise exception 'evil ran as %', current_user; end $$;
             create operator public.|| (leftarg = text, rightarg = uuid, function = public.evil);
             create function public.now() returns timestamptz language plpgsql as
               $$ begin raise exception 'evil ran as %', current_user; end $$",
        )
        .await
        .unwrap();
    let token = app.log_in(&crate::support::wallet()).await;
    app.restore(&token).await.assert_ok();
    // The trigger's function joins a text and an id, whoever makes the change.
    owner
        .execute("update auth.sessions set ended_at = now()", &[])
        .await
        .unwrap();
    owner
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_role_that_is_missing_is_answered_with_the_sql_to_make_it() {
    let client = TestDb::create().await.connect().await;
    let storage::Grants::NoSuchRole(sql) = storage::grant_to_hasura(&client, "no\"body").await.unwrap()
    else {
        panic!("there is no such role");
    };
    assert!(sql.contains(r#"create role "no""body" login"#), "{sql}");
    // Issue 14, item 1.
    for limit in ["set statement_timeout = '5s';", "connection limit 70;"] {
        assert!(sql.contains(limit), "{sql}");
    }
}

#[tokio::test]
async fn f16_connections_of_the_pool_have_time_outs() {
    let app = TestApp::start().await;
    app.get("/readyz").await.assert_ok();
    // A long statement of the same pool is ended by the server: seen through a lock that is held.
    let holder = app.db.connect().await;
    holder
        .batch_execute("begin; lock table auth.migrations in access exclusive mode")
        .await
        .unwrap();
    let begun = std::time::Instant::now();
    let reply = app.get("/readyz").await;
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    holder.batch_execute("rollback").await.unwrap();
    app.get("/readyz").await.assert_ok();
}

#[tokio::test]
async fn a_sweep_removes_what_has_had_its_time_and_nothing_else() {
    let app = TestApp::start().await;
    let wallet = crate::support::wallet();
    let token = app.log_in(&wallet).await;
    let next = app.restore(&token).await.assert_ok().refresh_token();
    let next = app.restore(&next).await.assert_ok().refresh_token();
    let client = app.db.connect().await;
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let salts = "select count(*) from auth.sessions where salt is not null or previous_salts is not null";
    app.app_service.sweep().await.unwrap();
    assert_eq!(count("select count(*) from auth.spent_nonces").await, 1);
    assert_eq!(
        count("select count(*) from auth.sessions where salt is not null and previous_salts is not null")
            .await,
        1
    );

    app.clock.advance(time::Duration::hours(3));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count("select count(*) from auth.spent_nonces").await, 0);
    assert_eq!(count(salts).await, 0);
    let next = app.restore(&next).await.assert_ok().refresh_token();
    app.restore(&next).await.assert_ok();
    // A session that ended keeps no salts either.
    client
        .execute("update auth.sessions set ended_at = now(), salt = null", &[])
        .await
        .unwrap();
    app.clock.advance(time::Duration::hours(1));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count(salts).await, 0);

    app.clock.advance(time::Duration::days(30));
    app.app_service.sweep().await.unwrap();
    assert_eq!(count("select count(*) from auth.sessions").await, 0);
    assert_eq!(count("select count(*) from auth.refresh_tokens").await, 0);
    assert_eq!(count("select count(*) from auth.users").await, 1);
}

/// More of them than one statement takes, on more pages than one look does, in between those that live.
#[tokio::test]
async fn a_sweep_removes_thousands_of_ended_sessions_from_among_living_ones() {
    let app = TestApp::start().await;
    let token = app.log_in(&crate::support::wallet()).await;
    let client = app.db.connect().await;
    client
        .batch_execute(
            "insert into auth.sessions
               (id, user_id, flow, generation, salt, rotated_at, last_used_at, created_at, ends_at, refresh_ttl, ended_at, reason)
               select gen_random_uuid(), u.id, 'siwe', 2, case when i % 2 = 0 then sha256('') end, at, at, at,
                 at + interval '1 year', interval '1 year',
                 case when i % 2 = 1 then at end, case when i % 2 = 1 then 'logout' end
               from generate_series(1, 5000) as i, auth.users u, lateral (select now() - interval '60 days' as at) as moment;
             insert into auth.refresh_tokens (hash, session_id, generation)
               select sha256(s.id::text::bytea || int4send(g)), s.id, g
               from auth.sessions s, generate_series(0, 2) as g
               where s.generation = 2",
        )
        .await
        .unwrap();
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    app.app_service.sweep().await.unwrap();
    assert_eq!(count("select count(*) from auth.sessions").await, 2501);
    assert_eq!(count("select count(*) from auth.refresh_tokens").await, 7501);
    assert_eq!(
        count("select count(*) from auth.sessions where ended_at is not null or salt is not null").await,
        0
    );
    app.restore(&token).await.assert_ok();
}
