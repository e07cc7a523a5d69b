//! The main job through an engine: what a guest sees, how a wallet becomes a user, what each role
//! may not do. Only HTTP, so that the same file runs against a real Hasura (`HASURA_ENDPOINT`; with
//! `AUTH_MODE=webhook` the tests of that mode run, else those of the other).

use serde_json::{Value, json};

use crate::support::hasura::{Hasura, LOG_IN, RESTORE, UPDATE, session_of};
use crate::support::{in_both_modes, wallet};

mod cookies;
mod deletion;
mod roles;

in_both_modes! {
    a_guest_queries_public_data,
    strangers_never_see_a_user_id,
    a_guest_may_not_change_an_account,
    the_documents_of_the_published_api_work_as_printed,
    the_proxy_takes_the_log_in_document_at_v1_login,
    rest_endpoints_give_the_bare_form_and_true_statuses,
    a_refusal_of_the_service_reaches_the_client_with_its_code,
    a_guest_may_ask_for_a_nonce,
    health_and_version_answer_without_a_token,
    h12_many_log_ins_in_one_request_are_many_operations,
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn rename(networks: &[&str], name: &str, address: &str) -> Value {
    json!({"account": {"data": {"networks": networks, "name": name, "address": address}}})
}

async fn a_guest_queries_public_data(hasura: Hasura) {
    let alice = wallet();
    hasura.log_in(&alice).await;
    let answer = hasura
        .graphql(
            &[],
            "{ networks(order_by: {chain_id: asc}) { name chain_id enabled } }",
            json!({}),
        )
        .await;
    assert_eq!(
        answer.data()["networks"][0],
        json!({"name": "ethereum", "chain_id": 1, "enabled": true})
    );
    let query = "query ($address: String!) {
        accounts(where: {address: {_eq: $address}}, limit: 5) { network address name __typename }
        accounts_by_pk(network: \"ethereum\", address: $address) { address }
        networks_by_pk(name: \"nowhere\") { name }
    }";
    let address = alice.address().to_string();
    let answer = hasura.graphql(&[], query, json!({"address": address})).await;
    assert_eq!(
        answer.data(),
        &json!({
            "accounts": [{"network": "ethereum", "address": address, "name": null, "__typename": "accounts"}],
            "accounts_by_pk": {"address": address},
            "networks_by_pk": null,
        })
    );
}

async fn strangers_never_see_a_user_id(hasura: Hasura) {
    let (token, _) = hasura.log_in(&wallet()).await;
    let bearer = bearer(&token);
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        let answer = hasura
            .graphql(headers, "{ accounts { user_id } }", json!({}))
            .await;
        assert_eq!(
            answer.error(),
            (
                "field 'user_id' not found in type: 'accounts'",
                "validation-failed"
            )
        );
        let answer = hasura
            .graphql(
                headers,
                "{ accounts(where: {user_id: {_is_null: false}}) { name } }",
                json!({}),
            )
            .await;
        answer.assert_code("validation-failed");
    }
    let admin = [("x-hasura-admin-secret", hasura.admin_secret.as_str())];
    let answer = hasura
        .graphql(&admin, "{ accounts(limit: 1) { user_id } }", json!({}))
        .await;
    assert!(answer.data()["accounts"][0]["user_id"].is_string());
}

async fn a_guest_may_not_change_an_account(hasura: Hasura) {
    let input = rename(&["ethereum"], "x", &wallet().address().to_string());
    let answer = hasura.graphql(&[], UPDATE, input.clone()).await;
    assert_eq!(
        answer.error(),
        (
            "field 'v1UpdateAccount' not found in type: 'mutation_root'",
            "validation-failed"
        )
    );
    assert_eq!(
        answer.body["errors"][0]["extensions"]["path"],
        "$.selectionSet.v1UpdateAccount"
    );
    // Nor by claiming to be somebody in headers.
    let forged = [
        ("x-hasura-role", "user"),
        ("x-hasura-user-id", "00000000-0000-4000-8000-000000000000"),
    ];
    hasura
        .graphql(&forged, UPDATE, input)
        .await
        .assert_code("validation-failed");
}

async fn the_documents_of_the_published_api_work_as_printed(hasura: Hasura) {
    let alice = wallet();
    let address = alice.address().to_string();

    let answer = hasura
        .graphql(&[], LOG_IN, session_of(&hasura.message(&alice)))
        .await;
    let (access, refresh) = answer.tokens("v1Login");
    assert_eq!(
        answer.data()["v1Login"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["res", "success"]
    );

    let bearer = bearer(&access);
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura
        .graphql(
            &headers,
            UPDATE,
            rename(&["ethereum", "polygon"], "name.eth", &address),
        )
        .await;
    assert_eq!(
        answer.data(),
        &json!({"v1UpdateAccount": {"res": {"updatedIn": ["ethereum"]}, "success": true}})
    );

    let answer = hasura
        .graphql(&[], RESTORE, json!({"session": {"refreshToken": refresh}}))
        .await;
    let (_, next) = answer.tokens("v1RestoreSession");
    assert_ne!(next, refresh);

    let query = "query ($address: String!) { accounts(where: {address: {_eq: $address}}) { name } }";
    let answer = hasura.graphql(&[], query, json!({"address": address})).await;
    assert_eq!(answer.data()["accounts"], json!([{"name": "name.eth"}]));
}

async fn the_proxy_takes_the_log_in_document_at_v1_login(hasura: Hasura) {
    let body = json!({"query": LOG_IN, "variables": session_of(&hasura.message(&wallet()))});
    hasura.post("/v1/login", &[], body).await.tokens("v1Login");
}

async fn rest_endpoints_give_the_bare_form_and_true_statuses(hasura: Hasura) {
    let alice = wallet();
    let signed = hasura.message(&alice);
    let answer = hasura.post("/api/rest/v1/login", &[], session_of(&signed)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let tokens = &answer.body["v1Login"]["res"];
    let refresh = tokens["refreshToken"].as_str().unwrap();

    let again = hasura.post("/api/rest/v1/login", &[], session_of(&signed)).await;
    assert_eq!(
        (again.status, &again.body["code"]),
        (401, &json!("nonce_invalid")),
        "{again:?}"
    );
    assert!(
        again.body["error"].is_string() && again.body["path"].is_string(),
        "{again:?}"
    );

    let answer = hasura
        .post(
            "/api/rest/v1/restore-session",
            &[],
            json!({"session": {"refreshToken": refresh}}),
        )
        .await;
    let access = answer.body["v1RestoreSession"]["res"]["accessToken"]
        .as_str()
        .unwrap();
    let bearer = bearer(access);
    let headers = [("authorization", bearer.as_str())];
    let input = rename(&["ethereum"], "by rest", &alice.address().to_string());
    let answer = hasura.post("/api/rest/v1/update-account", &headers, input).await;
    assert_eq!(
        answer.body,
        json!({"v1UpdateAccount": {"res": {"updatedIn": ["ethereum"]}, "success": true}})
    );
}

async fn a_refusal_of_the_service_reaches_the_client_with_its_code(hasura: Hasura) {
    let signed = hasura.message(&wallet());
    hasura.log_in_with(&signed).await.tokens("v1Login");
    let answer = hasura.log_in_with(&signed).await;
    assert_eq!(answer.error().1, "nonce_invalid");
    assert!(answer.body.get("data").is_none(), "{answer:?}");
    assert_eq!(
        answer.body["errors"][0]["extensions"],
        json!({"code": "nonce_invalid"})
    );
    let answer = hasura
        .graphql(&[], RESTORE, json!({"session": {"refreshToken": "x"}}))
        .await;
    answer.assert_code("refresh_token_invalid");
}

async fn a_guest_may_ask_for_a_nonce(hasura: Hasura) {
    let answer = hasura
        .graphql(&[], "query { v1Nonce { res success } }", json!({}))
        .await;
    let nonce = answer.data()["v1Nonce"]["res"]["nonce"]
        .as_str()
        .unwrap()
        .to_owned();
    let signed = wallet().log_in(&crate::support::origin(), 1, &nonce, hasura.now());
    hasura.log_in_with(&signed).await.tokens("v1Login");
}

async fn health_and_version_answer_without_a_token(hasura: Hasura) {
    let health = hasura.get("/healthz?strict=true").await;
    assert_eq!((health.status, health.body), (200, json!("OK")));
    let version = hasura.get("/v1/version").await;
    assert!(
        version.body["version"].as_str().unwrap().starts_with("v2."),
        "{version:?}"
    );
}

async fn h12_many_log_ins_in_one_request_are_many_operations(hasura: Hasura) {
    let signed = hasura.message(&wallet());
    let query = "mutation ($session: LoginInput!) {
        one: v1Login(session: $session) { success }
        two: v1Login(session: $session) { success }
    }";
    // In order: the first signs in, the second is a replay, and one error fails the whole answer.
    hasura
        .graphql(&[], query, session_of(&signed))
        .await
        .assert_code("nonce_invalid");
    hasura.log_in_with(&signed).await.assert_code("nonce_invalid");
}
