//! Tokens, secrets and strangers.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use time::Duration;

use super::support::{KEY, SECRET, TestEngine, refusal};

const LOGIN: &str = "mutation { v1Login(message: \"m\", signature: \"s\") { token } }";

fn sign(claims: &Value) -> String {
    encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(KEY.as_bytes()),
    )
    .unwrap()
}

fn claims(engine: &TestEngine, hasura: Value) -> Value {
    let now = engine.clock.now().unix_timestamp();
    json!({"sub": "1", "iss": "us", "aud": ["app"], "iat": now, "exp": now + 60,
           "https://hasura.io/jwt/claims": hasura})
}

fn good() -> Value {
    json!({"x-hasura-allowed-roles": ["user", "guest"], "x-hasura-default-role": "user",
           "x-hasura-user-id": "1", "X-Hasura-Org": "o"})
}

async fn ask(engine: &TestEngine, token: &str, headers: &[(&str, &str)]) -> Value {
    let bearer = format!("Bearer {token}");
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    engine.ask(&all, LOGIN, json!({})).await
}

#[tokio::test]
async fn session_variables_seen_by_actions() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t"}));
    let token = sign(&claims(&engine, good()));
    ask(&engine, &token, &[("x-hasura-user-id", "999")]).await;
    assert_eq!(
        engine.stub.last().body["session_variables"],
        json!({"x-hasura-org": "o", "x-hasura-role": "user", "x-hasura-user-id": "1"})
    );
    ask(&engine, &token, &[("x-hasura-role", "guest")]).await; // role_header_used
    assert_eq!(
        engine.stub.last().body["session_variables"]["x-hasura-role"],
        "guest"
    );
}

#[tokio::test]
async fn tokens_are_refused_in_hasuras_words() {
    let engine = TestEngine::start().await;
    let with = |change: Value| {
        let mut all = claims(&engine, good());
        for (name, value) in change.as_object().unwrap() {
            all[name] = value.clone();
        }
        sign(&all)
    };
    let hasura = |change: Value| sign(&claims(&engine, change));
    let now = engine.clock.now().unix_timestamp();
    let text = "parsing Text failed, expected String, but encountered";
    for (token, message, code) in [
        (with(json!({"exp": now - 1})), "Could not verify JWT: JWTExpired".to_owned(), "invalid-jwt"),
        (with(json!({"iat": now + 60})), "Could not verify JWT: JWTIssuedAtFuture".to_owned(), "invalid-jwt"),
        (with(json!({"nbf": now + 60})), "Could not verify JWT: JWTNotYetValid".to_owned(), "invalid-jwt"),
        (with(json!({"aud": "rubbish"})), "Could not verify JWT: JWTNotInAudience".to_owned(), "invalid-jwt"),
        (with(json!({"iss": "rubbish"})), "Could not verify JWT: JWTNotInIssuer".to_owned(), "invalid-jwt"),
        (
            "abc".to_owned(), // not_a_jwt
            "Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)".to_owned(),
            "invalid-jwt",
        ),
        (
            format!("{}x", with(json!({}))), // bad_signature
            "Could not verify JWT: JWSError JWSInvalidSignature".to_owned(),
            "invalid-jwt",
        ),
        (
            with(json!({"https://hasura.io/jwt/claims": null})),
            "expecting a json object when claims_format is json".to_owned(),
            "jwt-invalid-claims",
        ),
        (
            hasura(json!({"x-hasura-default-role": "user"})), // no_allowed_roles
            "JWT claim does not contain x-hasura-allowed-roles".to_owned(),
            "jwt-missing-role-claims",
        ),
        (
            hasura(json!({"x-hasura-allowed-roles": ["user"]})), // no_default_role
            "JWT claim does not contain x-hasura-default-role".to_owned(),
            "jwt-missing-role-claims",
        ),
        (
            hasura(json!({"x-hasura-allowed-roles": "user", "x-hasura-default-role": "user"})), // allowed_roles_is_a_string
            "invalid x-hasura-allowed-roles; should be a list of roles: parsing [] failed, expected Array, but encountered String".to_owned(),
            "jwt-invalid-claims",
        ),
        (
            hasura(json!({"x-hasura-allowed-roles": [], "x-hasura-default-role": "user"})), // role_not_allowed
            "Your requested role is not in allowed roles".to_owned(),
            "access-denied",
        ),
        (
            hasura(json!({"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user", "x-hasura-user-id": 1})), // claim_is_a_number
            format!("x-hasura-* claims: {text} Number"),
            "jwt-invalid-claims",
        ),
        (
            hasura(json!({"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user", "x-hasura-allowed-ids": ["a"]})), // claim_is_an_array
            format!("x-hasura-* claims: {text} Array"),
            "jwt-invalid-claims",
        ),
    ] {
        // Although an unauthorized role is set: a bad token never falls back to it.
        assert_eq!(ask(&engine, &token, &[]).await, refusal(&message, "$", code));
    }
    let missing = sign(&json!({"iss": "us", "aud": "app"}));
    let reply = ask(&engine, &missing, &[]).await;
    assert_eq!(
        reply,
        refusal(
            "claims key: 'https://hasura.io/jwt/claims' not found",
            "$",
            "jwt-invalid-claims"
        )
    );
    let reply = engine.ask(&[("authorization", "JWT x")], LOGIN, json!({})).await;
    assert_eq!(
        reply,
        refusal("Malformed Authorization header", "$", "invalid-headers")
    );
}

#[tokio::test]
async fn the_engines_clock_judges_a_token() {
    let engine = TestEngine::start().await;
    engine.stub.replies(200, json!({"token": "t"}));
    let token = sign(&claims(&engine, good()));
    assert_eq!(
        ask(&engine, &token, &[]).await,
        json!({"data": {"v1Login": {"token": "t"}}})
    );
    engine.clock.advance(Duration::seconds(61));
    assert_eq!(
        ask(&engine, &token, &[]).await,
        refusal("Could not verify JWT: JWTExpired", "$", "invalid-jwt")
    );
}

#[tokio::test]
async fn admin_secret_beats_jwt() {
    let engine = TestEngine::start().await;
    let reply = engine
        .ask(
            &[("x-hasura-admin-secret", SECRET), ("authorization", "Bearer any")],
            "{ __typename }",
            json!({}),
        )
        .await;
    assert_eq!(reply, json!({"data": {"__typename": "query_root"}}));
    let wrong = [("x-hasura-admin-secret", "bad secret")];
    let message = "invalid x-hasura-admin-secret/x-hasura-access-key";
    assert_eq!(
        engine.ask(&wrong, LOGIN, json!({})).await,
        refusal(message, "$", "access-denied")
    ); // secret_wrong
    let flat = engine
        .post("/api/rest/v1/login")
        .header("x-hasura-admin-secret", "x")
        .send()
        .await
        .unwrap();
    assert_eq!(flat.status(), 401);
    assert_eq!(
        flat.json::<Value>().await.unwrap(),
        json!({"error": message, "path": "$", "code": "access-denied"})
    );
}

#[tokio::test]
async fn without_an_unauthorized_role_a_token_is_needed() {
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "")]).await;
    let message = "Missing 'Authorization' or 'Cookie' header in JWT authentication mode";
    assert_eq!(
        engine.ask(&[], LOGIN, json!({})).await,
        refusal(message, "$", "invalid-headers")
    );
}

#[tokio::test]
async fn tokens_may_come_in_a_cookie_or_a_header_of_their_own() {
    for (header, name, prefix) in [
        (
            json!({"type": "Cookie", "name": "session"}),
            "cookie",
            "a=1; session=",
        ),
        (json!({"type": "CustomHeader", "name": "X-Token"}), "x-token", ""),
    ] {
        let secret = json!({"type": "HS256", "key": KEY, "header": header, "allowed_skew": 5}).to_string();
        let engine = TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret)]).await;
        engine.stub.replies(200, json!({"token": "t"}));
        let mut claims = claims(&engine, good());
        claims["exp"] = (engine.clock.now().unix_timestamp() - 2).into();
        let value = format!("{prefix}{}", sign(&claims));
        let reply = engine.ask(&[(name, &value)], LOGIN, json!({})).await;
        assert_eq!(reply, json!({"data": {"v1Login": {"token": "t"}}}));
        assert_eq!(
            engine.stub.last().body["session_variables"]["x-hasura-role"],
            "user"
        );
    }
}

#[tokio::test]
async fn claims_may_be_a_string_under_a_name_of_their_own() {
    let secret =
        json!({"type": "HS256", "key": KEY, "claims_namespace": "us", "claims_format": "stringified_json"});
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret.to_string())]).await;
    engine.stub.replies(200, json!({"token": "t"}));
    ask(&engine, &sign(&json!({"us": good().to_string()})), &[]).await;
    assert_eq!(
        engine.stub.last().body["session_variables"]["x-hasura-user-id"],
        "1"
    );
    let reply = ask(&engine, &sign(&json!({"us": good()})), &[]).await;
    let message = "expecting a string when claims_format is stringified_json";
    assert_eq!(reply, refusal(message, "$", "jwt-invalid-claims"));
}

#[tokio::test]
async fn claims_may_lie_at_a_path() {
    let secret = json!({"type": "HS256", "key": KEY, "claims_namespace_path": "$.claims.hasura"});
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret.to_string())]).await;
    engine.stub.replies(200, json!({"token": "t"}));
    ask(&engine, &sign(&json!({"claims": {"hasura": good()}})), &[]).await;
    assert_eq!(
        engine.stub.last().body["session_variables"]["x-hasura-user-id"],
        "1"
    );
    let reply = ask(&engine, &sign(&json!({"claims": {}})), &[]).await; // namespace_path_missing
    let message = "claims not found at claims_namespace_path: '$.claims.hasura'";
    assert_eq!(reply, refusal(message, "$", "jwt-invalid-claims"));
    let secret = json!({"type": "HS256", "key": KEY, "claims_namespace_path": "$"});
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret.to_string())]).await;
    let reply = ask(&engine, &sign(&good()), &[("x-hasura-role", "nobody")]).await;
    let message = "Your requested role is not in allowed roles";
    assert_eq!(reply, refusal(message, "$", "access-denied"));
}

#[tokio::test]
async fn claims_may_be_mapped_one_by_one() {
    let map = json!({
        "x-hasura-allowed-roles": {"path": "$.roles", "default": ["user"]},
        "x-hasura-default-role": {"path": "$.roles[0]", "default": "user"},
        "X-Hasura-User-Id": {"path": "$.sub"},
        "x-hasura-org": "literal",
    });
    let secret = json!({"type": "HS256", "key": KEY, "claims_map": map});
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret.to_string())]).await;
    engine.stub.replies(200, json!({"token": "t"}));
    for claims in [json!({"sub": "7"}), json!({"sub": "7", "roles": ["user", "x"]})] {
        ask(&engine, &sign(&claims), &[]).await;
        assert_eq!(
            engine.stub.last().body["session_variables"],
            json!({"x-hasura-role": "user", "x-hasura-user-id": "7", "x-hasura-org": "literal"})
        );
    }
    let hint = "parsing [] failed, expected Array, but encountered String";
    for (claims, message) in [
        (
            json!({}),
            "JWT claim from claims_map, x-hasura-user-id not found".to_owned(),
        ),
        (
            json!({"sub": "7", "roles": "user"}),
            format!("invalid x-hasura-allowed-roles; should be a list of roles: {hint}"),
        ),
    ] {
        assert_eq!(
            ask(&engine, &sign(&claims), &[]).await,
            refusal(&message, "$", "jwt-invalid-claims")
        );
    }
}
