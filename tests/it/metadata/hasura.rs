//! A stand-in for a Hasura's metadata API, written from its documents and its source: it checks the secret
//! and the resource version, keeps what it is given, and exports it as Hasura does, without what is default.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hasura_siwe::config::Variables;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

pub const SECRET: &str = "the-admin-secret-of-the-stand-in";

#[derive(Clone)]
pub struct Hasura {
    pub url: String,
    state: Arc<Mutex<Stored>>,
}

#[derive(Default)]
struct Stored {
    /// As an export gives it.
    metadata: String,
    version: i64,
    /// The types of all calls, in their order.
    calls: Vec<String>,
    /// The bodies of replacements, as they came.
    replacements: Vec<String>,
    /// How many replacements somebody else is quicker than.
    overtaken: u32,
    /// What is inconsistent as soon as anything was replaced.
    broken: Vec<Value>,
    /// Whether that stops a replacement, as it does where inconsistent metadata is not allowed.
    refuses: bool,
    is_off: bool,
}

impl Hasura {
    /// One that holds this.
    pub async fn with(metadata: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hasura = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        {
            let mut stored = hasura.state.lock().unwrap();
            stored.metadata = metadata.to_owned();
            stored.version = 7;
        }
        let router = Router::new()
            .route("/v1/metadata", post(answer))
            .with_state(hasura.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        hasura
    }

    pub async fn empty() -> Self {
        Self::with(r#"{"version":3,"sources":[]}"#).await
    }

    pub fn is_overtaken(&self, times: u32) {
        self.state.lock().unwrap().overtaken = times;
    }

    pub fn finds_broken(&self, object: Value, refuses: bool) {
        let mut stored = self.state.lock().unwrap();
        stored.broken.push(object);
        stored.refuses = refuses;
    }

    pub fn is_switched_off(&self) {
        self.state.lock().unwrap().is_off = true;
    }

    pub fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    pub fn replacements(&self) -> Vec<String> {
        self.state.lock().unwrap().replacements.clone()
    }

    pub fn metadata(&self) -> Value {
        serde_json::from_str(&self.state.lock().unwrap().metadata).unwrap()
    }

    /// The environment that leads here.
    pub fn variables(&self) -> Variables {
        [
            ("HASURA_ENDPOINT", self.url.as_str()),
            ("HASURA_GRAPHQL_ADMIN_SECRET", SECRET),
        ]
        .into_iter()
        .collect()
    }
}

type Answer = (StatusCode, [(&'static str, &'static str); 1], String);

fn reply(status: u16, body: impl ToString) -> Answer {
    let json = [("content-type", "application/json; charset=utf-8")];
    (StatusCode::from_u16(status).unwrap(), json, body.to_string())
}

fn refusal(status: u16, code: &str, error: &str) -> Answer {
    reply(status, json!({"error": error, "path": "$", "code": code}))
}

async fn answer(State(hasura): State<Hasura>, headers: HeaderMap, body: String) -> Answer {
    let mut stored = hasura.state.lock().unwrap();
    if stored.is_off {
        return refusal(404, "not-found", "resource does not exist");
    }
    match headers
        .get("x-hasura-admin-secret")
        .map(|secret| secret == SECRET)
    {
        Some(true) => {}
        Some(false) => {
            return refusal(
                401,
                "access-denied",
                "invalid x-hasura-admin-secret/x-hasura-access-key",
            );
        }
        None => {
            let error = "x-hasura-admin-secret/x-hasura-access-key required, but not found";
            return refusal(401, "access-denied", error);
        }
    }
    let request: Value = serde_json::from_str(&body).unwrap();
    let call = request["type"].as_str().unwrap().to_owned();
    stored.calls.push(call.clone());
    match (call.as_str(), request["version"].as_i64()) {
        ("export_metadata", Some(2)) => {
            let metadata = RawValue::from_string(stored.metadata.clone()).unwrap();
            reply(
                200,
                format!(
                    r#"{{"resource_version":{},"metadata":{metadata}}}"#,
                    stored.version
                ),
            )
        }
        ("get_inconsistent_metadata", _) => reply(
            200,
            json!({"is_consistent": stored.broken.is_empty(), "inconsistent_objects": stored.broken}),
        ),
        ("replace_metadata", Some(2)) => replace(&mut stored, &request, body),
        _ => refusal(400, "parse-failed", &format!("unknown call {call}")),
    }
}

fn replace(stored: &mut Stored, request: &Value, body: String) -> Answer {
    if stored.overtaken > 0 {
        stored.overtaken -= 1;
        stored.version += 1;
    }
    let referenced = request["resource_version"].as_i64().unwrap();
    if referenced != stored.version {
        let error =
            format!("metadata resource version referenced ({referenced}) did not match current version");
        return refusal(409, "conflict", &error);
    }
    assert_eq!(request["args"]["allow_inconsistent_metadata"], false);
    if stored.refuses {
        let mut refused = json!({"error": "cannot continue due to inconsistent metadata", "path": "$.args", "code": "unexpected"});
        refused["internal"] = stored.broken.clone().into();
        return reply(400, refused);
    }
    stored.replacements.push(body);
    stored.version += 1;
    stored.metadata = exported(&request["args"]["metadata"]).to_string();
    reply(200, json!({"is_consistent": true, "inconsistent_objects": []}))
}

/// The headers that an export names with each action, as it was recorded.
fn ignored_client_headers() -> Value {
    let export = crate::repository::read("tests/fixtures/hasura_recorded/exports/shipped-2.48.16.json");
    let export: Value = serde_json::from_str(&export).unwrap();
    export["actions"][0]["definition"]["ignored_client_headers"].clone()
}

/// What Hasura's export writes for what it was given: sorted by name, and nothing that is default.
fn exported(given: &Value) -> Value {
    let mut metadata = given.as_object().unwrap().clone();
    metadata.retain(|key, value| {
        let is_empty = match value {
            Value::Array(items) => items.is_empty() && key != "sources",
            Value::Object(fields) => fields.values().all(|value| value == &json!([])),
            _ => false,
        };
        !is_empty
    });
    for action in list(&mut metadata, "actions") {
        let definition = action["definition"].as_object_mut().unwrap();
        if definition["type"] == "query" {
            definition.remove("kind");
        } else {
            definition.entry("kind").or_insert("synchronous".into());
        }
        // Every export of a real Hasura adds these: tests/fixtures/hasura_recorded/exports.
        definition
            .entry("ignored_client_headers")
            .or_insert_with(ignored_client_headers);
        definition.retain(|key, value| {
            !(key == "timeout" && value == 30
                || key == "forward_client_headers" && value == false
                || value == &json!([]))
        });
        for argument in list(definition, "arguments") {
            without_nulls(argument);
        }
    }
    if let Some(Value::Object(types)) = metadata.get_mut("custom_types") {
        types.retain(|_, types| types != &json!([]));
        for kind in ["objects", "input_objects"] {
            for one in list(types, kind) {
                for field in list(one.as_object_mut().unwrap(), "fields") {
                    without_nulls(field);
                }
            }
        }
    }
    for source in list(&mut metadata, "sources") {
        let source = source.as_object_mut().unwrap();
        source.entry("tables").or_insert(json!([]));
        list(source, "tables").sort_by_key(|table| table["table"].to_string());
    }
    for key in ["actions", "rest_endpoints", "query_collections"] {
        list(&mut metadata, key).sort_by_key(|one| one["name"].to_string());
    }
    metadata.into()
}

fn list<'m>(parent: &'m mut Map<String, Value>, key: &str) -> &'m mut [Value] {
    match parent.get_mut(key) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

fn without_nulls(value: &mut Value) {
    value.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}
