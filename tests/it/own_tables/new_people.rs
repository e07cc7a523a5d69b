//! How the page says to hear of new people: triggers of PostgreSQL's and of Hasura's.
//!
//! There is no Hasura here: what it would put on a table is put there by hand, as its role.

use hasura_siwe::clock::Clock;
use serde_json::json;
use tokio_postgres::Client;

use super::{count, delete, run_block};
use crate::support::app::guest;
use crate::support::db::{HASURA, TestDb, connect};
use crate::support::people::PASSWORD;
use crate::support::{TestApp, wallet};

#[tokio::test]
async fn every_new_person_gets_a_row_whichever_way_they_come_in_and_it_goes_with_them() {
    let db = TestDb::create().await;
    let app = TestApp::on(db, Clock::system(), &[("REGISTRATION", "open")]).await;
    run_block(&app, "create role app").await;
    run_block(&app, "create table app.profiles").await;
    run_block(&app, "create trigger welcome").await;
    let anna = wallet();
    let reply = app.log_in_with(&app.message(&anna)).await;
    app.log_in(&anna).await;
    let input = json!({"email": "john@mail.com", "password": PASSWORD});
    app.call("/actions/register", "register", guest(), input)
        .await
        .assert_ok();
    let owner = connect(&app.db.url_as("app")).await;
    assert_eq!(count(&owner, "app.profiles").await, 2);
    delete(&app, &reply, &anna).await.assert_ok();
    assert_eq!(count(&owner, "app.profiles").await, 1);

    // An error in the app's function is a log-in that failed, and nothing more.
    owner
        .batch_execute("alter table app.profiles add column needed text not null")
        .await
        .unwrap_err();
    owner
        .batch_execute("alter table app.profiles add column needed text not null default ''; alter table app.profiles alter column needed drop default")
        .await
        .unwrap();
    let signed = app.message(&anna);
    app.log_in_with(&signed).await.assert_error(400, "unavailable");
    owner
        .batch_execute("alter table app.profiles drop column needed")
        .await
        .unwrap();
    app.log_in_with(&signed).await.assert_ok();
}

/// What Hasura keeps for event triggers, and one of its triggers on a table, made by its own role.
async fn event_trigger_on(app: &TestApp, table: &str) {
    let hasura = app.db.connect_as_hasura().await;
    hasura
        .batch_execute(&format!(
            "create function hdb_catalog.notify() returns trigger language plpgsql as $$
               begin
                 insert into hdb_catalog.event_log (id, payload) values (gen_random_uuid()::text, to_jsonb(new));
                 return null;
               end
             $$;
             create trigger notify after insert on {table} for each row execute function hdb_catalog.notify()"
        ))
        .await
        .unwrap();
}

async fn event_log(app: &TestApp) -> Client {
    let superuser = connect(&app.db.url_as("postgres")).await;
    superuser
        .batch_execute(&format!(
            "create schema hdb_catalog authorization {HASURA};
             create table hdb_catalog.event_log (id text primary key, payload jsonb not null);
             alter table hdb_catalog.event_log owner to {HASURA}"
        ))
        .await
        .unwrap();
    superuser
}

#[tokio::test]
async fn an_event_trigger_on_the_table_of_profiles_hears_of_new_people_with_the_app_s_rights() {
    let app = TestApp::start().await;
    run_block(&app, "create role app").await;
    run_block(&app, "create table app.profiles").await;
    run_block(&app, "create trigger welcome").await;
    let superuser = event_log(&app).await;
    run_block(&app, "grant trigger on app.profiles").await;
    event_trigger_on(&app, "app.profiles").await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let row = superuser
        .query_one("select payload ->> 'user_id' from hdb_catalog.event_log", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), reply.assert_ok().user_id());
    // The service itself was given nothing for it.
    let service = app.db.connect().await;
    let denied = service
        .query("select from hdb_catalog.event_log", &[])
        .await
        .unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");
}

#[tokio::test]
async fn an_event_trigger_on_the_accounts_works_with_the_grants_of_the_page_and_fails_log_ins_without() {
    let app = TestApp::start().await;
    run_block(&app, "create role app").await;
    let superuser = event_log(&app).await;
    superuser
        .batch_execute("grant trigger on public.accounts to hasura")
        .await
        .unwrap();
    event_trigger_on(&app, "public.accounts").await;
    let anna = wallet();
    let signed = app.message(&anna);
    app.log_in_with(&signed).await.assert_error(400, "unavailable");
    run_block(&app, "grant trigger on public.accounts").await;
    app.log_in_with(&signed).await.assert_ok();
    let row = superuser
        .query_one("select payload ->> 'address' from hdb_catalog.event_log", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), anna.address().to_string());
}
