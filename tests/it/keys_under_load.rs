//! Rotations while people sign in: no token may meet a reader that does not know its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::support::app::{TestApp, WITH_OWN_KEYS};
use crate::support::keys::{generate, keys, log_in};

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
