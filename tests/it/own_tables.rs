//! docs/own-tables.md, as it stands: its SQL is run by the roles that it names, on a database of the service, and its metadata
//! is read by the local engine.
//!
//! There is no Hasura here for the event triggers; see `new_people`.

mod new_people;

use hasura_siwe::cli::wallet::Wallet;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::ends::session_of;
use crate::repository::{files, read, root};
use crate::support::db::connect;
use crate::support::hasura::{LOG_IN, engine_on, session_of as log_in_of};
use crate::support::process::run;
use crate::support::{Reply, TestApp, wallet};

const PAGE: &str = "docs/own-tables.md";

/// The blocks of code of one language, in their order.
pub(crate) fn blocks(language: &str) -> Vec<String> {
    read(PAGE)
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Runs the block that begins with this line and holds this text, as the role that it names.
async fn run_block(app: &TestApp, holds: &str) {
    let found: Vec<String> = blocks("sql")
        .into_iter()
        .filter(|block| block.contains(holds))
        .collect();
    assert_eq!(found.len(), 1, "{holds}");
    // The page names the database of compose.
    let url = app.db.url();
    let database = url.rsplit('/').next().unwrap();
    let block = &found[0].replace("on database siwe", &format!("on database {database}"));
    let role = match block.lines().next().unwrap() {
        line if line.starts_with("-- as a superuser") => "postgres",
        "-- as app" => "app",
        line => panic!("who runs this? {line}"),
    };
    let client = connect(&app.db.url_as(role)).await;
    // Roles are the cluster's, and another test may have made it.
    let (roles, rest): (Vec<&str>, Vec<&str>) =
        block.lines().partition(|line| line.starts_with("create role "));
    for role in roles {
        if let Err(error) = client.batch_execute(role).await {
            let code = error.code().unwrap().code();
            assert!(["42710", "23505"].contains(&code), "{role}: {error}");
        }
    }
    client
        .batch_execute(&rest.join("\n"))
        .await
        .unwrap_or_else(|error| panic!("{block}: {error:?}"));
}

async fn with_notes() -> TestApp {
    let app = TestApp::start().await;
    run_block(&app, "create role app").await;
    run_block(&app, "create table app.notes").await;
    app
}

async fn delete(app: &TestApp, reply: &Reply, own: &Wallet) -> Reply {
    let signed = app.proof(own, "delete-account", &session_of(reply)).await;
    let input = json!({"proof": {"message": signed.message, "signature": signed.signature}});
    app.call(
        "/actions/delete-account",
        "v1DeleteAccount",
        session_of(reply),
        input,
    )
    .await
}

async fn count(client: &Client, of: &str) -> i64 {
    client
        .query_one(&format!("select count(*) from {of}"), &[])
        .await
        .unwrap_or_else(|error| panic!("{of}: {error:?}"))
        .get(0)
}

/// As a mutation of Hasura's writes it, with the id from the token.
async fn write_note(app: &TestApp, reply: &Reply, body: &str) {
    let hasura = app.db.connect_as_hasura().await;
    hasura
        .execute(
            "insert into app.notes (user_id, body) values ($1::text::uuid, $2)",
            &[&reply.user_id(), &body],
        )
        .await
        .unwrap();
}

/// A copy of the shipped metadata with the page's own tables beside the others.
fn metadata(with_events: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["yaml", "graphql"] {
        for path in files("hasura/metadata", extension) {
            let copy = folder.path().join(path.strip_prefix("hasura/metadata/").unwrap());
            std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
            std::fs::copy(root().join(&path), copy).unwrap();
        }
    }
    let tables = folder.path().join("databases/default/tables");
    let mut list = std::fs::read_to_string(tables.join("tables.yaml")).unwrap();
    let written = blocks("yaml");
    let [notes, profiles] = written.as_slice() else {
        panic!("{} files of metadata", written.len())
    };
    let included = "- \"!include app_notes.yaml\"";
    assert!(notes.contains(included));
    list.push_str(&format!("{included}\n"));
    std::fs::write(tables.join("app_notes.yaml"), notes).unwrap();
    if with_events {
        list.push_str("- \"!include app_profiles.yaml\"\n");
        std::fs::write(tables.join("app_profiles.yaml"), profiles).unwrap();
    }
    std::fs::write(tables.join("tables.yaml"), list).unwrap();
    folder
}

#[tokio::test]
async fn each_person_reads_their_own_rows_through_the_engine_and_guests_none() {
    let app = with_notes().await;
    let (anna, bob) = (wallet(), wallet());
    for (own, body) in [(&anna, "anna's"), (&bob, "bob's")] {
        let reply = app.log_in_with(&app.message(own)).await;
        write_note(&app, &reply, body).await;
    }
    let folder = metadata(false);
    let engine = engine_on(&app, folder.path()).await;
    let client = reqwest::Client::new();
    let ask = async |token: Option<&str>, query: &str, variables: Value| -> Value {
        let mut request = client
            .post(format!("http://{engine}/v1/graphql"))
            .json(&json!({"query": query, "variables": variables}));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().json().await.unwrap()
    };
    let answer = ask(None, LOG_IN, log_in_of(&app.message(&anna))).await;
    let token = answer["data"]["v1Login"]["res"]["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let printed = blocks("graphql");
    let answer = ask(Some(&token), &printed[0], json!({})).await;
    let notes = answer["data"]["app_notes"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(notes.len(), 1, "{answer}");
    assert_eq!(notes[0]["body"], "anna's");
    let answer = ask(None, &printed[0], json!({})).await;
    assert_eq!(
        answer["errors"][0]["message"],
        "field 'app_notes' not found in type: 'query_root'"
    );
    // Whose they are is no column of theirs.
    let answer = ask(Some(&token), "{ app_notes { user_id } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "validation-failed");
}

#[tokio::test]
async fn a_deletion_takes_rows_along_empties_their_owner_or_is_refused_as_the_foreign_key_says() {
    let app = with_notes().await;
    run_block(&app, "create table app.orders").await;
    let (anna, bob) = (wallet(), wallet());
    let (of_anna, of_bob) = (
        app.log_in_with(&app.message(&anna)).await,
        app.log_in_with(&app.message(&bob)).await,
    );
    write_note(&app, &of_anna, "anna's").await;
    write_note(&app, &of_bob, "bob's").await;
    let owner = connect(&app.db.url_as("app")).await;
    owner
        .execute(
            "insert into app.orders (user_id, total) values ($1::text::uuid, 7)",
            &[&of_anna.user_id()],
        )
        .await
        .unwrap();
    delete(&app, &of_anna, &anna).await.assert_ok();
    assert_eq!(count(&owner, "app.notes").await, 1);
    assert_eq!(
        count(&owner, "app.orders where user_id is null and total = 7").await,
        1
    );

    for rule in ["", "on delete restrict"] {
        owner
            .batch_execute(&format!(
                "alter table app.notes drop constraint notes_user_id_fkey;
                 alter table app.notes add constraint notes_user_id_fkey foreign key (user_id) references auth.users (id) {rule}"
            ))
            .await
            .unwrap();
        delete(&app, &of_bob, &bob).await.assert_error(403, "forbidden");
    }
    owner
        .batch_execute("alter table app.notes drop constraint notes_user_id_fkey")
        .await
        .unwrap();
    delete(&app, &of_bob, &bob).await.assert_ok();
    assert_eq!(count(&owner, "app.notes").await, 1);
    // The id is nobody's, and whoever writes with an old token finds no such person where there is a foreign key.
    owner.batch_execute("delete from app.notes").await.unwrap();
    owner
        .batch_execute(
            "alter table app.notes add foreign key (user_id) references auth.users (id) on delete cascade",
        )
        .await
        .unwrap();
    let late = app
        .db
        .connect_as_hasura()
        .await
        .execute(
            "insert into app.notes (user_id, body) values ($1::text::uuid, 'late')",
            &[&of_bob.user_id()],
        )
        .await
        .unwrap_err();
    assert_eq!(late.code().unwrap().code(), "23503");
}

#[tokio::test]
async fn the_app_s_role_refers_to_people_and_reads_nothing_of_them() {
    let app = with_notes().await;
    let owner = connect(&app.db.url_as("app")).await;
    for table in ["auth.users", "auth.sessions", "auth.wallets", "auth.audit_log"] {
        for statement in [format!("select from {table}"), format!("delete from {table}")] {
            let denied = owner.query(&statement, &[]).await.unwrap_err();
            assert_eq!(denied.code().unwrap().code(), "42501", "{statement}");
        }
    }
    for statement in [
        "create table public.mine (id int)",
        "create table auth.mine (id int)",
    ] {
        let denied = owner.batch_execute(statement).await.unwrap_err();
        assert_eq!(denied.code().unwrap().code(), "42501", "{statement}");
    }
}

#[tokio::test]
async fn the_metadata_of_the_page_is_whole_and_only_the_event_trigger_is_beyond_the_local_engine() {
    let variables = [
        ("ACTIONS_BASE_URL", "http://service"),
        ("ACTIONS_SECRET", "s"),
        ("APP_BASE_URL", "http://app"),
        ("EVENTS_SECRET", "e"),
    ]
    .into_iter()
    .collect();
    for (with_events, expected) in [(false, false), (true, true)] {
        let folder = metadata(with_events);
        let path = folder.path().to_str().unwrap();
        let output = run(&["metadata", "check", "--dir", path], &variables, "").await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(
            said.contains("event_triggers is not supported"),
            expected,
            "{said}"
        );
        let output = run(&["metadata", "build", "--dir", path], &variables, "").await;
        let built: Value = serde_json::from_slice(&output.stdout).unwrap();
        let tables = built["metadata"]["sources"][0]["tables"]
            .as_array()
            .or_else(|| built["sources"][0]["tables"].as_array())
            .unwrap()
            .clone();
        let notes = tables
            .iter()
            .find(|table| table["table"]["name"] == "notes")
            .unwrap();
        assert_eq!(
            notes["insert_permissions"][0]["permission"]["set"]["user_id"],
            "X-Hasura-User-Id"
        );
        let profiles = tables.iter().find(|table| table["table"]["name"] == "profiles");
        assert_eq!(
            profiles.is_some_and(|table| table["event_triggers"][0]["name"] == "new_person"),
            with_events
        );
    }
}
