//! Whole request texts: which operation is meant, fragments, directives, aliases, `__typename`, batches.

use serde_json::{Value, json};

use super::support::{SECRET, TestEngine, refusal};

async fn post(engine: &TestEngine, body: &Value) -> Value {
    let reply = engine
        .post("/v1/graphql")
        .header("x-hasura-admin-secret", SECRET)
        .header("x-hasura-role", "user")
        .json(body)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    reply.json().await.unwrap()
}

fn root() -> Value {
    json!({"data": {"__typename": "query_root"}})
}

#[tokio::test]
async fn the_operation_that_is_meant_is_run() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, "\"done\"");
    let two = "query a { __typename } mutation b { scalar_response }";
    let none = |name: &str| format!("no such operation found in the document: \"{name}\"");
    let one = "exactly one operation has to be present in the document when operationName is not specified";
    let anonymous = "operationName cannot be used when an anonymous operation exists in the document";
    for (query, name, expected) in [
        (two, json!("a"), Ok(root())),
        (two, json!("b"), Ok(json!({"data": {"scalar_response": "done"}}))),
        (two, json!("c"), Err(none("c"))),
        (two, Value::Null, Err(one.to_owned())),
        ("query a { __typename }", Value::Null, Ok(root())),
        ("query a { __typename }", json!("a"), Ok(root())),
        ("query a { __typename }", json!("b"), Err(none("b"))),
        ("query { __typename }", Value::Null, Ok(root())),
        // Only a text that begins with its braces counts as anonymous.
        ("query { __typename }", json!("a"), Err(none("a"))),
        ("{ __typename }", json!("a"), Err(anonymous.to_owned())),
        (
            "{ __typename } query a { __typename }",
            json!("a"),
            Err(anonymous.to_owned()),
        ),
        (
            "{ __typename } query a { __typename }",
            Value::Null,
            Err(one.to_owned()),
        ),
        ("{ __typename } { __typename }", Value::Null, Err(one.to_owned())),
        (
            "fragment f on query_root { __typename }",
            Value::Null,
            Err(one.to_owned()),
        ),
    ] {
        let reply = post(&engine, &json!({"query": query, "operationName": name})).await;
        let expected = expected.unwrap_or_else(|message| refusal(&message, "$", "validation-failed"));
        assert_eq!(reply, expected, "{query} {name}");
    }
}

#[tokio::test]
async fn batches_mix_data_and_errors_and_keep_their_order() {
    let engine = TestEngine::start().await;
    let ok = json!({"query": "{ __typename }"});
    let bad = json!({"query": "{ nope }"});
    let no_field = refusal(
        "field 'nope' not found in type: 'query_root'",
        "$.selectionSet.nope",
        "validation-failed",
    );
    assert_eq!(
        post(&engine, &json!([ok, bad, ok])).await,
        json!([root(), no_field, root()])
    );
    assert_eq!(post(&engine, &json!([])).await, json!([]));
    engine
        .stub
        .replies(400, json!({"message": "m", "extensions": {"k": 1}}));
    let action = json!({"query": "mutation { scalar_response }"});
    assert_eq!(
        post(&engine, &json!([action, ok])).await,
        json!([{"errors": [{"message": "m", "extensions": {"k": 1}}]}, root()])
    );
    let syntax = refusal("not a valid graphql query", "$.query", "validation-failed");
    assert_eq!(post(&engine, &json!([{"query": "{"}])).await, json!([syntax]));
}

#[tokio::test]
async fn nested_objects_are_cut_to_the_selection() {
    let engine = TestEngine::start().await;
    let ada = json!({"id": 1, "color": "RED", "best": {"id": 2, "friends": [{"id": 3}, null], "unknown": 1},
        "friends": [], "extra": {"a": [1.10, 12345678901234567890.5]}, "unknown": 2});
    engine.stub.replies(
        200,
        r#"{"id": 1, "color": "RED", "best": {"id": 2, "friends": [{"id": 3}, null], "unknown": 1},
        "friends": [], "extra": {"a": [1.10, 12345678901234567890.5]}, "unknown": 2}"#,
    );
    let query = "mutation { first: profile { __typename id paint: color extra
        best { __typename number: id friends { id kind: __typename } } ...rest ... { again: id } ... on Profile { friends { id } } } }
        fragment rest on Profile { best { color } friends { __typename } }";
    let reply = engine
        .post("/v1/graphql")
        .header("x-hasura-admin-secret", SECRET)
        .header("x-hasura-role", "user")
        .json(&json!({"query": query}))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(
        reply,
        concat!(
            r#"{"data":{"first":{"__typename":"Profile","id":1,"paint":"RED","#,
            r#""extra":{"a": [1.10, 12345678901234567890.5]},"#,
            r#""best":{"__typename":"Profile","number":2,"friends":[{"id":3,"kind":"Profile"},null],"color":null},"#,
            r#""friends":[],"again":1}}}"#
        )
    );
    engine.stub.replies(200, json!([ada, ada]));
    let reply = engine
        .ask_as("user", "mutation { profiles { id best { id } } }", json!({}))
        .await;
    let one = json!({"id": 1, "best": {"id": 2}});
    assert_eq!(reply, json!({"data": {"profiles": [one, one]}}));
}

#[tokio::test]
async fn directives_decide_what_is_asked() {
    let engine = TestEngine::start().await;
    for (selection, yes, expected) in [
        ("a: __typename @include(if: $yes)", true, vec!["a"]),
        ("a: __typename @include(if: $yes) b: __typename", false, vec!["b"]),
        ("a: __typename @skip(if: $yes) b: __typename", true, vec!["b"]),
        (
            "a: __typename @skip(if: $yes) @include(if: true)",
            false,
            vec!["a"],
        ),
        (
            "a: __typename @skip(if: false) @include(if: $yes) b: __typename",
            false,
            vec!["b"],
        ),
        ("...f @include(if: $yes) b: __typename", false, vec!["b"]),
        ("...f @skip(if: $yes) b: __typename", false, vec!["f", "b"]),
        (
            "... on query_root @include(if: $yes) { a: __typename } b: __typename",
            true,
            vec!["a", "b"],
        ),
        (
            "... @skip(if: $yes) { a: __typename } b: __typename",
            true,
            vec!["b"],
        ),
        (
            "... on author { id } b: __typename @include(if: $yes)",
            true,
            vec!["b"],
        ),
    ] {
        let spread = if selection.contains("...f") {
            "fragment f on query_root { f: __typename }"
        } else {
            ""
        };
        let query = format!("query ($yes: Boolean!) {{ {selection} }} {spread}");
        let reply = engine.ask_as("user", &query, json!({"yes": yes})).await;
        let keys: Vec<&str> = reply["data"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, expected, "{selection}");
    }
    for (selection, message, path) in [
        (
            "__typename @include",
            "missing 'if' argument for 'include' directive",
            "$.selectionSet",
        ),
        (
            "__typename @include(if: true) @include(if: false)",
            "the following directives are used more than once: 'include'",
            "$.selectionSet",
        ),
        (
            "__typename @client",
            "directive 'client' is not defined in the schema",
            "$.selectionSet",
        ),
    ] {
        let reply = engine
            .ask_as("user", &format!("{{ {selection} }}"), json!({}))
            .await;
        assert_eq!(reply, refusal(message, path, "validation-failed"), "{selection}");
    }
}

#[tokio::test]
async fn equal_keys_are_merged_or_refused() {
    let engine = TestEngine::start().await;
    let query =
        "{ author_by_pk(id: 1) { id } author_by_pk(id: 1) { name articles { id } articles { title } } }";
    assert_eq!(
        engine.data("admin", query).await,
        json!({"author_by_pk": {"id": 1, "name": "Author 1",
            "articles": [{"id": 1, "title": "Out"}, {"id": 2, "title": "Draft"}]}})
    );
    for (query, message, path) in [
        (
            "{ author_by_pk(id: 1) { id } author_by_pk(id: 2) { id } }",
            "inconsistent arguments between multiple selections of field 'author_by_pk'",
            "$.selectionSet",
        ),
        (
            "{ author { a: id a: name } }",
            "selection of both 'id' and 'name' specify the same response name, 'a'",
            "$.selectionSet.author.selectionSet",
        ),
    ] {
        let reply = engine.ask_as("admin", query, json!({})).await;
        assert_eq!(reply, refusal(message, path, "validation-failed"), "{query}");
    }
}
