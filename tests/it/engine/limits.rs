//! Requests that try to cost more than they should.

use std::fmt::Write;

use serde_json::{Value, json};

use super::support::TestEngine;

async fn code(engine: &TestEngine, query: &str) -> Value {
    engine.ask_as("user", query, json!({})).await["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn deep_texts_and_long_chains_of_fragments_are_refused() {
    let engine = TestEngine::start().await;
    let deep =
        |open: &str, close: &str, count: usize| format!("{}{}", open.repeat(count), close.repeat(count));
    let selection = format!(
        "{{ typed_nested_null {} }}",
        deep("{ id child ", "}", 5000).replacen("child }", "}", 1)
    );
    assert_eq!(code(&engine, &selection).await, "validation-failed");
    let filter = format!(
        "{{ author(where: {}) {{ id }} }}",
        deep("{_not: ", "}", 5000).replacen(": }", ": {}}", 1)
    );
    assert_eq!(code(&engine, &filter).await, "validation-failed");
    let mut chain = String::from("{ ...f0 } fragment f5000 on query_root { __typename }");
    for index in 0..5000 {
        write!(chain, " fragment f{index} on query_root {{ ...f{} }}", index + 1).unwrap();
    }
    assert_eq!(code(&engine, &chain).await, "not-supported");
}

#[tokio::test]
async fn what_nests_within_reason_is_answered() {
    let engine = TestEngine::start().await;
    let filter = "{_not: ".repeat(184) + "{id: {_eq: 1}}" + &"}".repeat(184);
    let reply = engine
        .ask_as(
            "user",
            &format!("{{ author(where: {filter}) {{ id }} }}"),
            json!({}),
        )
        .await;
    assert_eq!(reply, json!({"data": {"author": [{"id": 1}]}}));
    engine.stub.replies(200, json!({"id": 1, "child": null}));
    let selection = format!(
        "{{ typed_nested_null {}{{ id }}{} }}",
        "{ child ".repeat(180),
        "}".repeat(180)
    );
    let reply = engine.ask_as("user", &selection, json!({})).await;
    assert_eq!(reply, json!({"data": {"typed_nested_null": {"child": null}}}));
    // Twice the same at each of thirty levels would be a thousand million fields.
    let mut bomb = String::from("{ ...f0 } fragment f30 on query_root { __typename }");
    for index in 0..30 {
        let next = index + 1;
        write!(
            bomb,
            " fragment f{index} on query_root {{ ...f{next} ...f{next} }}"
        )
        .unwrap();
    }
    assert_eq!(
        engine.ask_as("user", &bomb, json!({})).await,
        json!({"data": {"__typename": "query_root"}})
    );
}

#[tokio::test]
async fn relationships_may_be_followed_far() {
    let engine = TestEngine::start().await;
    let depth = 20;
    let query = format!(
        "{{ article_by_pk(id: 2) {} }}",
        "{ author { articles(where: {id: {_eq: 2}}) ".repeat(depth) + "{ id }" + &"} }".repeat(depth)
    );
    let reply = engine.ask_as("admin", &query, json!({})).await;
    let mut found = &reply["data"]["article_by_pk"];
    for _ in 0..depth {
        found = &found["author"]["articles"][0];
    }
    assert_eq!(found, &json!({"id": 2}), "{reply}");
    let filter = "articles: {author: {".repeat(depth) + "id: {_eq: 1}" + &"}}".repeat(depth);
    let query = format!("{{ author(where: {{{filter}}}) {{ id }} }}");
    assert_eq!(
        engine.ask_as("admin", &query, json!({})).await,
        json!({"data": {"author": [{"id": 1}]}})
    );
}

#[tokio::test]
async fn fields_that_multiply_are_counted() {
    let engine = TestEngine::start().await;
    let mut bomb = String::from("{ typed_nested_null { ...f0 } } fragment f30 on TypedNestedNull { id }");
    for index in 0..30 {
        let next = index + 1;
        let both = format!("a: child {{ ...f{next} }} b: child {{ ...f{next} }}");
        write!(bomb, " fragment f{index} on TypedNestedNull {{ {both} }}").unwrap();
    }
    assert_eq!(code(&engine, &bomb).await, "not-supported");
}
