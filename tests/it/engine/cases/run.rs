//! Plays a case against an engine of its own, over HTTP.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};

use super::case::{Case, Other, all};
use super::directory;
use crate::engine::support::{KEY, SECRET, Stub, TestEngine, fixture_database};

const ADMIN_SECRET: &str = "HASURA_GRAPHQL_ADMIN_SECRET";
const DEV_MODE: &str = "HASURA_GRAPHQL_DEV_MODE";

/// Plays the case with this name.
pub async fn play(name: &str) {
    let case = all()
        .remove(name)
        .unwrap_or_else(|| panic!("no file has the case {name}"));
    let folder = directory::write(&case);
    let (hook, hook_url) = Stub::start().await;
    prepare(&hook, &case.hook);
    let start = |more: &'static [(&'static str, &'static str)]| {
        let mut variables = variables(&case, &hook_url);
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let directory = folder.path().to_str().unwrap().to_owned();
        async move {
            variables.push(("HASURA_GRAPHQL_METADATA_DIR", directory));
            variables.push(("PG_DATABASE_URL", fixture_database().await.to_owned()));
            TestEngine::launch(variables).await
        }
    };
    let engine = match (start(&[]).await, &case.expect.refused) {
        (Ok(engine), None) => engine,
        (Err(error), Some(words)) => {
            assert!(error.contains(words), "{error}");
            return;
        }
        (Ok(_), Some(words)) => panic!("the engine started and should have said: {words}"),
        (Err(error), None) => panic!("{error}"),
    };
    for (name, reason) in &case.expect.inconsistent {
        let found = engine.inconsistencies.iter().find(|(one, _)| one == name);
        assert!(
            found.is_some_and(|(_, found)| found.contains(reason)),
            "{name}: {:?}",
            engine.inconsistencies
        );
    }
    prepare(&engine.stub, &case.webhook);
    ask(&case, &engine, None).await;
    check_received(&engine.stub, &case.webhook);
    check_received(&hook, &case.hook);
    if case.expect.internal.is_some() || case.expect.no_internal {
        ask(&case, &engine, Some("admin")).await;
        let developer = start(&[(DEV_MODE, "true")]).await.unwrap();
        prepare(&developer.stub, &case.webhook);
        ask(&case, &developer, Some("user")).await;
    }
    if let Some(elsewhere) = &case.expect.elsewhere {
        let mut request = engine.get("/v1alpha1/config");
        for (name, value) in headers(&case, &engine, None) {
            request = request.header(name, value);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), elsewhere.status);
        assert_eq!(reply.json::<Value>().await.unwrap(), elsewhere.body);
    }
}

fn variables(case: &Case, hook_url: &str) -> Vec<(&'static str, String)> {
    let Some(environment) = &case.environment else {
        return vec![(ADMIN_SECRET, SECRET.to_owned())];
    };
    environment
        .iter()
        .map(|(name, value)| {
            let name: &'static str = name.clone().leak();
            (name, value.replace("{{HOOK}}", hook_url))
        })
        .collect()
}

fn prepare(stub: &Stub, other: &Other) {
    stub.waits(Duration::from_secs(other.delay_seconds));
    let Some(reply) = &other.reply else {
        stub.replies(200, json!("ok"));
        return;
    };
    let headers: Vec<(&str, &str)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = reply.raw.clone().unwrap_or_else(|| reply.body.to_string());
    stub.replies_fully(reply.status, &headers, body);
}

fn headers(case: &Case, engine: &TestEngine, role: Option<&str>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = case
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let role = role.or(case.role.as_deref());
    let role = role.or(case.environment.is_none().then_some("user"));
    if let Some(role) = role {
        headers.push(("x-hasura-role".to_owned(), role.to_owned()));
        headers.push(("x-hasura-admin-secret".to_owned(), SECRET.to_owned()));
    }
    if let Some(claims) = &case.claims {
        headers.push((
            "authorization".to_owned(),
            format!("Bearer {}", sign(engine, claims, &case.token_claims)),
        ));
    }
    headers
}

fn sign(engine: &TestEngine, hasura: &Value, around: &Map<String, Value>) -> String {
    let now = engine.clock.now().unix_timestamp();
    let mut claims = json!({"sub": "1", "iat": now, "exp": now + 60, "https://hasura.io/jwt/claims": hasura});
    for (name, value) in around {
        claims[name] = match value.as_str().and_then(|text| text.strip_prefix("now")) {
            Some("") => now.into(),
            Some(shift) => (now + shift.parse::<i64>().unwrap()).into(),
            None => value.clone(),
        };
    }
    let key = EncodingKey::from_secret(KEY.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

async fn ask(case: &Case, engine: &TestEngine, role: Option<&str>) {
    let (method, path) = case.url.as_deref().map_or(("POST", "/v1/graphql"), |url| {
        url.split_once(' ').expect("method and path")
    });
    let url = format!("{}{path}", engine.url);
    let mut request = engine.client.request(method.parse().unwrap(), url);
    for (name, value) in headers(case, engine, role) {
        request = request.header(name, value);
    }
    let asked = case
        .request
        .clone()
        .unwrap_or_else(|| json!({"query": "mutation { whoami }"}));
    if method == "POST" {
        request = request.body(case.request_raw.clone().unwrap_or_else(|| asked.to_string()));
    }
    let reply = request.send().await.unwrap();
    let expect = &case.expect;
    assert_eq!(reply.status(), expect.status.unwrap_or(200));
    for (name, value) in &expect.headers {
        assert_eq!(reply.headers()[name], value.as_str());
    }
    let text = reply.text().await.unwrap();
    if let Some(expected) = &expect.text {
        assert_eq!(&text, expected);
    }
    if let Some(expected) = &expect.body {
        let mut found: Value = serde_json::from_str(&text).unwrap();
        if role.is_some() && !expect.no_internal {
            let extensions = found["errors"][0]["extensions"].as_object_mut().unwrap();
            let internal = extensions.remove("internal").expect("an internal part");
            let expected = expect.internal.as_ref().unwrap();
            assert!(
                fits(expected, &internal, true),
                "\nexpected {expected}\nfound    {internal}"
            );
        }
        assert!(
            fits(expected, &found, false),
            "\nexpected {expected}\nfound    {found}"
        );
    }
    if expect.role.is_none() && expect.session_variables.is_none() {
        return;
    }
    assert_eq!(text, r#"{"data":{"whoami":"ok"}}"#);
    let told = engine.stub.last().body["session_variables"].clone();
    if let Some(role) = &expect.role {
        assert_eq!(told["x-hasura-role"], role.as_str());
    }
    if let Some(variables) = &expect.session_variables {
        assert_eq!(&told, variables);
    }
}

fn check_received(stub: &Stub, other: &Other) {
    if let Some(called) = other.called {
        assert_eq!(!stub.received().is_empty(), called);
    }
    let asked = other.received.is_some()
        || other.received_exactly.is_some()
        || !other.received_headers.is_empty()
        || !other.not_received_headers.is_empty();
    if !asked {
        return;
    }
    let last = stub.last();
    if let Some(expected) = &other.received {
        assert!(
            fits(expected, &last.body, true),
            "\nexpected {expected}\nfound    {}",
            last.body
        );
    }
    if let Some(keys) = &other.received_exactly {
        assert_eq!(
            last.body.as_object().unwrap().keys().collect::<Vec<_>>(),
            keys.iter().collect::<Vec<_>>()
        );
    }
    for (name, value) in &other.received_headers {
        let found = json!(last.headers[name].to_str().unwrap());
        assert!(fits(&json!(value), &found, false), "{name}: {found}");
    }
    for name in &other.not_received_headers {
        assert!(!last.headers.contains_key(name), "{name}");
    }
}

/// Whether a value is what was expected; of an object only the expected keys, if `part`, but those of
/// `input` always all.
fn fits(expected: &Value, found: &Value, part: bool) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            (part || expected.len() == found.len())
                && expected.iter().all(|(key, value)| {
                    found
                        .get(key)
                        .is_some_and(|found| fits(value, found, part && key != "input"))
                })
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(expected, found)| fits(expected, found, part))
        }
        (Value::String(expected), Value::String(found)) => match expected.split_once('<') {
            Some((beginning, rest)) if rest.ends_with('>') => found.starts_with(beginning),
            _ => expected == found,
        },
        (expected, found) => expected == found,
    }
}
