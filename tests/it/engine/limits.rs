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
    let filter = "{_not: ".repeat(90) + "{id: {_eq: 1}}" + &"}".repeat(90);
    let reply = engine
        .ask_as(
            "user",
            &format!("{{ author(where: {filter}) {{ id }} }}"),
            json!({}),
        )
        .await;
    assert_eq!(reply, json!({"data": {"author": [{"id": 1}]}}));
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
