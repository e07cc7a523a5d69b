//! Rotations while people sign in: no token may meet a reader that does not know its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use time::Duration;

use crate::support::app::{TestApp, WITH_OWN_KEYS};
use crate::support::hasura::{Answer, LOG_IN, Mode, engine_with, session_of};
use crate::support::keys::{generate, keys, log_in, private_key};
use crate::support::wallet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j07_a_rotation_under_load_loses_no_token() {
    let one = Arc::new(TestApp::with(WITH_OWN_KEYS).await);
    let two = Arc::new(TestApp::on(one.db.clone(), one.clock.clone(), WITH_OWN_KEYS).await);
    generate(&one.db, "EdDSA").await;
    one.app_service.reload_keys().await.unwrap();
    two.app_service.reload_keys().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let worker = |signer: &Arc<TestApp>, reader: &Arc<TestApp>| {
        let (signer, reader, over) = (Arc::clone(signer), Arc::clone(reader), Arc::clone(&over));
        tokio::spawn(async move {
            let mut kids = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let token = log_in(&signer).await;
                // As Hasura does: with the set of whichever process its balancer asked.
                let set = reader.get("/.well-known/jwks.json").await.text;
                let set: JwkSet = serde_json::from_str(&set).unwrap();
                let header = jsonwebtoken::decode_header(&token).unwrap();
                let jwk = set
                    .find(header.kid.as_ref().unwrap())
                    .expect("the key is published");
                let mut validation = Validation::new(header.alg);
                validation.set_audience(&["hasura"]);
                let key = DecodingKey::from_jwk(jwk).unwrap();
                jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
                kids.push(header.kid.unwrap());
            }
            kids.dedup();
            kids
        })
    };
    let workers = [worker(&one, &two), worker(&two, &one), worker(&one, &one)];
    for algorithm in ["ES256", "RS256", "EdDSA"] {
        generate(&one.db, algorithm).await;
        two.app_service.reload_keys().await.unwrap();
        one.app_service.reload_keys().await.unwrap();
        assert_eq!(keys(&one.db, &["rotate", "--force"]).await.0, 0);
        one.app_service.reload_keys().await.unwrap();
        log_in(&two).await;
        two.app_service.reload_keys().await.unwrap();
        log_in(&one).await;
    }
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        assert!(worker.await.unwrap().len() > 1, "no rotation was seen");
    }
}

/// A GraphQL request to the engine.
async fn graphql(engine: &str, token: Option<&str>, query: &str, variables: Value) -> Answer {
    let mut request = reqwest::Client::new()
        .post(format!("{engine}/v1/graphql"))
        .json(&json!({"query": query, "variables": variables}));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Answer::of(request.send().await.unwrap()).await
}

const QUERY: &str = "{ networks { name } }";

/// Asks until the engine takes tokens of this key, which signs nothing yet: one is signed here.
async fn until_known(engine: &str, app: &TestApp, kid: &str, like: &str) {
    let mut header = Header::new(Algorithm::EdDSA);
    (header.typ, header.kid) = (Some("at+jwt".to_owned()), Some(kid.to_owned()));
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(like).unwrap();
    let private = private_key(&app.db, kid).await;
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(private.expose())).unwrap();
    let begun = std::time::Instant::now();
    while graphql(engine, Some(&token), QUERY, Value::Null)
        .await
        .body
        .get("errors")
        .is_some()
    {
        assert!(
            begun.elapsed().as_secs() < 20,
            "the engine does not fetch the keys again"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j07_a_rotation_under_load_through_an_engine_fails_no_request() {
    let app = Arc::new(TestApp::with(WITH_OWN_KEYS).await);
    generate(&app.db, "EdDSA").await;
    app.app_service.reload_keys().await.unwrap();
    let secret = json!({
        "jwk_url": format!("http://{}/.well-known/jwks.json", app.address),
        "issuer": "hasura-siwe", "audience": "hasura", "allowed_skew": 5,
    });
    let engine = engine_with(&app, Mode::Jwt, secret.to_string(), app.clock.clone()).await;
    let engine = format!("http://{engine}");
    let first = log_in(&app).await;
    let over = Arc::new(AtomicBool::new(false));
    let worker = || {
        let (app, engine, over, first) = (Arc::clone(&app), engine.clone(), Arc::clone(&over), first.clone());
        tokio::spawn(async move {
            let mut kids = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let session = session_of(&app.message(&wallet()));
                let (token, _) = graphql(&engine, None, LOG_IN, session).await.tokens("v1Login");
                for token in [&token, &first] {
                    graphql(&engine, Some(token), QUERY, Value::Null).await.data();
                }
                kids.push(jsonwebtoken::decode_header(&token).unwrap().kid.unwrap());
            }
            kids.dedup();
            kids
        })
    };
    let workers = [worker(), worker()];
    for _ in 0..2 {
        let next = generate(&app.db, "EdDSA").await;
        app.app_service.reload_keys().await.unwrap();
        // What the engine holds is a minute old now, so it asks again.
        app.clock.advance(Duration::seconds(61));
        until_known(&engine, &app, &next, &first).await;
        assert_eq!(keys(&app.db, &["rotate", "--force"]).await.0, 0);
        app.app_service.reload_keys().await.unwrap();
        assert_eq!(
            jsonwebtoken::decode_header(log_in(&app).await).unwrap().kid,
            Some(next)
        );
    }
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        assert!(worker.await.unwrap().len() > 1, "no rotation was seen");
    }
}
