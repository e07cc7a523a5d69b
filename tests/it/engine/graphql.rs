//! Requests that do not fit the schema, in Hasura's words; and the surface around them.

use serde_json::json;

use super::support::{SECRET, TestEngine, refusal};

#[tokio::test]
async fn refusals_are_worded_as_in_hasura() {
    let engine = TestEngine::start().await;
    let login = "$.selectionSet.v1Login";
    for (query, variables, message, path) in [
        // role_lacks_mutation_field
        (
            "mutation { mirror(x: 1) { y } }",
            json!({}),
            "field 'mirror' not found in type: 'mutation_root'",
            "$.selectionSet.mirror",
        ),
        // role_has_no_query
        (
            "query { networks { id } }",
            json!({}),
            "field 'networks' not found in type: 'query_root'",
            "$.selectionSet.networks",
        ),
        // missing_required_argument
        (
            "mutation { v1Login(signature: \"s\") { token } }",
            json!({}),
            "missing required field 'message'",
            &format!("{login}.args.message"),
        ),
        // unknown_argument
        (
            "mutation { v1Login(foo: 1) { token } }",
            json!({}),
            "'v1Login' has no argument named 'foo'",
            login,
        ),
        // subselection_on_scalar
        (
            "mutation { v1Login(message: \"m\", signature: \"s\") { claims { a } } }",
            json!({}),
            "unexpected subselection set for non-object field",
            &format!("{login}.selectionSet.claims"),
        ),
        // object_without_subselection
        (
            "mutation { v1Login(message: \"m\", signature: \"s\") }",
            json!({}),
            "missing selection set for 'LoginOutput'",
            &format!("{login}.selectionSet"),
        ),
        // variable_missing
        (
            "mutation ($m: String!) { v1Login(message: $m) { token } }",
            json!({}),
            "expecting a value for non-nullable variable: \"m\"",
            "$",
        ),
        // variable_type_too_weak
        (
            "mutation ($m: String) { v1Login(message: $m) { token } }",
            json!({"m": "x"}),
            "variable 'm' is declared as 'String', but used where 'String!' is expected",
            &format!("{login}.args.message"),
        ),
        // variable_unbound
        (
            "mutation { v1Login(message: $m) { token } }",
            json!({}),
            "unbound variable \"m\"",
            "$",
        ),
        (
            "mutation ($m: String!) { v1Login(message: $m) { token } }",
            json!({"m": null}),
            "null value found for non-nullable type: \"String!\"",
            "$",
        ),
        (
            "mutation { v1Login(message: \"m\", signature: \"s\") { token } }",
            json!({"userId": 1}),
            "unexpected variables in variableValues: userId",
            "$",
        ),
        (
            "mutation { v1Login(message: 5, signature: \"s\") { token } }",
            json!({}),
            "expected a string for type 'String', but found an integer",
            &format!("{login}.args.message"),
        ),
        (
            "mutation ($m: String!) { v1Login(message: $m, signature: \"s\") { token } }",
            json!({"m": 5}),
            "expected a string for type 'String', but found a number",
            &format!("{login}.args.message"),
        ),
        (
            "{ ...nothing }",
            json!({}),
            "reference to undefined fragment \"nothing\"",
            "$.selectionSet",
        ),
        (
            "{ ...a } fragment a on query_root { ...b } fragment b on query_root { ...a }",
            json!({}),
            "the fragment definition(s) \"a\" and \"b\" form a cycle",
            "$",
        ),
        (
            "{ __typename @nope }",
            json!({}),
            "directive 'nope' is not defined in the schema",
            "$.selectionSet",
        ),
        ("{", json!({}), "not a valid graphql query", "$.query"),
        (
            "query($a: Boolean = $b) { __typename @include(if: $a) }",
            json!({}),
            "not a valid graphql query",
            "$.query",
        ),
        (
            "type A { b: Int }",
            json!({}),
            "not a valid graphql query",
            "$.query",
        ),
        (
            "query a { __typename } query b { __typename }",
            json!({}),
            "exactly one operation has to be present in the document when operationName is not specified",
            "$",
        ),
    ] {
        let reply = engine.ask(&[], query, variables).await;
        assert_eq!(reply, refusal(message, path, "validation-failed"), "{query}");
    }
}

#[tokio::test]
async fn unknown_input_object_field() {
    let engine = TestEngine::start().await;
    for (query, variables) in [
        ("mutation { mirror(arg: {x: 1}) { id } }", json!({})),
        (
            "mutation ($a: InObject!) { mirror(arg: $a) { id } }",
            json!({"a": {"x": 1}}),
        ),
    ] {
        let reply = engine.ask_as("user", query, variables).await;
        let path = "$.selectionSet.mirror.args.arg.x";
        assert_eq!(
            reply,
            refusal(
                "field 'x' not found in type: 'InObject'",
                path,
                "validation-failed"
            )
        );
    }
    let reply = engine
        .ask_as("user", "mutation { mirror(arg: {age: 1.5}) { id } }", json!({}))
        .await;
    let message = "expected a 32-bit integer for type 'Int', but found a float";
    assert_eq!(
        reply,
        refusal(message, "$.selectionSet.mirror.args.arg.age", "validation-failed")
    );
}

#[tokio::test]
async fn role_has_no_mutation_at_all() {
    let engine = TestEngine::start().await;
    let reply = engine
        .ask_as("critic", "mutation { v1Login { token } }", json!({}))
        .await;
    assert_eq!(reply, refusal("no mutations exist", "$", "validation-failed"));
}

#[tokio::test]
async fn subscription_over_http() {
    let engine = TestEngine::start().await;
    let reply = engine
        .ask_as("user", "subscription { author { id } }", json!({}))
        .await;
    let message = "subscriptions are not supported over HTTP, use websockets instead";
    assert_eq!(reply, refusal(message, "$", "unexpected-payload"));
}

#[tokio::test]
async fn bodies_that_are_no_request() {
    let engine = TestEngine::start().await;
    for (body, code) in [
        ("{", "invalid-json"),
        ("\"x\"", "parse-failed"),
        ("{}", "parse-failed"),
        ("{\"query\": 1}", "parse-failed"),
    ] {
        let response = engine.post("/v1/graphql").body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let reply: serde_json::Value = response.json().await.unwrap();
        assert_eq!(reply["errors"][0]["extensions"]["code"], code, "{body}");
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order_with_errors_for_each() {
    let engine = TestEngine::start().await;
    let body = json!([{"query": "{ __typename }"}, {"query": "{ nope }"}, {"query": "query a {a: __typename} query b {b: __typename}", "operationName": "b"}]);
    let response = engine.post("/v1/graphql").json(&body).send().await.unwrap();
    let reply: serde_json::Value = response.json().await.unwrap();
    assert_eq!(reply[0], json!({"data": {"__typename": "query_root"}}));
    assert_eq!(
        reply[1]["errors"][0]["message"],
        "field 'nope' not found in type: 'query_root'"
    );
    assert_eq!(reply[2], json!({"data": {"b": "query_root"}}));
}

#[tokio::test]
async fn health_version_and_paths() {
    let engine = TestEngine::start().await;
    for path in ["/healthz", "/hasura/healthz", "/healthz?strict=true"] {
        assert_eq!(engine.get(path).send().await.unwrap().text().await.unwrap(), "OK"); // healthz_ok
    }
    let version: serde_json::Value = engine
        .get("/v1/version")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(version["version"], "v2.48.5");
    let nothing = json!({"error": "resource does not exist", "path": "$", "code": "not-found"});
    for path in ["/nope", "/v1/graphql"] {
        let response = engine.get(path).send().await.unwrap(); // unknown_path
        assert_eq!(response.status(), 404);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap(), nothing);
    }
    let refused: serde_json::Value = engine
        .post("/v1/query")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(refused["error"], "the local engine does not support /v1/query");
    let narrow = TestEngine::with(&[("HASURA_GRAPHQL_ENABLED_APIS", "graphql")]).await;
    for path in ["/v1/metadata", "/v1alpha1/config"] {
        assert_eq!(narrow.post(path).send().await.unwrap().status(), 404); // api_disabled
    }
    let config = engine.get("/v1alpha1/config").send().await.unwrap();
    assert_eq!(config.status(), 400);
    let config: serde_json::Value = engine
        .get("/v1alpha1/config")
        .header("x-hasura-admin-secret", SECRET)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(config["jwt"]["claims_namespace"], "https://hasura.io/jwt/claims");
}

#[tokio::test]
async fn a_request_id_is_kept_or_given() {
    let engine = TestEngine::start().await;
    let ask = || {
        engine
            .post("/v1/graphql")
            .json(&json!({"query": "{ __typename }"}))
    };
    let given = ask().header("x-request-id", "mine").send().await.unwrap();
    assert_eq!(given.headers()["x-request-id"], "mine");
    assert_eq!(ask().send().await.unwrap().headers()["x-request-id"].len(), 36);
}

#[tokio::test]
async fn browsers_are_let_in() {
    let engine = TestEngine::start().await;
    let url = format!("{}/v1/graphql", engine.url);
    let preflight = engine
        .client
        .request(reqwest::Method::OPTIONS, &url)
        .header("origin", "https://a.example")
        .header("access-control-request-headers", "authorization,content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    let header = |name: &str| preflight.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "https://a.example");
    assert_eq!(header("access-control-allow-credentials"), "true");
    assert_eq!(
        header("access-control-allow-headers"),
        "authorization,content-type"
    );
    assert_eq!(header("access-control-max-age"), "1728000");
    let narrow = TestEngine::with(&[("HASURA_GRAPHQL_CORS_DOMAIN", "https://app.example.com")]).await;
    let stranger = narrow
        .get("/v1/version")
        .header("origin", "https://a.example")
        .send()
        .await
        .unwrap();
    assert!(stranger.headers().get("access-control-allow-origin").is_none());
}
