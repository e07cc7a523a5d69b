//! `metadata apply` into Hasuras of all kinds: empty, with metadata of their own, moving, refusing.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use super::Directory;
use super::hasura::{Hasura, SECRET};
use crate::support::process::run;

/// How an apply ended.
#[derive(Debug)]
struct Ended {
    exit: i32,
    out: String,
    err: String,
}

async fn apply_as(variables: &Variables, folder: &str, flags: &[&str]) -> Ended {
    let arguments = [&["metadata", "apply", "--dir", folder], flags].concat();
    let output = run(&arguments, variables, "").await;
    let ended = Ended {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!format!("{ended:?}").contains(SECRET), "the secret is printed");
    assert!(ended.err.lines().count() <= 1, "{ended:?}");
    ended
}

async fn apply(hasura: &Hasura, directory: &Directory, flags: &[&str]) -> Ended {
    apply_as(&hasura.variables(), &directory.path(), flags).await
}

/// Somebody's metadata: things beside ours in every section, and texts that a round trip might change.
const THEIRS: &str = r#"{"version":3,"sources":[{"name":"library","kind":"postgres","tables":[{"table":{"name":"member","schema":"public"},"select_permissions":[{"role":"guest","permission":{"columns":["id"],"filter":{"fee":{"_gt":12345678901234567890.50}}},"comment":"caf\u00e9 \/ bar"}]}],"configuration":{"connection_info":{"database_url":"postgres://them:their-password@db/them","use_prepared_statements":true}}}],"query_collections":[{"name":"allowed-queries","definition":{"queries":[]}}],"allowlist":[{"collection":"allowed-queries","scope":{"global":true}}],"actions":[{"name":"zap","definition":{"handler":"http://them","output_type":"ZapOutput","type":"mutation","kind":"synchronous","timeout":1e2}}],"custom_types":{"objects":[{"name":"ZapOutput","fields":[{"name":"text","type":"String!"}]}]},"future":{"kept":true}}"#;

#[tokio::test]
async fn an_empty_hasura_gets_all_of_it_and_a_second_time_nothing_is_sent() {
    for directory in [Directory::small(), Directory::copy_of("hasura/metadata")] {
        let hasura = Hasura::empty().await;
        let ended = apply(&hasura, &directory, &[]).await;
        assert_eq!(ended.exit, 0, "{ended:?}");
        assert!(
            ended
                .out
                .ends_with("sent; Hasura has taken it\nHasura's metadata is consistent\n"),
            "{ended:?}"
        );
        assert_eq!(
            hasura.calls(),
            ["export_metadata", "replace_metadata", "get_inconsistent_metadata"]
        );
        let sent: Value = serde_json::from_str(&hasura.replacements()[0]).unwrap();
        assert_eq!(sent["version"], 2);
        assert_eq!(sent["resource_version"], 7);
        assert_eq!(sent["args"]["allow_inconsistent_metadata"], false);

        let again = apply(&hasura, &directory, &[]).await;
        assert_eq!(again.exit, 0, "{again:?}");
        assert!(
            again.out.starts_with("nothing to change, nothing was sent\n"),
            "{again:?}"
        );
        assert_eq!(hasura.replacements().len(), 1);
    }
}

#[tokio::test]
async fn what_a_hasura_has_of_its_own_is_kept_to_the_byte() {
    let hasura = Hasura::with(THEIRS).await;
    let ended = apply(&hasura, &Directory::small(), &[]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    let sent = &hasura.replacements()[0];
    // Everything of theirs stands in what was sent, piece by piece, as they wrote it.
    for piece in [
        r#"{"table":{"name":"member","schema":"public"},"select_permissions":[{"role":"guest","permission":{"columns":["id"],"filter":{"fee":{"_gt":12345678901234567890.50}}},"comment":"caf\u00e9 \/ bar"}]}"#,
        r#""configuration":{"connection_info":{"database_url":"postgres://them:their-password@db/them","use_prepared_statements":true}}"#,
        r#""query_collections":[{"name":"allowed-queries","definition":{"queries":[]}},"#,
        r#""allowlist":[{"collection":"allowed-queries","scope":{"global":true}}]"#,
        r#"{"name":"zap","definition":{"handler":"http://them","output_type":"ZapOutput","type":"mutation","kind":"synchronous","timeout":1e2}}"#,
        r#"{"name":"ZapOutput","fields":[{"name":"text","type":"String!"}]}"#,
        r#""future":{"kept":true}"#,
    ] {
        assert!(sent.contains(piece), "{piece} is not in {sent}");
    }
    let sent: Value = serde_json::from_str(sent).unwrap();
    let source = &sent["args"]["metadata"]["sources"];
    assert_eq!(
        source.as_array().unwrap().len(),
        1,
        "our table goes into their source of that name"
    );
    assert_eq!(source[0]["tables"][1]["table"]["name"], "book");
    assert_eq!(
        ended.out.lines().take(5).collect::<Vec<_>>(),
        [
            "to add: sources[library].tables[public.book]",
            "to add: query_collections[stored]",
            "to add: actions[echo]",
            "to add: custom_types.objects[EchoOutput]",
            "to add: rest_endpoints[books]",
        ]
    );
    assert!(!ended.out.contains("their-password"));
}

#[tokio::test]
async fn another_thing_of_the_same_name_is_shown_and_nothing_is_sent() {
    let theirs = THEIRS
        .replace("zap", "echo")
        .replace("ZapOutput", "EchoOutput")
        .replace("\"String!\"", "\"Int\"");
    let hasura = Hasura::with(&theirs).await;
    let ended = apply(&hasura, &Directory::small(), &[]).await;
    assert_eq!(ended.exit, 1);
    assert_eq!(hasura.calls(), ["export_metadata"]);
    assert!(
        ended
            .err
            .contains("2 of our names mean something else there: nothing was sent"),
        "{ended:?}"
    );
    for line in [
        "another thing of this name is there: actions[echo]",
        "another thing of this name is there: custom_types.objects[EchoOutput]",
    ] {
        assert!(ended.out.lines().any(|one| one == line), "{ended:?}");
    }
    let row = |path: &str| -> Vec<&str> {
        let row = ended.out.lines().find(|line| line.trim_start().starts_with(path));
        row.unwrap().split_whitespace().collect()
    };
    assert_eq!(
        row("definition.handler"),
        ["definition.handler", "\"{{BASE}}/echo\"", "\"http://them\""]
    );
    assert_eq!(
        row("fields[text].type"),
        ["fields[text].type", "\"String!\"", "\"Int\""]
    );

    let dry = apply(&hasura, &Directory::small(), &["--overwrite", "--dry-run"]).await;
    assert_eq!((dry.exit, hasura.replacements().len()), (0, 0));
    assert!(dry.out.contains("to overwrite: actions[echo]\n"), "{dry:?}");
    let ended = apply(&hasura, &Directory::small(), &["--overwrite"]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    assert_eq!(
        hasura.metadata()["actions"][0]["definition"]["handler"],
        "{{BASE}}/echo"
    );
}

#[tokio::test]
async fn a_type_that_somebody_elses_action_uses_is_shared_where_it_is_equal_and_never_taken_over() {
    let directory = Directory::small();
    let theirs = |field: &str| {
        THEIRS
            .replace("ZapOutput", "EchoOutput")
            .replace(r#""type":"String!""#, &format!(r#""type":"{field}""#))
    };
    let hasura = Hasura::with(&theirs("String!")).await;
    let ended = apply(&hasura, &directory, &[]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    assert!(
        !ended.out.contains("custom_types"),
        "it is there already: {ended:?}"
    );
    assert_eq!(
        hasura.metadata()["custom_types"]["objects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let hasura = Hasura::with(&theirs("Int")).await;
    let ended = apply(&hasura, &directory, &[]).await;
    assert_eq!((ended.exit, hasura.replacements().len()), (1, 0));

    let scalar = THEIRS.replace(
        r#""custom_types":{"#,
        r#""custom_types":{"scalars":[{"name":"EchoOutput"}],"#,
    );
    let hasura = Hasura::with(&scalar).await;
    let ended = apply(&hasura, &directory, &["--overwrite"]).await;
    assert_eq!((ended.exit, hasura.replacements().len()), (1, 0), "{ended:?}");
    assert!(ended.out.contains("\"objects\"  \"scalars\""), "{ended:?}");
}

#[tokio::test]
async fn replace_must_be_said_and_sends_ours_alone() {
    let hasura = Hasura::with(THEIRS).await;
    let dry = apply(&hasura, &Directory::small(), &["--replace", "--dry-run"]).await;
    assert_eq!((dry.exit, hasura.replacements().len()), (0, 0));
    assert!(
        dry.out.contains("actions[zap]") && !dry.out.contains("their-password"),
        "{dry:?}"
    );
    let ended = apply(&hasura, &Directory::small(), &["--replace"]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    let actions = hasura.metadata()["actions"].clone();
    assert_eq!(actions.as_array().unwrap().len(), 1);
    assert_eq!(actions[0]["name"], "echo");
    let again = apply(&hasura, &Directory::small(), &["--replace"]).await;
    assert!(again.out.starts_with("nothing to change"), "{again:?}");
}

#[tokio::test]
async fn a_conflict_is_tried_once_more_on_what_is_there_then() {
    let hasura = Hasura::empty().await;
    hasura.is_overtaken(1);
    let ended = apply(&hasura, &Directory::small(), &[]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    assert!(
        ended
            .out
            .contains("the metadata was changed meanwhile; once more"),
        "{ended:?}"
    );
    assert_eq!(
        hasura.calls(),
        [
            "export_metadata",
            "replace_metadata",
            "export_metadata",
            "replace_metadata",
            "get_inconsistent_metadata"
        ]
    );
    let hasura = Hasura::empty().await;
    hasura.is_overtaken(9);
    let ended = apply(&hasura, &Directory::small(), &[]).await;
    assert_eq!((ended.exit, hasura.replacements().len()), (1, 0));
    assert!(ended.err.contains("409 conflict"), "{ended:?}");
    assert_eq!(hasura.calls().len(), 4);
}

#[tokio::test]
async fn what_is_inconsistent_is_listed_and_is_no_success() {
    let broken = json!({
        "type": "action", "name": "action echo", "definition": {"handler": "{{BASE}}/echo"},
        "reason": "Inconsistent object: in action \"echo\"; Value for environment variables not found: BASE",
    });
    for refuses in [true, false] {
        let hasura = Hasura::empty().await;
        hasura.finds_broken(broken.clone(), refuses);
        let ended = apply(&hasura, &Directory::small(), &[]).await;
        assert_eq!(ended.exit, 1);
        assert!(
            ended
                .out
                .contains("inconsistent: action echo: Inconsistent object: in action \"echo\"; Value for"),
            "{ended:?}"
        );
        assert_eq!(hasura.replacements().len(), usize::from(!refuses));
        let said = if refuses {
            "has changed nothing"
        } else {
            "metadata is inconsistent"
        };
        assert!(ended.err.contains(said), "{ended:?}");
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_in_one_line() {
    let hasura = Hasura::empty().await;
    let folder = Directory::small().path();
    let small = Directory::small();
    let with = |secret: &str| {
        let mut variables = hasura.variables();
        variables.set("HASURA_GRAPHQL_ADMIN_SECRET", secret);
        variables
    };
    let ended = apply_as(&with("wrong"), &small.path(), &[]).await;
    assert_eq!(ended.exit, 2);
    assert!(
        ended
            .err
            .contains("invalid x-hasura-admin-secret/x-hasura-access-key (access-denied)"),
        "{ended:?}"
    );
    assert!(!ended.err.contains("wrong"));
    let ended = apply_as(&with(""), &small.path(), &[]).await;
    assert!(
        ended.err.contains("required, but not found (access-denied)"),
        "{ended:?}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let mut from_file = with("");
    from_file.set("HASURA_GRAPHQL_ADMIN_SECRET_FILE", file.path().to_str().unwrap());
    let ended = apply_as(&from_file, &small.path(), &["--dry-run"]).await;
    assert_eq!(ended.exit, 0, "{ended:?}");
    hasura.is_switched_off();
    let ended = apply(&hasura, &small, &[]).await;
    assert!(
        ended.err.contains("switched off: resource does not exist"),
        "{ended:?}"
    );
    let ended = apply_as(&Variables::default(), &small.path(), &[]).await;
    assert!(
        ended.err.contains("give --endpoint or set HASURA_ENDPOINT"),
        "{ended:?}"
    );
    let ended = apply(&hasura, &small, &["--endpoint", "http://127.0.0.1:1"]).await;
    assert!(
        ended
            .err
            .contains("no answer from http://127.0.0.1:1/v1/metadata"),
        "{ended:?}"
    );
    let ended = apply_as(&hasura.variables(), &folder, &[]).await;
    assert!(
        ended.err.contains("cannot read the metadata in"),
        "the folder is gone: {ended:?}"
    );
}
