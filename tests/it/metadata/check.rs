//! `metadata check`: each kind of fault, with its file and line.

use hasura_siwe::config::Variables;
use serde_json::Value;

use super::Directory;
use crate::support::db::TestDb;
use crate::support::process::{Process, run};

/// What the variables of the small directory say; no database.
fn environment() -> Variables {
    [("BASE", "http://handler"), ("TOKEN", "t")].into_iter().collect()
}

/// The exit code and the lines, with paths inside the directory.
async fn check(directory: &Directory, variables: &Variables) -> (i32, Vec<String>) {
    let output = run(&["metadata", "check", "--dir", &directory.path()], variables, "").await;
    let said = String::from_utf8(output.stdout).unwrap();
    let inside = format!("{}/", directory.path());
    let lines = said.lines().map(|line| line.replace(&inside, "")).collect();
    (output.status.code().unwrap(), lines)
}

/// The faults alone.
async fn faults(directory: &Directory) -> Vec<String> {
    let (exit, mut lines) = check(directory, &environment()).await;
    let last = lines.pop().unwrap();
    lines.retain(|line| !line.starts_with("not checked: "));
    let has_errors = lines.iter().any(|line| !line.starts_with("warning: "));
    assert_eq!(exit == 0, !has_errors, "{lines:?}");
    assert_eq!(last.ends_with("is consistent"), !has_errors, "{last}");
    lines
}

#[tokio::test]
async fn good_metadata_is_consistent_and_a_missing_database_is_said() {
    let (exit, lines) = check(&Directory::small(), &environment()).await;
    assert_eq!(exit, 0);
    assert_eq!(
        lines,
        [
            "not checked: tables and columns: source library: environment variable 'LIBRARY_URL' not set",
            "what was checked is consistent"
        ]
    );
    let shipped = Directory::copy_of("hasura/metadata");
    let variables: Variables = [("ACTIONS_BASE_URL", "http://service"), ("ACTIONS_SECRET", "s")]
        .into_iter()
        .collect();
    assert_eq!(check(&shipped, &variables).await.0, 0);
}

#[tokio::test]
async fn a_missing_variable_is_named_where_it_is_used() {
    let (exit, lines) = check(&Directory::small(), &Variables::default()).await;
    assert_eq!(exit, 1);
    assert_eq!(lines[0], "actions.yaml:5: BASE is not set: 1 action");
    let only_base = [("BASE", "http://handler")].into_iter().collect();
    let (_, lines) = check(&Directory::small(), &only_base).await;
    assert_eq!(lines[0], "actions.yaml:8: TOKEN is not set: 1 action");
}

#[tokio::test]
async fn types_are_looked_up_line_by_line() {
    let directory = Directory::small();
    directory.change("actions.graphql", "text: String!)", "text: Strin!)");
    assert_eq!(
        faults(&directory).await,
        [
            "actions.graphql:2: Inconsistent object: in action \"echo\"; the type: \"Strin\" is not defined in \
             custom types or it is not a scalar/enum/input_object"
        ]
    );
    let directory = Directory::small();
    directory.change("actions.graphql", "  text: String!\n", "  text: Strin!\n");
    assert_eq!(
        faults(&directory).await,
        [
            "actions.graphql:6: Inconsistent object: validation for the given custom types failed because the \
             type \"Strin\" for field \"text\" in  object type \"EchoOutput\" does not exist"
        ]
    );
    let directory = Directory::small();
    directory.change("actions.graphql", "String!):", "uuid!):");
    assert!(
        faults(&directory).await.is_empty(),
        "a scalar of PostgreSQL needs no declaration"
    );
}

#[tokio::test]
async fn sdl_and_yaml_must_name_the_same() {
    let directory = Directory::small();
    directory.change("actions.yaml", "name: echo", "name: echoed");
    directory.change("actions.yaml", "    - name: EchoOutput", "    - name: Other");
    assert_eq!(
        faults(&directory).await,
        [
            "actions.graphql:2: action echo is not present in actions.yaml",
            "actions.yaml:2: action echoed is not present in actions.graphql",
            "actions.yaml:15: custom type Other is not present in actions.graphql",
        ]
    );
    let directory = Directory::small();
    directory.change(
        "actions.yaml",
        "input_objects: []\n  objects:",
        "objects: []\n  input_objects:",
    );
    assert_eq!(
        faults(&directory).await,
        ["actions.yaml:15: actions.graphql declares EchoOutput as one of the objects"]
    );
}

#[tokio::test]
async fn names_that_a_table_has_taken_are_clashes() {
    let directory = Directory::small();
    directory.change("actions.graphql", "echo(", "book_by_pk(");
    directory.change("actions.yaml", "name: echo", "name: book_by_pk");
    assert!(
        faults(&directory).await.is_empty(),
        "a mutation stands beside the fields of queries"
    );
    directory.change("actions.graphql", "type Mutation", "type Query");
    directory.change("actions.graphql", "EchoOutput\n}", "book_order_by\n}");
    directory.change("actions.graphql", "type EchoOutput", "type book_order_by");
    directory.change("actions.yaml", "EchoOutput", "book_order_by");
    assert_eq!(
        faults(&directory).await,
        [
            "actions.graphql:2: action book_by_pk clashes with a field of table public.book",
            "actions.graphql:5: type book_order_by clashes with one of table public.book",
        ]
    );
}

#[tokio::test]
async fn what_is_there_twice_is_named_where_it_comes_again() {
    let directory = Directory::small();
    directory.change(
        "actions.yaml",
        "      - role: guest\n",
        "      - role: guest\n      - role: guest\n",
    );
    directory.change(
        "actions.graphql",
        "type EchoOutput",
        "scalar EchoOutput\ntype String {\n  a: Int\n}\ntype EchoOutput",
    );
    directory.write(
        "inherited_roles.yaml",
        "- {role_name: a, role_set: []}\n- {role_name: a, role_set: []}\n",
    );
    assert_eq!(
        faults(&directory).await,
        [
            "actions.graphql:6: type String is GraphQL's own",
            "actions.graphql:9: type EchoOutput is declared twice",
            "actions.yaml:11: guest is there twice, first in actions.yaml:10",
            "actions.yaml:16: actions.graphql declares EchoOutput as one of the scalars",
            "inherited_roles.yaml:2: a is there twice, first in inherited_roles.yaml:1",
        ]
    );
}

#[tokio::test]
async fn keys_headers_includes_and_yaml_itself_are_judged() {
    let directory = Directory::small();
    directory.change(
        "actions.yaml",
        "value_from_env: TOKEN",
        "value_from_env: HASURA_GRAPHQL_ADMIN_SECRET",
    );
    directory.change(
        "databases/library/tables/public_book.yaml",
        "      filter: {}",
        "      filter: {}\n      fliter: {}",
    );
    directory.change(
        "databases/library/tables/tables.yaml",
        "\n",
        "\n- \"!include public_gone.yaml\"\n",
    );
    directory.write("network.yaml", "tls_allowlist: [\n  oh: no\n");
    directory.write("metrics_config.yaml", "analyze: !include gone.yaml\n");
    directory.write("surprise.yaml", "[]");
    directory.change("rest_endpoints.yaml", "query_name: books", "query_name: gone");
    let found = faults(&directory).await;
    assert!(
        found[0].starts_with("actions.yaml:7: action echo: env variables start with \"HASURA_GRAPHQL_\""),
        "{found:?}"
    );
    assert_eq!(
        found[1..3],
        [
            "databases/library/tables/tables.yaml:2: includes databases/library/tables/public_gone.yaml, which does not exist",
            "metrics_config.yaml:1: includes gone.yaml, which does not exist",
        ]
    );
    assert!(found[3].starts_with("network.yaml:"), "{found:?}");
    assert_eq!(
        found[4],
        "rest_endpoints.yaml:1: Inconsistent object: query with name gone does not exist in collection stored"
    );
    assert!(
        found[5].starts_with(
            "warning: databases/library/tables/public_book.yaml:11: unknown key fliter: Hasura ignores it"
        ),
        "{found:?}"
    );
    assert!(
        found[6].starts_with("warning: surprise.yaml: has no effect"),
        "{found:?}"
    );
    assert_eq!(found.len(), 7, "{found:?}");
}

#[tokio::test]
async fn tables_and_columns_are_looked_up_where_a_database_is_given() {
    let db = TestDb::create_empty().await;
    let owner = db.connect().await;
    owner
        .batch_execute("create table book (id integer primary key)")
        .await
        .unwrap();
    let directory = Directory::small();
    directory.change(
        "databases/library/tables/tables.yaml",
        "\n",
        "\n- \"!include public_gone.yaml\"\n",
    );
    directory.write(
        "databases/library/tables/public_gone.yaml",
        "table:\n  name: gone\n  schema: public\n",
    );
    let mut variables = environment();
    variables.set("LIBRARY_URL", db.url());
    let (exit, lines) = check(&directory, &variables).await;
    assert_eq!(exit, 1);
    assert_eq!(
        lines,
        [
            "databases/library/tables/public_book.yaml:9: Inconsistent object: in table \"book\": in permission for \
             role \"guest\": \"title\" does not exist",
            "databases/library/tables/public_gone.yaml:2: Inconsistent object: no such table/view exists in source: \"gone\"",
            "2 errors",
        ]
    );
    // What Hasura has no operator for, and a value that is none of the column's type.
    let book = "databases/library/tables/public_book.yaml";
    owner
        .batch_execute("alter table book add title text")
        .await
        .unwrap();
    for (filter, complaint) in [
        (
            "filter: {id: {_equals: 1}}",
            "unexpected operator _equals on column \"id\"",
        ),
        (
            "filter: {id: {_eq: [1]}}",
            "the operator _eq on column \"id\" does not take this value",
        ),
    ] {
        let whole = "filter: {}";
        directory.change(book, whole, filter);
        let (exit, lines) = check(&directory, &variables).await;
        assert!(exit == 1 && lines[0].contains(complaint), "{lines:?}");
        directory.change(book, filter, whole);
    }
    variables.set("LIBRARY_URL", "postgres://nobody@127.0.0.1:1/none");
    let (exit, lines) = check(&directory, &variables).await;
    assert_eq!(exit, 1);
    assert!(
        lines[0].starts_with("databases/databases.yaml:1: Inconsistent object: connection error"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_only_the_local_engine_does_not_know_is_not_an_error() {
    let directory = Directory::small();
    directory.write("cron_triggers.yaml", "- name: nightly\n");
    directory.change(
        "databases/library/tables/public_book.yaml",
        "select_permissions:",
        "event_triggers:\n  - name: added\nselect_permissions:",
    );
    let book = "databases/library/tables/public_book.yaml";
    directory.change(book, "columns:\n        - id\n        - title", "columns: all");
    let (exit, lines) = check(&directory, &environment()).await;
    assert_eq!(exit, 1, "{lines:?}");
    assert_eq!(
        lines[0],
        format!("{book}:9: table public.book: columns: all is neither a list nor \"*\"")
    );
    directory.change(book, "columns: all", "columns: '*'");
    let (exit, lines) = check(&directory, &environment()).await;
    assert_eq!(exit, 0, "{lines:?}");
    assert_eq!(
        lines[0],
        "not checked: cron_triggers.yaml:1: not supported by the local engine"
    );
    let triggers = format!("not checked: {book}:4: ");
    assert!(
        lines.iter().any(|line| line.starts_with(&triggers)
            && line.ends_with("event_triggers is not supported by the local engine")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn json_is_for_programs() {
    let directory = Directory::small();
    let arguments = ["metadata", "check", "--dir", &directory.path(), "--json"];
    let output = run(&arguments, &Variables::default(), "").await;
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["errors"][0]["line"], 5);
    assert!(
        report["errors"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("actions.yaml")
    );
    assert!(
        report["not_checked"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("tables")
    );
    let output = run(
        &["metadata", "check", "--dir", "/nowhere"],
        &Variables::default(),
        "",
    )
    .await;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap().lines().count(),
        1,
        "a fault is one line"
    );
}

#[tokio::test]
async fn the_engines_health_and_the_check_agree() {
    for (change, exit, health) in [
        (("actions.yaml", "X-Token", "X-Token"), 0, "OK"),
        (
            ("actions.yaml", "value_from_env: TOKEN", "value_from_env: NOWHERE"),
            1,
            "ERROR: inconsistent objects in schema",
        ),
        (
            ("databases/library/tables/public_book.yaml", "- title", "- author"),
            1,
            "ERROR: inconsistent objects in schema",
        ),
    ] {
        let db = TestDb::create_empty().await;
        let owner = db.connect().await;
        let table = "create table book (id integer primary key, title text)";
        owner.batch_execute(table).await.unwrap();
        let directory = Directory::small();
        directory.change(change.0, change.1, change.2);
        let mut variables = environment();
        variables.set("LIBRARY_URL", db.url());
        variables.set("HASURA_GRAPHQL_METADATA_DIR", directory.path());
        variables.set("HASURA_GRAPHQL_SERVER_PORT", "0");
        assert_eq!(check(&directory, &variables).await.0, exit, "{change:?}");
        let engine = Process::start(&["engine"], &variables, super::engine::address).await;
        let url = format!("{}/healthz?strict=true", engine.base);
        let reply = reqwest::get(url).await.unwrap();
        assert_eq!(reply.status().is_success(), exit == 0);
        assert_eq!(reply.text().await.unwrap(), health, "{change:?}");
    }
}
