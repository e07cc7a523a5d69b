//! The metadata that the program ships, on a database as the migrations make it.

use serde_json::{Value, json};

use super::support::TestEngine;
use crate::support::db::TestDb;

/// As Hasura's own role sees it.
async fn migrated() -> String {
    TestDb::create().await.hasura_url()
}

#[tokio::test]
async fn the_shipped_metadata_is_consistent_and_serves_the_published_requests() {
    let url = migrated().await;
    // No directory: the one in the binary.
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_METADATA_DIR", ""), ("PG_DATABASE_URL", &url)]).await;
    assert_eq!(engine.inconsistencies, []);
    assert_eq!(
        engine
            .get("/healthz?strict=true")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "OK"
    );
    engine.stub.replies(
        200,
        json!({"res": {"accessToken": "a", "refreshToken": "r"}, "success": true}),
    );
    let query = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res success } }";
    let session = json!({"session": {"message": "m", "signature": "s"}});
    let expected = json!({"v1Login": {"res": {"accessToken": "a", "refreshToken": "r"}, "success": true}});
    assert_eq!(
        engine.ask(&[], query, session.clone()).await,
        json!({"data": expected})
    );
    assert_eq!(engine.stub.last().path, "/actions/login");
    assert_eq!(engine.stub.last().headers["x-actions-secret"], "handler-secret");
    let bare: Value = engine
        .post("/api/rest/v1/login")
        .json(&session)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(bare, expected);
    let guest = engine
        .ask(&[], "mutation { v1UpdateAccount { res } }", json!({}))
        .await;
    assert_eq!(
        guest["errors"][0]["message"],
        "field 'v1UpdateAccount' not found in type: 'mutation_root'"
    );
    engine.ask(&[], "{ v1Nonce { res } }", json!({})).await;
    assert_eq!(engine.stub.last().path, "/actions/nonce");
}

#[tokio::test]
async fn guests_read_networks_and_accounts_but_not_whose_they_are() {
    let url = migrated().await;
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_METADATA_DIR", ""), ("PG_DATABASE_URL", &url)]).await;
    let query = "{ networks(where: {chain_id: {_in: [1, 137]}}, order_by: {chain_id: asc}) { name chain_id enabled }
        networks_by_pk(name: \"base\") { chain_id } accounts { network address name created_at updated_at } }";
    assert_eq!(
        engine.ask(&[], query, json!({})).await,
        json!({"data": {
            "networks": [
                {"name": "ethereum", "chain_id": 1, "enabled": true},
                {"name": "polygon", "chain_id": 137, "enabled": true},
            ],
            "networks_by_pk": {"chain_id": 8453},
            "accounts": [],
        }})
    );
    let reply = engine.ask(&[], "{ accounts { user_id } }", json!({})).await;
    assert_eq!(
        reply["errors"][0]["message"],
        "field 'user_id' not found in type: 'accounts'"
    );
}
