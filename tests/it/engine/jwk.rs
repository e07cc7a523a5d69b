//! Public keys: in the setting, in a certificate, and in a set behind a URL.

use std::time::Duration;

use serde_json::{Value, json};

use super::signers::{Signer, token};
use super::support::{Stub, TestEngine, refusal};

const INVALID: &str = "Could not verify JWT: JWSError JWSInvalidSignature";

async fn start(secret: Value) -> TestEngine {
    TestEngine::with(&[("HASURA_GRAPHQL_JWT_SECRET", &secret.to_string())]).await
}

async fn ask(engine: &TestEngine, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    engine
        .ask(&[("authorization", &bearer)], "{ __typename }", json!({}))
        .await
}

fn accepted() -> Value {
    json!({"data": {"__typename": "query_root"}})
}

fn refused(message: &str) -> Value {
    refusal(message, "$", "invalid-jwt")
}

/// Looks again until it holds: the engine looks once a second.
async fn until(what: impl AsyncFn() -> bool) {
    let looking = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking)
        .await
        .expect("it came to hold");
}

fn hmac(key: &str) -> String {
    token("HS256", |message| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.as_bytes());
        aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
    })
}

#[tokio::test]
async fn public_keys_of_every_type_verify_their_tokens_alone() {
    let stranger = Signer::ed25519();
    for signer in Signer::all() {
        let engine = start(json!({"type": signer.kind, "key": signer.pem})).await;
        assert_eq!(ask(&engine, &signer.token()).await, accepted(), "{}", signer.kind);
        assert_eq!(ask(&engine, &stranger.token()).await, refused(INVALID));
        // bad_signature: signed with HS256 while a public key is configured
        assert_eq!(ask(&engine, &hmac(&signer.pem)).await, refused(INVALID));
        let unsigned = token("none", |_| Vec::new());
        assert_eq!(
            ask(&engine, &unsigned).await,
            refused("Could not verify JWT: JWSError JWSNoSignatures")
        );
    }
}

#[tokio::test]
async fn a_certificate_is_as_good_as_a_key() {
    let certificate = include_str!("../../fixtures/engine/certificate.pem");
    let engine = start(json!({"type": "RS256", "key": certificate})).await;
    let token = include_str!("../../fixtures/engine/certificate.jwt").trim();
    assert_eq!(ask(&engine, token).await, accepted());
}

#[tokio::test]
async fn every_key_of_a_set_is_tried_whatever_its_id() {
    let signers = Signer::all();
    let (endpoint, url) = Stub::start().await;
    let keys: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
    endpoint.replies(200, json!({"keys": keys}));
    let engine = start(json!({"jwk_url": format!("{url}/jwks")})).await;
    for signer in &signers {
        assert_eq!(ask(&engine, &signer.token()).await, accepted(), "{}", signer.kind);
    }
    assert_eq!(ask(&engine, &Signer::ed25519().token()).await, refused(INVALID));
    let asked = endpoint.received();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("GET", "/jwks")
    );
    assert_eq!(asked[0].headers["user-agent"], "hasura-graphql-engine/v2.48.5");
}

#[tokio::test]
async fn jwks_unreachable_at_start() {
    let (endpoint, url) = Stub::start().await;
    let secret = json!({"jwk_url": url}).to_string();
    let setting = [("HASURA_GRAPHQL_JWT_SECRET", secret.as_str())];
    for (status, body, reason) in [
        (
            404,
            json!({"keys": []}),
            "Non-2xx response on fetching JWK from: ",
        ),
        (
            302,
            json!({"keys": []}),
            "Non-2xx response on fetching JWK from: ",
        ),
        (200, json!([]), "Error parsing JWK from url: "),
        (
            200,
            json!({"keys": [{"kty": "OKP", "crv": "Ed448", "x": "AA"}]}),
            "Error parsing JWK from url: ",
        ),
        (
            200,
            json!({"keys": [{"kty": "RSA", "n": "A".repeat(172), "e": "AQAB"}]}),
            "Error parsing JWK from url: ",
        ),
    ] {
        endpoint.replies(status, body);
        let found = TestEngine::refused(&setting).await;
        assert!(found.starts_with(reason), "{found}");
    }
    let down = json!({"jwk_url": "http://127.0.0.1:1/"}).to_string();
    let found = TestEngine::refused(&[("HASURA_GRAPHQL_JWT_SECRET", &down)]).await;
    assert!(found.starts_with("Error fetching JWK: "), "{found}");
}

#[tokio::test]
async fn a_set_is_fetched_again_when_it_says_so_and_not_otherwise() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let (endpoint, url) = Stub::start().await;
    let (constant, constant_url) = Stub::start().await;
    let set = |signer: &Signer| json!({"keys": [signer.jwk]});
    constant.replies(200, set(&old));
    endpoint.replies_with_header("cache-control", "max-age=600", &set(&old));
    let unchanging = start(json!({"jwk_url": constant_url})).await;
    let engine = start(json!({"jwk_url": url})).await;
    // An unknown key is no reason to ask.
    assert_eq!(ask(&engine, &new.token()).await, refused(INVALID));
    assert_eq!(endpoint.received().len(), 1);

    endpoint.replies_with_header("cache-control", "no-cache", &set(&new));
    constant.replies(200, set(&new));
    engine.clock.advance(time::Duration::seconds(601));
    unchanging.clock.advance(time::Duration::days(1000));
    until(async || ask(&engine, &new.token()).await == accepted()).await;
    assert_eq!(ask(&engine, &old.token()).await, refused(INVALID));

    // no-cache: with every look. What fails changes nothing.
    endpoint.replies(500, "");
    let before = endpoint.received().len();
    until(async || endpoint.received().len() > before + 1).await;
    assert_eq!(ask(&engine, &new.token()).await, accepted());
    assert_eq!(constant.received().len(), 1);
    assert_eq!(ask(&unchanging, &old.token()).await, accepted());
}

#[tokio::test]
async fn an_empty_set_is_asked_for_until_it_has_keys() {
    let signer = Signer::ed25519();
    let (endpoint, url) = Stub::start().await;
    endpoint.replies(200, json!({"keys": []}));
    let engine = start(json!({"jwk_url": url})).await;
    assert_eq!(
        ask(&engine, &signer.token()).await,
        refused("Could not verify JWT: JWSError NoUsableKeys")
    );
    endpoint.replies(200, json!({"keys": [signer.jwk]}));
    until(async || ask(&engine, &signer.token()).await == accepted()).await;
}
