//! Each role sees its own schema.

use serde_json::{Value, json};

use super::support::TestEngine;

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_role_sees_what_it_may_ask() {
    let engine = TestEngine::start().await;
    let query = "query($t: String!) {
        schema: __schema { queryType { ...fields } mutationType { ...fields } }
        __type(name: $t) { kind inputFields { name } }
        __typename
    } fragment fields on __Type { name fields { name } }";
    let guest = engine.ask(&[], query, json!({"t": "author_bool_exp"})).await;
    assert_eq!(
        names(&guest["data"]["schema"]["queryType"]["fields"]),
        ["no_queries_available"]
    );
    assert_eq!(
        names(&guest["data"]["schema"]["mutationType"]["fields"]),
        ["v1Login"]
    );
    assert_eq!(guest["data"]["__type"], Value::Null);
    let text = engine.ask(&[], "{ no_queries_available }", json!({})).await;
    let text = text["data"]["no_queries_available"].as_str().unwrap();
    assert!(text.starts_with("There are no queries available"));
    assert_eq!(guest["data"]["__typename"], "query_root");
    let critic = engine
        .ask_as("critic", query, json!({"t": "author_bool_exp"}))
        .await;
    assert_eq!(
        names(&critic["data"]["schema"]["queryType"]["fields"]),
        ["article", "author", "author_by_pk"]
    );
    assert_eq!(critic["data"]["schema"]["mutationType"], Value::Null);
    assert_eq!(
        names(&critic["data"]["__type"]["inputFields"]),
        ["_and", "_not", "_or", "articles", "edited", "id", "name"]
    );
    let admin = engine
        .ask_as("admin", query, json!({"t": "author_bool_exp"}))
        .await;
    let fields = names(&admin["data"]["schema"]["queryType"]["fields"]);
    for field in [
        "author",
        "author_aggregate",
        "author_by_pk",
        "article",
        "typed_nested_null",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
}

#[tokio::test]
async fn the_query_that_tools_send_is_answered() {
    let engine = TestEngine::start().await;
    let query = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
        types { ...FullType } directives { name description locations args { ...InputValue } } } }
        fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description
        args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue }
        interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        possibleTypes { ...TypeRef } }
        fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
        fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind
        name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let reply = engine.ask_as("user", query, json!({})).await;
    assert_eq!(reply["errors"], Value::Null);
    let types = reply["data"]["__schema"]["types"].as_array().unwrap();
    let find = |name: &str| {
        types
            .iter()
            .find(|one| one["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(find("LoginOutput")["description"], "What a log-in gives");
    assert_eq!(find("JSONObject")["kind"], "SCALAR");
    assert_eq!(names(&find("order_by")["enumValues"]).len(), 6);
    let login = find("mutation_root")["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "v1Login")
        .unwrap();
    assert_eq!(login["description"], "Signs in.");
    let reply = engine.ask_as("user", "{ __schema { nope } }", json!({})).await;
    assert_eq!(
        reply["errors"][0]["message"],
        "field 'nope' not found in type: '__Schema'"
    );
}
