//! The bodies of requests to the local engine, on its fixture tables: whatever is asked, what reaches PostgreSQL is SQL.

use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::draw::Draw;
use super::driver::Target;
use super::{json as nodes, mutate};
use crate::engine::support::{SECRET, TestEngine};

const QUERIES: &[&str] = &[
    "{ author_by_pk(id: 1) { id name __typename worth views tags born seen bio } }",
    "query Q($id: Int! = 2, $where: author_bool_exp) { author(where: $where, limit: 2, offset: 1, order_by: [{name: desc_nulls_last}]) { ...A } other: author_by_pk(id: $id) { id } } fragment A on author { id name }",
    "{ author(where: {_or: [{id: {_in: [1, 3]}}, {name: {_like: \"Z%\"}}, {_not: {bio: {_is_null: true}}}]}, distinct_on: id) { id } }",
    "{ author(where: {tags: {_contains: {a: [1]}}, born: {_gt: \"1970-01-01\"}, worth: {_lte: 1.5}}) { tags(path: \"a\") } }",
    "mutation M($a: InObject!) { mirror(arg: $a) { id name } create_user(email: \"a\", name: null) { id } }",
    "{ typed_nested_null { id child { id child { id } } } }",
    "query IntrospectionQuery { __schema { queryType { name } types { kind name fields(includeDeprecated: true) { name args { name defaultValue type { kind ofType { name } } } } } } __type(name: \"author\") { name } }",
    "query A($yes: Boolean!) { author @include(if: $yes) { id @skip(if: false) } } query B { __typename }",
];
const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    "$",
    "@",
    "...",
    ":",
    "\"",
    "\"\"\"",
    "\\u0000",
    "#",
    "query",
    "mutation",
    "subscription",
    "fragment A on author",
    "...A",
    "@include(if: $yes)",
    "@skip(if: true)",
    "@cached",
    "on author",
    "null",
    "true",
    "1",
    "-1",
    "1.5e300",
    "99999999999999999999",
    "\"1970-13-01\"",
    "'; drop table author; --",
    "author",
    "author_by_pk",
    "article",
    "where:",
    "order_by:",
    "limit:",
    "offset:",
    "distinct_on:",
    "_eq:",
    "_in:",
    "_like:",
    "_not:",
    "_and:",
    "_or:",
    "_contains:",
    "_is_null:",
    "{_not:",
    "id",
    "name",
    "worth",
    "tags",
    "__typename",
    "__schema",
    "__type",
    "query",
    "variables",
    "operationName",
    "$id",
    "$where",
    "mirror",
    "create_users",
];
/// What would mean that the engine let something through that it should have judged.
const BROKEN: &[&str] = &["unexpected", "postgres-error"];

pub fn target() -> Target {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(TestEngine::start());
    Target {
        name: "graphql",
        seeds: seeds(),
        mutate: another,
        check: Box::new(move |input| check(&runtime, &engine, input)),
        short: 500,
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let variables = json!({
        "id": 2, "yes": true, "a": {"id": 1, "name": "n", "age": 3},
        "where": {"_and": [{"name": {"_ilike": "%a%"}}, {"id": {"_nin": [7]}}]},
    });
    let ask = |query: &&str| json!({"query": query, "variables": variables, "operationName": null});
    let mut seeds: Vec<Value> = QUERIES.iter().map(ask).collect();
    seeds.push(Value::Array(seeds[..2].to_vec()));
    seeds.iter().map(|seed| seed.to_string().into_bytes()).collect()
}

/// The text of the query, as a rule: there lies the most to read.
fn another(draw: &mut Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let seed = draw.pick(seeds);
    let body = serde_json::from_slice::<Value>(seed).ok();
    match body.as_ref().and_then(|body| body["query"].as_str()) {
        Some(query) if !draw.once_in(3) => {
            let query = mutate::text(draw, query, WORDS);
            let mut body = body.unwrap_or_default();
            body["query"] = query.into();
            body.to_string().into_bytes()
        }
        _ => nodes::document(draw, seeds, WORDS),
    }
}

fn check(runtime: &Runtime, engine: &TestEngine, input: &[u8]) -> String {
    let role = if input.len().is_multiple_of(4) {
        "admin"
    } else {
        "user"
    };
    let client: &Client = &engine.client;
    let request = client
        .post(format!("{}/v1/graphql", engine.url))
        .header("x-hasura-admin-secret", SECRET)
        .header("x-hasura-role", role)
        .body(input.to_vec());
    let (status, text) = runtime.block_on(async {
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    });
    assert_eq!(status, 200, "{text}");
    let reply: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let all = match reply {
        Value::Array(replies) => replies,
        reply => vec![reply],
    };
    all.iter().take(3).map(shape).collect::<Vec<_>>().join(", ")
}

/// `data`, or the code of the error and the beginning of its sentence.
fn shape(reply: &Value) -> String {
    let error = &reply["errors"][0];
    if error.is_null() {
        assert!(reply["data"].is_object(), "{reply}");
        return format!("data {}", reply["data"].as_object().unwrap().len().min(4));
    }
    let code = error["extensions"]["code"].as_str().unwrap();
    let message = error["message"].as_str().unwrap();
    let of_a_handler =
        message.contains("not a valid json") || message.contains("webhook") || message.contains("handler");
    assert!(of_a_handler || !BROKEN.contains(&code), "{reply}");
    let words = message
        .split(' ')
        .filter(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
    format!("{code} {}", words.take(5).collect::<Vec<_>>().join(" "))
}
