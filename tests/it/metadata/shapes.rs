//! Our metadata beside a Hasura's own: some flows alone, other names, into a directory, and out again.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use super::Directory;
use super::hasura::Hasura;
use crate::support::process::run;

/// The exit status, the JSON of standard output, and standard error.
async fn metadata(arguments: &[&str], variables: &Variables) -> (i32, Value, String) {
    let arguments = [&["metadata"], arguments, &["--json"]].concat();
    let output = run(&arguments, variables, "").await;
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (
        output.status.code().unwrap(),
        report,
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn names(metadata: &Value, list: &str) -> Vec<String> {
    let items = metadata[list].as_array().into_iter().flatten();
    items
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

// Issue 15, item 3.
#[tokio::test]
async fn a_table_of_the_same_name_stops_apply_and_gets_no_permission() {
    let theirs = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "configuration": {}, "tables": [
        {"table": {"name": "accounts", "schema": "public"}}]}]});
    let hasura = Hasura::with(&theirs.to_string()).await;
    let (exit, report, said) = metadata(&["apply"], &hasura.variables()).await;
    assert_eq!((exit, &report["sent"]), (1, &json!(false)));
    let clash = &report["clashes"][0];
    assert_eq!(clash["path"], "sources[default].tables[public.accounts]");
    assert_eq!(
        clash["differences"]["only_here"][0]["path"],
        "select_permissions[guest]"
    );
    assert!(said.contains("nothing was sent"), "{said}");
    assert_eq!(hasura.calls(), ["export_metadata"]);
    let (exit, ..) = metadata(&["apply", "--overwrite"], &hasura.variables()).await;
    assert_eq!(exit, 0);
    let table = hasura.metadata()["sources"][0]["tables"][0].clone();
    assert_eq!(table["select_permissions"].as_array().unwrap().len(), 2);
}

// Issue 15, item 3: what others add to our tables is no clash.
#[tokio::test]
async fn a_permission_of_another_role_on_our_table_is_no_clash() {
    let hasura = Hasura::empty().await;
    assert_eq!(metadata(&["apply"], &hasura.variables()).await.0, 0);
    let mut changed = hasura.metadata();
    let tables = changed["sources"][0]["tables"].as_array_mut().unwrap();
    let accounts = tables
        .iter_mut()
        .find(|one| one["table"]["name"] == "accounts")
        .unwrap();
    let theirs = json!({"role": "auditor", "permission": {"columns": ["address"], "filter": {}}});
    accounts["select_permissions"]
        .as_array_mut()
        .unwrap()
        .push(theirs);
    let hasura = Hasura::with(&changed.to_string()).await;
    let (exit, report, _) = metadata(&["apply"], &hasura.variables()).await;
    assert_eq!(
        (exit, &report["clashes"], &report["sent"]),
        (0, &json!([]), &json!(false))
    );
}

// Issue 15, item 3.
#[tokio::test]
async fn the_actions_of_some_flows_alone_can_be_applied() {
    let hasura = Hasura::empty().await;
    let (exit, ..) = metadata(&["apply", "--flows", "siwe,email"], &hasura.variables()).await;
    assert_eq!(exit, 0);
    let actions = names(&hasura.metadata(), "actions");
    for name in ["v1Login", "login", "refreshToken", "v1Logout"] {
        assert!(actions.contains(&name.to_owned()), "{name}: {actions:?}");
    }
    for name in ["authenticate", "challenge", "tokenAuth", "verifyToken"] {
        assert!(!actions.contains(&name.to_owned()), "{name}: {actions:?}");
    }
    let types = &hasura.metadata()["custom_types"];
    assert!(!names(types, "objects").contains(&"AuthenticationResult".to_owned()));
    let (exit, report, _) = metadata(&["diff", "--flows", "email,siwe"], &hasura.variables()).await;
    assert_eq!((exit, &report["equal"]), (0, &json!(true)));
    let (exit, _, said) = metadata(&["apply", "--flows", "signal"], &hasura.variables()).await;
    assert!(
        exit != 0 && said.contains("expected siwe, lens, email, username or tanx"),
        "{said}"
    );
}

// Issue 15, item 3.
#[tokio::test]
async fn other_names_meet_nothing_of_the_same_name() {
    let theirs = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "configuration": {}, "tables": []}],
        "actions": [{"name": "login", "definition": {"handler": "theirs", "type": "query", "output_type": "Profile"}}],
        "custom_types": {"objects": [{"name": "Profile", "fields": [{"name": "a", "type": "Int"}]}]}});
    let hasura = Hasura::with(&theirs.to_string()).await;
    let (exit, report, _) = metadata(&["apply"], &hasura.variables()).await;
    assert_eq!((exit, report["clashes"].as_array().unwrap().len()), (1, 2));
    let flags = ["apply", "--prefix", "siwe_", "--suffix", "Siwe"];
    let (exit, report, said) = metadata(&flags, &hasura.variables()).await;
    assert_eq!((exit, &report["sent"]), (0, &json!(true)), "{said}");
    let metadata = hasura.metadata();
    assert!(names(&metadata, "actions").contains(&"siwe_v1Login".to_owned()));
    assert!(names(&metadata, "actions").contains(&"login".to_owned()));
    let tables = metadata["sources"][0]["tables"].as_array().unwrap();
    assert!(tables.iter().all(|table| {
        table["configuration"]["custom_name"]
            .as_str()
            .unwrap()
            .starts_with("siwe_")
    }));
    let query = &metadata["query_collections"][0]["definition"]["queries"][0]["query"];
    assert!(
        query
            .as_str()
            .unwrap()
            .contains("v1Login: siwe_v1Login(session: $session)"),
        "{query}"
    );
}

// Issue 15, item 3.
#[tokio::test]
async fn remove_takes_out_what_apply_put_in_and_nothing_else() {
    let theirs = r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"book"}}],"configuration":{"connection_info":{"database_url":{"from_env":"THEIRS"}}}}],"actions":[{"name":"zap","definition":{"handler":"h","output_type":"ZapOutput","arguments":[],"type":"query"}}],"custom_types":{"objects":[{"name":"ZapOutput","fields":[{"name":"a","type":"Int"}]}]}}"#;
    for flags in [
        &[][..],
        &["--prefix", "siwe_", "--suffix", "Siwe"],
        &["--flows", "lens"],
    ] {
        let hasura = Hasura::with(theirs).await;
        let apply = [&["apply"], flags].concat();
        assert_eq!(metadata(&apply, &hasura.variables()).await.0, 0);
        let dry = [&["remove", "--dry-run"], flags].concat();
        let (exit, report, _) = metadata(&dry, &hasura.variables()).await;
        assert_eq!(
            (exit, &report["sent"], &report["kept"]),
            (0, &json!(false), &json!([])),
            "{flags:?}"
        );
        let remove = [&["remove"], flags].concat();
        let (exit, report, said) = metadata(&remove, &hasura.variables()).await;
        assert_eq!((exit, &report["sent"]), (0, &json!(true)), "{said}");
        let before: Value = serde_json::from_str(theirs).unwrap();
        let left = hasura.metadata();
        assert_eq!(names(&left, "actions"), ["zap"]);
        assert_eq!(
            left["sources"][0]["tables"], before["sources"][0]["tables"],
            "{flags:?}"
        );
        assert_eq!(
            names(&left["custom_types"], "objects"),
            ["ZapOutput"],
            "{flags:?}"
        );
        assert!(left["query_collections"].as_array().is_none_or(Vec::is_empty));
        let (exit, report, _) = metadata(&remove, &hasura.variables()).await;
        assert_eq!(
            (exit, &report["sent"], &report["removed"]),
            (0, &json!(false), &json!([]))
        );
    }
}

// Issue 15, item 4.
#[tokio::test]
async fn merge_writes_into_a_directory_and_leaves_unrelated_files_as_they_were() {
    let theirs = Directory::small();
    theirs.change(
        "databases/databases.yaml",
        "- name: library",
        "# a comment\n- name: library",
    );
    theirs.write("network.yaml", "{}   # kept\n");
    let folder = theirs.path();
    let built = async || {
        let output = run(
            &["metadata", "build", "--dir", &folder],
            &Variables::default(),
            "",
        )
        .await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let before = built().await;
    let text = |path: &str| std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    let kept: Vec<(&str, String)> = [
        "network.yaml",
        "version.yaml",
        "databases/library/tables/public_book.yaml",
    ]
    .map(|path| (path, text(path)))
    .into();
    let none = Variables::default();
    let (exit, rehearsed, _) = metadata(&["merge", "--into", &folder, "--dry-run"], &none).await;
    assert_eq!((exit, built().await), (0, before.clone()));
    let (exit, report, said) = metadata(&["merge", "--into", &folder], &none).await;
    assert_eq!((exit, &report["written"]), (0, &rehearsed["written"]), "{said}");
    for (path, before) in kept {
        assert_eq!(text(path), before, "{path}");
    }
    let merged = built().await;
    assert!(names(&merged, "actions").contains(&"echo".to_owned()));
    assert!(names(&merged, "actions").contains(&"v1Login".to_owned()));
    assert_eq!(names(&merged, "sources"), ["library", "default"]);
    let (exit, again, _) = metadata(&["merge", "--into", &folder], &none).await;
    assert_eq!((exit, &again["written"]), (0, &json!([])));
    // What the directory holds now is what `apply` would have made of it.
    let hasura = Hasura::with(&before.to_string()).await;
    let mut variables = hasura.variables();
    variables.set("BASE", "http://handler");
    assert_eq!(metadata(&["apply"], &variables).await.0, 0);
    let (exit, difference, _) = metadata(&["diff", "--dir", &folder], &variables).await;
    assert_eq!((exit, &difference["equal"]), (0, &json!(true)), "{difference:#}");
}

// Issue 15, item 4.
#[tokio::test]
async fn merge_writes_nothing_where_a_name_is_taken() {
    let theirs = Directory::small();
    theirs.change("actions.yaml", "name: echo", "name: login");
    theirs.change("actions.graphql", "echo(", "login(");
    let folder = theirs.path();
    let before = std::fs::read_to_string(format!("{folder}/actions.yaml")).unwrap();
    let (exit, report, said) = metadata(&["merge", "--into", &folder], &Variables::default()).await;
    assert_eq!(
        (exit, &report["clashes"]),
        (1, &json!(["actions[login]"])),
        "{said}"
    );
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(
        std::fs::read_to_string(format!("{folder}/actions.yaml")).unwrap(),
        before
    );
}

// Issue 15, item 4: tables that are not where the CLI writes them.
#[tokio::test]
async fn merge_keeps_a_directory_of_another_layout_whole() {
    let theirs = Directory::small();
    theirs.change("databases/databases.yaml", "- name: library", "- name: default");
    let folder = theirs.path();
    let (exit, report, said) = metadata(&["merge", "--into", &folder], &Variables::default()).await;
    assert_eq!(exit, 0, "{said} {report:#}");
    let output = run(
        &["metadata", "build", "--dir", &folder],
        &Variables::default(),
        "",
    )
    .await;
    let merged: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tables = merged["sources"][0]["tables"].as_array().unwrap();
    assert_eq!((tables.len(), &tables[0]["table"]["name"]), (6, &json!("book")));
}
