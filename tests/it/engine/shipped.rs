//! The metadata that the program ships, on a database as the migrations make it.

use serde_json::{Value, json};

use super::support::{TestEngine, refusal};
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

/// A view without a primary key and without permissions.
#[tokio::test]
async fn the_audit_log_is_for_admins_alone() {
    let db = TestDb::create().await;
    let url = db.hasura_url();
    let engine = TestEngine::with(&[("HASURA_GRAPHQL_METADATA_DIR", ""), ("PG_DATABASE_URL", &url)]).await;
    assert_eq!(engine.inconsistencies, []);
    let row = "insert into auth.audit_log (at, action, result, actor, address, ip)
        values ('2024-01-02T03:04:05Z', 'log_in', 'ok', 'user', '\\x0102', '192.0.2.1')";
    db.connect().await.batch_execute(row).await.unwrap();
    let query = "{ audit(where: {action: {_eq: \"log_in\"}}, order_by: {at: desc}) { result address ip user_id detail }
        audit_aggregate { aggregate { count } } }";
    assert_eq!(
        engine.ask_as("admin", query, json!({})).await,
        json!({"data": {
            "audit": [{"result": "ok", "address": "0x0102", "ip": "192.0.2.1", "user_id": null, "detail": {}}],
            "audit_aggregate": {"aggregate": {"count": 1}},
        }})
    );
    for role in ["guest", "user"] {
        for field in ["audit", "audit_aggregate"] {
            let query = format!("{{ {field} {{ __typename }} }}");
            let reply = engine.ask_as(role, &query, json!({})).await;
            let message = format!("field '{field}' not found in type: 'query_root'");
            let path = format!("$.selectionSet.{field}");
            assert_eq!(reply, refusal(&message, &path, "validation-failed"));
        }
        let known = engine
            .ask_as(role, "{ __schema { types { name } } }", json!({}))
            .await;
        assert!(!known.to_string().contains("audit"), "{role}");
    }
    let by_key = engine
        .ask_as("admin", "{ audit_by_pk(id: 1) { __typename } }", json!({}))
        .await;
    assert_eq!(
        by_key["errors"][0]["message"],
        "field 'audit_by_pk' not found in type: 'query_root'"
    );
}
