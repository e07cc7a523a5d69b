//! A hook says who asks.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{SECRET, Stub, TestEngine, refusal};

const LOGIN: &str = "mutation { v1Login(message: \"m\", signature: \"s\") { token } }";

/// An engine that asks a stub, with these settings besides.
async fn start(changes: &[(&str, &str)]) -> (TestEngine, Stub) {
    let (hook, url) = Stub::start().await;
    hook.replies(200, json!({"x-hasura-role": "user"}));
    let engine = with_hook(&url, changes).await;
    engine.stub.replies(200, json!({"token": "t"}));
    (engine, hook)
}

async fn with_hook(url: &str, changes: &[(&str, &str)]) -> TestEngine {
    let mut all = vec![
        ("HASURA_GRAPHQL_JWT_SECRET", ""),
        ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", ""),
        ("HASURA_GRAPHQL_AUTH_HOOK", url),
    ];
    all.extend_from_slice(changes);
    TestEngine::with(&all).await
}

async fn post(engine: &TestEngine, body: &str) -> Value {
    let request = engine.post("/v1/graphql").body(body.to_owned());
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn hook_role_wins() {
    let (engine, hook) = start(&[]).await;
    hook.replies(
        200,
        json!({"X-Hasura-Role": "user", "X-Hasura-User-Id": "7", "x-hasura-admin-secret": "s"}),
    );
    let sent = [("x-hasura-role", "r00t"), ("x-hasura-user-id", "999")];
    assert_eq!(
        engine.ask(&sent, LOGIN, json!({})).await,
        json!({"data": {"v1Login": {"token": "t"}}})
    );
    assert_eq!(
        engine.stub.last().body["session_variables"],
        json!({"x-hasura-role": "user", "x-hasura-user-id": "7"})
    );
    assert_eq!(hook.last().headers["x-hasura-role"], "r00t"); // so it may honour it
}

#[tokio::test]
async fn secret_skips_hook() {
    let (engine, hook) = start(&[]).await;
    let admin = engine
        .ask(&[("x-hasura-admin-secret", SECRET)], "{ __typename }", json!({}))
        .await;
    assert_eq!(admin, json!({"data": {"__typename": "query_root"}}));
    let wrong = engine
        .ask(&[("x-hasura-admin-secret", "x")], "{ __typename }", json!({}))
        .await;
    let message = "invalid x-hasura-admin-secret/x-hasura-access-key";
    assert_eq!(wrong, refusal(message, "$", "access-denied"));
    assert_eq!(hook.received().len(), 0);
}

#[tokio::test]
async fn what_a_hook_answers_badly_is_refused_in_hasuras_words() {
    let (engine, hook) = start(&[]).await;
    let other = "Invalid response from authorization hook";
    let text = "parsing Text failed, expected String, but encountered";
    let ok = json!({"x-hasura-role": "user"}).to_string();
    for (status, body, message, code, flat) in [
        (
            401,
            ok.clone(),
            "Authentication hook unauthorized this request".to_owned(),
            "access-denied",
            401,
        ),
        (403, ok.clone(), other.to_owned(), "unexpected", 500), // hook_other_status
        (201, ok.clone(), other.to_owned(), "unexpected", 500),
        (302, ok.clone(), other.to_owned(), "unexpected", 500),
        (500, ok, other.to_owned(), "unexpected", 500),
        (
            200,
            "[]".to_owned(),
            format!("{other}: Error in $: parsing HashMap failed, expected Object, but encountered Array"),
            "unexpected",
            500,
        ),
        (
            200,
            json!({"x-hasura-role": "user", "x-hasura-user-id": 1}).to_string(),
            format!("{other}: Error in $['x-hasura-user-id']: {text} Number"),
            "unexpected",
            500,
        ),
        (
            200,
            json!({"x-hasura-role": "user", "other": null}).to_string(),
            format!("{other}: Error in $.other: {text} Null"),
            "unexpected",
            500,
        ),
        (
            200,
            json!({"x-hasura-user-id": "1"}).to_string(),
            "x-hasura-role not found in session variables".to_owned(),
            "invalid-params",
            400,
        ),
        (
            200,
            json!({"x-hasura-role": ""}).to_string(),
            "x-hasura-role not found in session variables".to_owned(),
            "invalid-params",
            400,
        ),
    ] {
        hook.replies(status, body);
        assert_eq!(
            engine.ask(&[], LOGIN, json!({})).await,
            refusal(&message, "$", code)
        );
        let reply = engine.post("/api/rest/v1/login").send().await.unwrap();
        assert_eq!(reply.status(), flat);
        assert_eq!(
            reply.json::<Value>().await.unwrap(),
            json!({"error": message, "path": "$", "code": code})
        );
    }
    hook.replies(200, "user"); // the rest of the message is the decoder's own
    let reply = engine.ask(&[], LOGIN, json!({})).await;
    let message = reply["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("Invalid response from authorization hook: Error in $: "));
    assert_eq!(engine.stub.received().len(), 0);
}

#[tokio::test]
async fn a_hook_that_cannot_be_reached_lets_nobody_in() {
    for url in ["http://127.0.0.1:1/", "no url"] {
        let engine = with_hook(url, &[]).await;
        let message = "webhook authentication request failed";
        assert_eq!(
            engine.ask(&[], LOGIN, json!({})).await,
            refusal(message, "$", "unexpected")
        );
        let flat = engine.post("/api/rest/v1/login").send().await.unwrap();
        assert_eq!(flat.status(), 500);
    }
}

#[tokio::test]
async fn a_redirect_of_the_hook_is_not_followed() {
    let (elsewhere, url) = Stub::start().await;
    elsewhere.replies(200, json!({"x-hasura-role": "user"}));
    let (engine, hook) = start(&[]).await;
    hook.replies_fully(302, &[("location", &url)], "");
    let message = "Invalid response from authorization hook";
    assert_eq!(
        engine.ask(&[], LOGIN, json!({})).await,
        refusal(message, "$", "unexpected")
    );
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn get_headers() {
    let (engine, hook) = start(&[]).await;
    let passed = [
        ("authorization", "Bearer t"),
        ("cookie", "a=1"),
        ("x-hasura-user-id", "1"),
        ("x-forwarded-for", "192.0.2.1"),
        ("auth-user-id", "1"),
    ];
    let ignored = [
        "content-md5",
        "origin",
        "referer",
        "accept-language",
        "accept-datetime",
        "cache-control",
        "dnt",
    ];
    let mut all = passed.to_vec();
    all.extend(ignored.iter().map(|name| (*name, "x")));
    all.extend([("user-agent", "browser"), ("content-type", "text/plain")]);
    engine.ask(&all, LOGIN, json!({})).await;
    let received = hook.last();
    assert_eq!((received.method.as_str(), &received.body), ("GET", &Value::Null));
    for (name, value) in passed {
        assert_eq!(received.headers[name], value);
    }
    for name in ignored {
        assert!(!received.headers.contains_key(name), "{name}");
    }
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["user-agent"], "hasura-graphql-engine/v2.48.5");
    assert_ne!(received.headers["host"], engine.url.trim_start_matches("http://"));
}

#[tokio::test]
async fn post_body() {
    let (engine, hook) = start(&[("HASURA_GRAPHQL_AUTH_HOOK_MODE", "POST")]).await;
    let query = "query allUsers { __typename }";
    let asked = json!({"query": query, "operationName": "allUsers", "extensions": {}}).to_string();
    let reply = engine
        .post("/v1/graphql")
        .header("auth-user-id", "1")
        .header("accept-language", "en")
        .body(asked)
        .send()
        .await
        .unwrap();
    assert_eq!(
        reply.json::<Value>().await.unwrap(),
        json!({"data": {"__typename": "query_root"}})
    );
    let received = hook.last();
    assert_eq!(received.method, "POST");
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["user-agent"], "hasura-graphql-engine/v2.48.5");
    assert!(!received.headers.contains_key("auth-user-id"));
    assert_eq!(received.body["headers"]["auth-user-id"], "1");
    assert_eq!(received.body["headers"]["accept-language"], "en");
    assert_eq!(
        received.body["request"],
        json!({"query": query, "operationName": "allUsers"})
    );
    // post_body_with_variables; what was given as null was not given
    let asked = json!({"query": query, "variables": {"id": 4, "name": "d"}, "operationName": null});
    post(&engine, &asked.to_string()).await;
    assert_eq!(
        hook.last().body["request"],
        json!({"query": query, "variables": {"id": 4, "name": "d"}})
    );
}

#[tokio::test]
async fn a_batch_is_one_question() {
    let (engine, hook) = start(&[("HASURA_GRAPHQL_AUTH_HOOK_TYPE", "POST")]).await;
    let query = json!({"query": "{ __typename }"});
    let one = json!({"data": {"__typename": "query_root"}});
    assert_eq!(
        post(&engine, &json!([query, query]).to_string()).await,
        json!([one, one])
    );
    assert_eq!(hook.received().len(), 1);
    assert_eq!(hook.last().body["request"], json!([query, query]));
    engine.ask(&[], "{ __typename }", json!({})).await;
    assert_eq!(hook.received().len(), 2);
}

#[tokio::test]
async fn post_invalid_client_body() {
    let (engine, hook) = start(&[("HASURA_GRAPHQL_AUTH_HOOK_MODE", "POST")]).await;
    for body in [
        "\"invalid-query\"",
        "{",
        "",
        "{\"query\": 1}",
        "[{\"query\": \"{ a }\"}, 1]",
    ] {
        let reply = post(&engine, body).await;
        assert!(!reply.to_string().contains("data"), "{reply}");
        assert_eq!(hook.last().body["request"], Value::Null, "{body}");
    }
    assert_eq!(hook.received().len(), 5);
    // Other endpoints have no GraphQL request to show.
    engine
        .post("/api/rest/v1/login")
        .json(&json!({"message": "m", "signature": "s"}))
        .send()
        .await
        .unwrap();
    let body = hook.last().body;
    assert_eq!(body.as_object().unwrap().get("request"), Some(&Value::Null));
}

#[tokio::test]
async fn post_without_request() {
    let (engine, hook) = start(&[
        ("HASURA_GRAPHQL_AUTH_HOOK_MODE", "POST"),
        ("HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY", "false"),
    ])
    .await;
    engine.ask(&[], "{ __typename }", json!({})).await;
    let body = hook.last().body;
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["headers"]);
}

#[tokio::test]
async fn set_cookie_forwarded() {
    let (engine, hook) = start(&[]).await;
    let role = json!({"x-hasura-role": "user"});
    hook.replies_fully(200, &[("set-cookie", "a=1"), ("set-cookie", "b=2")], role);
    for body in [json!({"query": LOGIN}), json!([{"query": LOGIN}])] {
        let reply = engine.post("/v1/graphql").json(&body).send().await.unwrap();
        let cookies: Vec<_> = reply.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
    }
    let body = json!({"message": "m", "signature": "s"});
    let reply = engine
        .post("/api/rest/v1/login")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
    let failed = engine
        .post("/v1/graphql")
        .json(&json!({"query": "{ nothing }"}))
        .send()
        .await
        .unwrap();
    assert!(!failed.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn the_hook_is_asked_for_every_request_whatever_it_says_of_caching() {
    let (engine, hook) = start(&[]).await;
    let role = json!({"x-hasura-role": "user", "Cache-Control": "max-age=600",
                      "Expires": "Thu, 01 Jan 2099 00:00:00 GMT"});
    hook.replies_fully(200, &[("cache-control", "max-age=600")], role);
    engine.ask(&[], LOGIN, json!({})).await;
    engine.ask(&[], LOGIN, json!({})).await;
    assert_eq!(hook.received().len(), 2);
    // Hasura takes every key for a session variable.
    assert_eq!(
        engine.stub.last().body["session_variables"],
        json!({"x-hasura-role": "user", "cache-control": "max-age=600",
               "expires": "Thu, 01 Jan 2099 00:00:00 GMT"})
    );
}

#[tokio::test]
async fn the_configuration_says_that_a_hook_is_set() {
    let (engine, hook) = start(&[]).await;
    hook.replies(200, json!({"x-hasura-role": "admin"}));
    let config: Value = engine
        .get("/v1alpha1/config")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&config["is_auth_hook_set"], &config["is_jwt_set"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn a_slow_hook_is_waited_for() {
    let (engine, hook) = start(&[]).await;
    hook.waits(Duration::from_millis(200));
    let reply = engine.ask(&[], "{ __typename }", json!({})).await;
    assert_eq!(reply, json!({"data": {"__typename": "query_root"}}));
}
