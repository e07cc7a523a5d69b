//! Calls to the handlers of actions.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{SECRET, TestEngine, refusal};

const MIRROR: &str = "mutation ($id: ID, $name: String) { mirror(arg: {id: $id, name: $name}) { id name } }";

#[tokio::test]
async fn object_ok() {
    let engine = TestEngine::start().await;
    engine
        .stub
        .replies(200, json!({"id": "some-id", "name": "Alice", "age": 25})); // extra_fields_ignored
    let reply = engine
        .ask_as("user", MIRROR, json!({"id": "some-id", "name": "Alice"}))
        .await;
    assert_eq!(
        reply,
        json!({"data": {"mirror": {"id": "some-id", "name": "Alice"}}})
    );
    let received = engine.stub.last();
    assert_eq!(received.path, "/mirror");
    assert_eq!(
        received.body,
        json!({
            "action": {"name": "mirror"},
            "input": {"arg": {"id": "some-id", "name": "Alice"}},
            "session_variables": {"x-hasura-role": "user"},
            "request_query": MIRROR,
        })
    );
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["user-agent"], "hasura-graphql-engine/v2.48.5"); // user_agent_header_to_handler
}

#[tokio::test]
async fn explicit_null_arrives_and_what_is_left_out_does_not() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"id": null, "name": "Alice"}));
    let reply = engine
        .ask_as("user", MIRROR, json!({"id": null, "name": "Alice"}))
        .await; // nonnull_field_null
    assert_eq!(
        reply,
        refusal("expecting not null value for field \"id\"", "$", "unexpected")
    );
    assert_eq!(
        engine.stub.last().body["input"],
        json!({"arg": {"id": null, "name": "Alice"}})
    );
    engine.ask_as("user", MIRROR, json!({"name": "Alice"})).await;
    assert_eq!(
        engine.stub.last().body["input"],
        json!({"arg": {"name": "Alice"}})
    );
}

#[tokio::test]
async fn success_bodies_of_every_shape() {
    let engine = TestEngine::start().await;
    for (query, body, data) in [
        (
            "mutation { null_response { id } }",
            json!(null),
            json!({"null_response": null}),
        ), // nullable_output_null_body
        (
            "query { typed_nested_null { id child { id } } }", // nested_null_passes_through
            json!({"id": 1, "child": null}),
            json!({"typed_nested_null": {"id": 1, "child": null}}),
        ),
        (
            "mutation { scalar_response }",
            json!("some-string"),
            json!({"scalar_response": "some-string"}),
        ),
        (
            "mutation { scalar_array_response }",
            json!(["foo", "bar", null]),
            json!({"scalar_array_response": ["foo", "bar", null]}),
        ),
        (
            "mutation { pgscalar_response }",
            json!({"foo": "bar"}),
            json!({"pgscalar_response": {"foo": "bar"}}),
        ),
        (
            "mutation { create_users(users: {email: \"e\", name: \"n\"}) { number: id __typename } }", // list_output
            json!([{"id": 1}, {"id": 2}]),
            json!({"create_users": [
                {"number": 1, "__typename": "UserId"}, {"number": 2, "__typename": "UserId"}
            ]}),
        ),
        (
            "mutation { create_user { id } }",
            json!({"id": "abc"}),
            json!({"create_user": {"id": "abc"}}),
        ),
        (
            "mutation { mirror(arg: {}) { name } }",
            json!({"id": 1}),
            json!({"mirror": {"name": null}}),
        ),
    ] {
        engine.stub.replies(200, &body);
        assert_eq!(
            engine.ask_as("user", query, json!({})).await,
            json!({"data": data}),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_handlers_own_errors_reach_the_client() {
    let engine = TestEngine::start().await;
    for (body, extensions) in [
        (
            json!({"message": "m"}),
            json!({"path": "$", "code": "unexpected"}),
        ),
        (
            json!({"message": "m", "code": "c"}),
            json!({"path": "$", "code": "c"}),
        ), // 4xx_toplevel_code
        (
            json!({"message": "m", "extensions": {"code": "c", "k": 1}}),
            json!({"code": "c", "k": 1}),
        ),
        (json!({"message": "m", "extensions": {"k": 1}}), json!({"k": 1})), // 4xx_extensions_without_code
        (
            json!({"message": "m", "code": "top", "extensions": {"k": 1}}),
            json!({"k": 1}),
        ),
        (
            json!({"message": "m", "code": "top", "extensions": {"code": "in"}}),
            json!({"code": "in"}),
        ),
    ] {
        engine.stub.replies(422, &body);
        for role in ["user", "admin"] {
            // 4xx_never_gets_internal
            let reply = engine
                .ask_as(role, "mutation { intentional_error { id } }", json!({}))
                .await;
            assert_eq!(
                reply,
                json!({"errors": [{"message": "m", "extensions": extensions}]})
            );
        }
    }
}

#[tokio::test]
async fn broken_replies_are_hidden() {
    let engine = TestEngine::start().await;
    for (status, body, message, code) in [
        (200, "ok", "not a valid json response from webhook", "unexpected"), // non_json_body_2xx
        (204, "", "not a valid json response from webhook", "unexpected"),   // empty_body_204
        (
            404,
            "Not Found",
            "not a valid json response from webhook",
            "unexpected",
        ), // 4xx_non_json
        (
            422,
            r#"{"error":"x"}"#,
            "the key 'message' was not present",
            "parse-failed",
        ), // 4xx_without_message
        (500, r#"{"message":"secret"}"#, "internal error", "unexpected"),
        (303, "{}", "internal error", "unexpected"), // 3xx_not_followed_to_a_2xx
    ] {
        engine.stub.replies(status, body);
        let reply = engine
            .ask_as("user", "mutation { scalar_response }", json!({}))
            .await;
        assert_eq!(reply, refusal(message, "$", code), "{status} {body}");
    }
}

#[tokio::test]
async fn internal_is_for_admins_and_developers() {
    let query = "mutation { create_user(name: \"n\") { id } }";
    let engine = TestEngine::start().await;
    engine.stub.replies(500, "{}");
    let internal =
        engine.ask_as("admin", query, json!({})).await["errors"][0]["extensions"]["internal"].clone();
    assert_eq!(
        internal["error"],
        "expecting 2xx or 4xx status code, but found 500"
    );
    assert_eq!(internal["request"]["url"], "{{ACTIONS_BASE_URL}}/create_user");
    assert_eq!(internal["request"]["body"]["input"], json!({"name": "n"}));
    assert_eq!(internal["response"]["status"], 500);
    let developer = TestEngine::with(&[("HASURA_GRAPHQL_DEV_MODE", "true")]).await;
    developer.stub.replies(200, "[]");
    let reply = developer.ask_as("user", query, json!({})).await;
    assert_eq!(
        reply["errors"][0]["extensions"]["internal"]["error"],
        "unexpected response"
    );
    let quiet = TestEngine::with(&[("HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS", "false")]).await;
    quiet.stub.replies(500, "{}");
    assert_eq!(
        quiet.ask_as("admin", query, json!({})).await,
        refusal("internal error", "$", "unexpected")
    );
}

#[tokio::test]
async fn handler_unreachable() {
    let engine = TestEngine::start().await;
    let query = "mutation { unreachable }";
    let message = "http exception when calling webhook";
    assert_eq!(
        engine.ask_as("user", query, json!({})).await,
        refusal(message, "$", "unexpected")
    );
    let internal =
        engine.ask_as("admin", query, json!({})).await["errors"][0]["extensions"]["internal"].clone();
    assert_eq!(internal["error"]["message"], "Connection failure");
    assert_eq!(
        internal["error"]["request"]["responseTimeout"],
        "ResponseTimeoutMicro 30000000"
    );
    assert_eq!(internal["response"], Value::Null);
}

#[tokio::test]
async fn handler_timeout() {
    let engine = TestEngine::start().await;
    engine.stub.waits(Duration::from_secs(5));
    let reply = engine.ask_as("admin", "mutation { slow }", json!({})).await;
    assert_eq!(
        reply["errors"][0]["message"],
        "http exception when calling webhook"
    );
    assert_eq!(
        reply["errors"][0]["extensions"]["internal"]["error"]["message"],
        "Response timeout"
    );
}

const LOGIN: &str = "mutation { v1Login(message: \"m\", signature: \"s\") { token } }";

#[tokio::test]
async fn client_headers_are_forwarded_as_hasura_does() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t"}));
    let sent = [
        ("x-forwarded-for", "1.2.3.4"),
        ("cookie", "a=1"),
        ("origin", "https://app.example.com"),
        ("user-agent", "browser"),
        ("accept-language", "de"),
        ("x-hasura-user-id", "7"),
        ("x-action-secret", "guessed"),
    ];
    engine.ask(&sent, LOGIN, json!({})).await;
    let received = engine.stub.last();
    let header = |name: &str| {
        received
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("x-forwarded-for").as_deref(), Some("1.2.3.4"));
    assert_eq!(header("cookie").as_deref(), Some("a=1"));
    assert_eq!(
        header("x-forwarded-origin").as_deref(),
        Some("https://app.example.com")
    );
    assert_eq!(header("x-forwarded-user-agent").as_deref(), Some("browser"));
    assert!(header("x-forwarded-host").is_some());
    assert_eq!(header("x-literal").as_deref(), Some("plain"));
    for absent in ["origin", "accept-language", "x-hasura-user-id"] {
        assert_eq!(header(absent), None, "{absent}");
    }
    // By default a client's header replaces a configured one.
    assert_eq!(header("x-action-secret").as_deref(), Some("guessed"));
    assert_eq!(
        received.body["session_variables"],
        json!({"x-hasura-role": "guest", "x-hasura-user-id": "7"})
    );
    let strict = TestEngine::with(&[("HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE", "true")]).await;
    strict.stub.replies(200, json!({"token": "t"}));
    strict.ask(&sent, LOGIN, json!({})).await;
    assert_eq!(strict.stub.last().headers["x-action-secret"], "handler-secret");
}

#[tokio::test]
async fn without_forwarding_no_client_header_reaches_the_handler() {
    let engine = TestEngine::start().await;
    let secret = [
        ("x-hasura-admin-secret", SECRET),
        ("x-hasura-role", "user"),
        ("cookie", "a=1"),
    ];
    engine.stub.replies(200, json!("x"));
    engine
        .ask(&secret, "mutation { scalar_response }", json!({}))
        .await;
    let received = engine.stub.last();
    assert!(received.headers.get("cookie").is_none());
    assert_eq!(
        received.body["session_variables"],
        json!({"x-hasura-role": "user"})
    );
}

#[tokio::test]
async fn set_cookie_forwarded() {
    let engine = TestEngine::start().await;
    engine
        .stub
        .replies_with_header("Set-Cookie", "abcd", &json!({"token": "t"}));
    let body = json!({"query": LOGIN});
    let single = engine.post("/v1/graphql").json(&body).send().await.unwrap();
    assert_eq!(single.headers()["set-cookie"], "abcd");
    let batch = engine
        .post("/v1/graphql")
        .json(&json!([body]))
        .send()
        .await
        .unwrap();
    assert!(batch.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn mutations_run_in_order_and_the_first_failure_is_the_reply() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!("done"));
    let query = "mutation { scalar_response unreachable second: scalar_response }";
    let reply = engine.ask_as("user", query, json!({})).await;
    assert_eq!(
        reply,
        refusal("http exception when calling webhook", "$", "unexpected")
    );
    assert_eq!(engine.stub.received().len(), 1);
}

#[tokio::test]
async fn inherited_role_gets_action() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!("done"));
    let reply = engine
        .ask_as("child", "mutation { scalar_response }", json!({}))
        .await;
    assert_eq!(reply, json!({"data": {"scalar_response": "done"}}));
}

#[tokio::test]
async fn handler_env_missing() {
    let engine = TestEngine::with(&[("NOWHERE_URL", ""), ("ACTIONS_SECRET", "")]).await;
    assert_eq!(
        engine.inconsistencies,
        [
            (
                "unreachable".to_owned(),
                "Inconsistent object: in action \"unreachable\"; Value for environment variables not found: NOWHERE_URL"
                    .to_owned()
            ),
            (
                "v1Login".to_owned(),
                "Inconsistent object: in action \"v1Login\"; environment variable 'ACTIONS_SECRET' not set".to_owned()
            ),
        ]
    );
    let reply = engine.ask_as("user", "mutation { unreachable }", json!({})).await;
    let message = "field 'unreachable' not found in type: 'mutation_root'";
    assert_eq!(
        reply,
        refusal(message, "$.selectionSet.unreachable", "validation-failed")
    );
    for (query, status, text) in [
        ("", 200, "WARN: inconsistent objects in schema"), // healthz_inconsistent
        ("?strict=true", 500, "ERROR: inconsistent objects in schema"),
    ] {
        let response = engine.get(&format!("/healthz{query}")).send().await.unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.text().await.unwrap().as_str()
            ),
            (status, text)
        );
    }
}
