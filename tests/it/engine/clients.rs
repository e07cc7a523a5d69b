//! What front ends use, run for real against the metadata of this project: graphql-codegen, urql, and the
//! introspection of GraphiQL.
//!
//! `make test-deps` installs them; without them these tests fail and say so.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::support::{SECRET, TestEngine};
use crate::repository::{read, root};
use crate::support::db::TestDb;

const SCRIPTS: &str = "tests/clients";
/// The packages of the examples are the scripts' too: node looks for them where it was started.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/clients");

/// The shipped metadata on a database as the migrations make it.
async fn shipped() -> TestEngine {
    let url = TestDb::create().await.hasura_url();
    TestEngine::with(&[("HASURA_GRAPHQL_METADATA_DIR", ""), ("PG_DATABASE_URL", &url)]).await
}

/// What a script prints; `more` is told to it beside the endpoint and the role's headers.
async fn run(script: &str, engine: &TestEngine, role: &str, more: Value) -> String {
    let installed = format!("{PACKAGES}/node_modules");
    assert!(
        Path::new(&installed).exists(),
        "{installed} is missing: run `make test-deps`"
    );
    let mut input = json!({
        "endpoint": format!("{}/v1/graphql", engine.url),
        "headers": {"x-hasura-admin-secret": SECRET, "x-hasura-role": role},
    });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    let mut child = Command::new("node")
        .args([
            "--input-type=module",
            "--eval",
            &read(&format!("{SCRIPTS}/{script}")),
        ])
        .current_dir(PACKAGES)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("node does not run ({error}): run `make test-deps`"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} as {role}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn graphql_codegen_makes_types_for_every_role() {
    let engine = shipped().await;
    for (role, expected) in [
        (
            "guest",
            &[
                "export type NetworksQuery = { __typename?: 'query_root', networks: Array<{ __typename?: 'networks', \
                 name: string, chain_id: any, enabled: boolean }> };",
                "export type LogInMutationVariables = Exact<{\n  session: LoginInput;\n}>;",
                "res: any, success: boolean",
            ][..],
        ),
        (
            "user",
            &["accounts_by_pk?: { __typename?: 'accounts', name?: string | null, updated_at: any } | null"],
        ),
        (
            "admin",
            &["aggregate?: { __typename?: 'audit_aggregate_fields', count: number, max?: {"],
        ),
    ] {
        let documents = json!({"documents": root().join(SCRIPTS).join(format!("{role}.graphql"))});
        let types = run("codegen.mjs", &engine, role, documents).await;
        for text in expected {
            assert!(types.contains(text), "{role}: {text}\n{types}");
        }
    }
}

#[tokio::test]
async fn graphiql_builds_the_schema_of_every_role() {
    let shipped = shipped().await;
    for (role, present, absent) in [
        ("guest", "v1Login(", "v1Logout"),
        ("user", "v1Logout", "type audit "),
        ("admin", "type audit ", "no_queries_available"),
        ("stranger", "no_queries_available", "networks"),
    ] {
        let schema = run("introspection.mjs", &shipped, role, json!({})).await;
        assert!(schema.contains(present), "{role}: {schema}");
        assert!(!schema.contains(absent), "{role}: {schema}");
    }
    // The fixture has what the shipped metadata has not: relationships, lists, enums.
    let fixture = TestEngine::start().await;
    let schema = run("introspection.mjs", &fixture, "admin", json!({})).await;
    for text in [
        "\"\"\"An object relationship\"\"\"\n  author: author!",
        "\"\"\"An object relationship\"\"\"\n  editor: author\n",
        "\"\"\"An object relationship\"\"\"\n  profile: profile\n",
        "articles_aggregate: article_aggregate_bool_exp",
        "articles_aggregate: article_aggregate_order_by",
        "input String_array_comparison_exp",
        "labels: [String!]!",
        "input jsonb_cast_exp",
        "type article_stddev_pop_fields {",
        "directive @cached(",
        "enum article_select_column_article_aggregate_bool_exp_bool_or_arguments_columns {",
    ] {
        assert!(schema.contains(text), "{text}\n{schema}");
    }
}

#[tokio::test]
async fn an_application_on_urql_gets_data_and_errors() {
    let engine = shipped().await;
    let tokens = json!({"res": {"accessToken": "a", "refreshToken": "r"}, "success": true});
    engine.stub.replies(200, &tokens);
    let log_in = "mutation ($session: LoginInput!) { v1Login(session: $session) { res success } }";
    let guest = json!({"requests": [
        {"kind": "query", "query": "query ($ids: [bigint!]) { networks(where: {chain_id: {_in: $ids}}) { name } }",
         "variables": {"ids": [1]}},
        {"kind": "mutation", "query": log_in, "variables": {"session": {"message": "m", "signature": "s"}}},
        {"kind": "mutation", "query": log_in, "variables": {"session": {"message": "m"}}},
        {"kind": "query", "query": "{ audit { action } }"},
    ]});
    let played: Value = serde_json::from_str(&run("urql.mjs", &engine, "guest", guest).await).unwrap();
    let error = |message: &str, path: &str| {
        json!({"data": null, "network": null, "errors": [
            {"message": message, "extensions": {"path": path, "code": "validation-failed"}}]})
    };
    let ok = |data: Value| json!({"data": data, "network": null, "errors": null});
    assert_eq!(
        played,
        json!([
            ok(json!({"networks": [{"name": "ethereum", "__typename": "networks"}]})),
            ok(json!({"v1Login": {"res": tokens["res"], "success": true, "__typename": "LoginOutput"}})),
            error(
                "missing required field 'signature'",
                "$.selectionSet.v1Login.args.session.signature"
            ),
            error(
                "field 'audit' not found in type: 'query_root'",
                "$.selectionSet.audit"
            ),
        ])
    );
    engine
        .stub
        .replies(400, json!({"message": "no", "code": "session_ended"}));
    let user = json!({"requests": [{"kind": "mutation", "query": "mutation { v1Logout { success } }"}]});
    let played: Value = serde_json::from_str(&run("urql.mjs", &engine, "user", user).await).unwrap();
    assert_eq!(played[0]["errors"][0]["extensions"]["code"], "session_ended");
    let admin = json!({"requests": [
        {"kind": "query", "query": "{ networks_aggregate { aggregate { count max { chain_id } } } audit(limit: 1) { action } }"},
    ]});
    let played: Value = serde_json::from_str(&run("urql.mjs", &engine, "admin", admin).await).unwrap();
    assert_eq!(played[0]["errors"], Value::Null);
    let counted = &played[0]["data"]["networks_aggregate"]["aggregate"];
    assert!(
        counted["count"].as_i64() > Some(1) && counted["max"]["chain_id"].is_i64(),
        "{played}"
    );
}
