//! What the service answers itself: the published API under `/sapi` for clients; health, keys and the auth webhook for operators.

use serde_json::{Map, Value, json};

use super::{named, object, of_json};

pub(super) fn paths() -> Map<String, Value> {
    let paths = [
        (
            "/sapi/v2/auth/nonce",
            json!({"post": sapi(
                "tanxNonce",
                "Gives an address a text to sign.",
                object(&[("eth_address", named("Address"))]),
                success("Nonce Acquired", json!({"type": "string"}), None),
            )}),
        ),
        (
            "/sapi/v2/auth/login",
            json!({"post": sapi(
                "tanxLogin",
                "Signs in with the signature of that text.",
                object(&[("eth_address", named("Address")), ("user_signature", json!({"type": "string"}))]),
                success(
                    "Login Successful",
                    object(&[("uid", json!({"type": "string"})), ("signature", json!({"const": ""}))]),
                    Some(object(&[("refresh", named("RefreshToken")), ("access", named("AccessToken"))])),
                ),
            )}),
        ),
        (
            "/sapi/v1/auth/token/refresh",
            json!({"post": sapi(
                "tanxRefresh",
                "Gives the next tokens of a session of `/sapi/v2/auth/login`.",
                object(&[("refresh", named("RefreshToken"))]),
                success("", object(&[("access", named("AccessToken")), ("refresh", named("RefreshToken"))]), None),
            )}),
        ),
        (
            "/healthz",
            at_the_service(
                json!({"get": plain("healthz", "Whether the process answers.", &[("200", "It does: `OK`.")])}),
            ),
        ),
        (
            "/readyz",
            at_the_service(json!({"get": plain(
                "readyz",
                "Whether it can serve: the database answers, has this program's schema and takes writes, and a key signs.",
                &[("200", "It can: `OK`."), ("503", "It cannot, and the sentence says why.")],
            )})),
        ),
        ("/.well-known/jwks.json", at_the_service(json!({"get": jwks()}))),
        ("/webhook", at_the_service(webhook())),
    ];
    paths
        .into_iter()
        .map(|(path, item)| (path.to_owned(), item))
        .collect()
}

/// For operators: the port that no client reaches.
fn at_the_service(mut item: Value) -> Value {
    item["servers"] = json!([{"url": "http://127.0.0.1:4000", "description": "LISTEN_ADDR"}]);
    item
}

fn sapi(id: &str, summary: &str, mut body: Value, answer: Value) -> Value {
    // Published clients send more than the document lists, and it is skipped.
    body["additionalProperties"] = json!(true);
    let refused = |what: &str| json!({"description": what, "content": of_json(named("SapiRefusal"))});
    json!({
        "tags": ["clients"],
        "operationId": id,
        "summary": summary,
        "description": "Also with a final slash. The body is read as JSON whatever its Content-Type.",
        "security": [],
        "requestBody": {"required": true, "content": of_json(body)},
        "responses": {
            "200": {"description": "Done.", "content": of_json(answer)},
            "4XX": refused("Refused, with the status of the code."),
            "503": refused("`unavailable`: try again, as `Retry-After` says."),
        },
    })
}

fn success(message: &str, payload: Value, token: Option<Value>) -> Value {
    let mut fields = vec![
        ("status", json!({"const": "success"})),
        ("message", json!({"const": message})),
        ("payload", payload),
    ];
    fields.extend(token.map(|token| ("token", token)));
    object(&fields)
}

fn plain(id: &str, summary: &str, answers: &[(&str, &str)]) -> Value {
    let responses: Map<String, Value> = answers
        .iter()
        .map(|(status, what)| {
            let content = json!({"text/plain": {"schema": {"type": "string"}}});
            (
                (*status).to_owned(),
                json!({"description": what, "content": content}),
            )
        })
        .collect();
    json!({"tags": ["operators"], "operationId": id, "summary": summary, "security": [], "responses": responses})
}

fn jwks() -> Value {
    let key = json!({
        "type": "object",
        "properties": {
            "kty": {"type": "string", "enum": ["OKP", "EC", "RSA"]},
            "kid": {"type": "string"},
            "alg": {"type": "string", "enum": ["EdDSA", "ES256", "ES384", "RS256", "RS384", "RS512"]},
            "use": {"const": "sig"},
        },
        "required": ["kty", "kid", "alg", "use"],
        // The private half of any of these kinds.
        "not": {"required": ["d"]},
    });
    let mut operation = plain(
        "jwks",
        "The public keys, for the `jwk_url` of HASURA_GRAPHQL_JWT_SECRET; none where the key is shared with Hasura.",
        &[("503", "They have not been read from the database yet.")],
    );
    operation["responses"]["200"] = json!({
        "description": "A JWK set (RFC 7517), with `Cache-Control: max-age`.",
        "content": of_json(object(&[("keys", json!({"type": "array", "items": key}))])),
    });
    operation
}

/// Hasura's auth hook, in both its modes.
fn webhook() -> Value {
    let variables = json!({
        "type": "object", "description": "The session variables, all of them texts.",
        "properties": {"x-hasura-role": {"type": "string"}},
        "required": ["x-hasura-role"],
        "additionalProperties": {"type": "string"},
    });
    let refusal = object(&[
        ("message", json!({"type": "string"})),
        ("code", named("Code")),
        ("extensions", object(&[("code", named("Code"))])),
    ]);
    let responses = json!({
        "200": {"description": "Whom the request comes from; a guest where it bears no token.", "content": of_json(variables)},
        "401": {"description": "Nobody: the token is no good, or its session is over.", "content": of_json(refusal.clone())},
        "503": {"description": "It cannot be known just now.", "content": of_json(refusal)},
    });
    let post = json!({
        "tags": ["operators"], "operationId": "webhookPost", "security": [],
        "summary": "Hasura's auth hook with HASURA_GRAPHQL_AUTH_HOOK_MODE=POST: the client's headers are in the body.",
        "requestBody": {"required": true, "content": of_json(json!({
            "type": "object",
            "properties": {"headers": {"type": "object", "additionalProperties": {"type": "string"}}, "request": {}},
            "required": ["headers"],
        }))},
        "responses": responses,
    });
    json!({
        "get": {
            "tags": ["operators"], "operationId": "webhookGet", "security": [{"accessToken": []}, {}],
            "summary": "Hasura's auth hook with HASURA_GRAPHQL_AUTH_HOOK_MODE=GET: the client's headers are the request's.",
            "responses": post["responses"],
        },
        "post": post,
    })
}
