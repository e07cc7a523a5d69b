//! What Hasura answers: its REST endpoints, each with the action behind it, and `/v1/login`.

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::schema::of_graphql;
use super::{named, object, of_json};
use crate::model::GUEST_ROLE;

/// What `res` holds, which GraphQL does not say: to it that is any JSON.
const RES: &[(&str, &str)] = &[
    ("v1Login", "Tokens"),
    ("v1RestoreSession", "Tokens"),
    ("v1UpdateAccount", "Updated"),
];

pub(super) fn paths(
    metadata: &Value,
    schemas: &mut Map<String, Value>,
) -> anyhow::Result<Map<String, Value>> {
    let mut paths = Map::new();
    for endpoint in list(metadata, "rest_endpoints") {
        let url = endpoint["url"].as_str().context("an endpoint has a url")?;
        let query = &endpoint["definition"]["query"];
        let text = stored(metadata, query).with_context(|| format!("{url} has no stored query"))?;
        let action = list(metadata, "actions")
            .find(|action| {
                action["name"]
                    .as_str()
                    .is_some_and(|name| text.contains(&format!(" {name}(")))
            })
            .with_context(|| format!("{url} calls no action"))?;
        let operation = operation(metadata, endpoint, action, schemas)?;
        for method in list(endpoint, "methods").filter_map(Value::as_str) {
            let path = paths
                .entry(format!("/api/rest/{url}"))
                .or_insert_with(|| json!({}));
            path[method.to_ascii_lowercase()] = operation.clone();
        }
    }
    paths.insert("/v1/login".to_owned(), json!({"post": graphql_log_in()}));
    Ok(paths)
}

fn list<'m>(value: &'m Value, key: &str) -> impl Iterator<Item = &'m Value> {
    value[key].as_array().into_iter().flatten()
}

fn by_name<'m>(value: &'m Value, key: &str, name: &Value) -> Option<&'m Value> {
    list(value, key).find(|one| one["name"] == *name)
}

/// The text that an endpoint runs.
fn stored<'m>(metadata: &'m Value, query: &Value) -> Option<&'m str> {
    let collection = by_name(metadata, "query_collections", &query["collection_name"])?;
    by_name(&collection["definition"], "queries", &query["query_name"])?["query"].as_str()
}

fn operation(
    metadata: &Value,
    endpoint: &Value,
    action: &Value,
    schemas: &mut Map<String, Value>,
) -> anyhow::Result<Value> {
    let name = action["name"].as_str().context("an action has a name")?;
    let definition = &action["definition"];
    let mut wanted = Vec::new();
    let variables = fields(definition, "arguments", &mut wanted);
    while let Some(input) = wanted.pop() {
        if !schemas.contains_key(&input) {
            let declared = by_name(&metadata["custom_types"], "input_objects", &json!(input));
            let declared = declared.with_context(|| format!("{input} is no input type"))?;
            schemas.insert(input, fields(declared, "fields", &mut wanted));
        }
    }
    let res = RES.iter().find(|(of, _)| *of == name);
    let (_, res) = res.with_context(|| format!("say in RES what {name} answers"))?;
    let answer = object(&[(
        name,
        object(&[("res", named(res)), ("success", json!({"const": true}))]),
    )]);
    let is_for_guests = list(action, "permissions").any(|permission| permission["role"] == GUEST_ROLE);
    let security = if is_for_guests {
        json!([])
    } else {
        json!([{"accessToken": []}])
    };
    Ok(json!({
        "tags": ["clients"],
        "operationId": name,
        "summary": action["comment"],
        "description": endpoint["comment"],
        "security": security,
        "requestBody": {"required": true, "content": of_json(variables)},
        "responses": {
            "200": {"description": "Done.", "content": of_json(answer)},
            "4XX": {"description": "Refused, with the status of the code.", "content": of_json(named("Refusal"))},
            "5XX": {"description": "Hasura got no answer.", "content": of_json(named("Refusal"))},
        },
    }))
}

/// Arguments of an action, or fields of an input object.
fn fields(of: &Value, key: &str, wanted: &mut Vec<String>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in list(of, key) {
        let (Some(name), Some(kind)) = (field["name"].as_str(), field["type"].as_str()) else {
            continue;
        };
        properties.insert(name.to_owned(), of_graphql(kind, wanted));
        if kind.ends_with('!') {
            required.push(name);
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// GraphQL under a path of its own; the proxy passes it on.
fn graphql_log_in() -> Value {
    let variables = object(&[("session", named("LoginInput"))]);
    let body = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "examples": ["mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res success } }"]},
            "variables": variables,
            "operationName": {"type": ["string", "null"]},
        },
        "required": ["query"],
    });
    let login = object(&[("res", named("Tokens")), ("success", json!({"const": true}))]);
    let done = object(&[("data", object(&[("v1Login", login)]))]);
    json!({
        "tags": ["clients"],
        "operationId": "v1LoginByGraphql",
        "summary": "Signs in, as the published document has it: GraphQL under a path of its own.",
        "description": "The proxy passes it to /v1/graphql. The status is 200 whatever the answer.",
        "security": [],
        "requestBody": {"required": true, "content": of_json(body)},
        "responses": {
            "200": {"description": "Done, or refused.", "content": of_json(json!({"oneOf": [done, named("GraphqlErrors")]}))},
        },
    })
}
