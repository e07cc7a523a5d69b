//! A person who leaves, through an engine. Only HTTP, as its parent.

use hasura_siwe::cli::wallet::SignedText;
use serde_json::{Value, json};

use super::{bearer, rename};
use crate::support::hasura::{Answer, Hasura, Mode, RESTORE, UPDATE};
use crate::support::people::{PASSWORD, register, register_as};
use crate::support::{in_both_modes, wallet};

const DELETE: &str = "mutation ($proof: FreshProofInput!) { v1DeleteAccount(proof: $proof) { res success } }";

in_both_modes! {
    a_person_leaves_with_a_message_and_their_wallet_is_a_stranger_s_afterwards,
    a_person_leaves_with_their_password_and_their_names_are_free,
    p14_a_token_alone_deletes_nothing,
    guests_have_nothing_to_delete,
}

async fn delete(hasura: &Hasura, token: &str, proof: Value) -> Answer {
    let bearer = bearer(token);
    let headers = [("authorization", bearer.as_str())];
    hasura.graphql(&headers, DELETE, json!({"proof": proof})).await
}

fn proof_of(signed: &SignedText) -> Value {
    json!({"message": signed.message, "signature": signed.signature})
}

async fn id_of(hasura: &Hasura, token: &str) -> String {
    let bearer = bearer(token);
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura.graphql(&headers, "{ myProfile { id } }", json!({})).await;
    answer.data()["myProfile"]["id"].as_str().unwrap().to_owned()
}

async fn try_password(hasura: &Hasura, email: &str) -> Answer {
    let query = "mutation ($email: String!, $password: String!) {
        login(email: $email, password: $password) { access_token refresh_token }
    }";
    hasura
        .graphql(&[], query, json!({"email": email, "password": PASSWORD}))
        .await
}

async fn with_password(hasura: &Hasura, email: &str) -> String {
    let answer = try_password(hasura, email).await;
    answer.data()["login"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn a_person_leaves_with_a_message_and_their_wallet_is_a_stranger_s_afterwards(hasura: Hasura) {
    let anna = wallet();
    let address = anna.address().to_string();
    let (token, refresh) = hasura.log_in(&anna).await;
    hasura.log_in(&anna).await;
    let id = id_of(&hasura, &token).await;
    let authorization = bearer(&token);
    let headers = [("authorization", authorization.as_str())];
    hasura
        .graphql(&headers, UPDATE, rename(&["ethereum"], "Anna", &address))
        .await
        .data();
    let signed = hasura.proof(&anna, "delete-account", &token).await;
    let answer = delete(&hasura, &token, proof_of(&signed)).await;
    assert_eq!(
        answer.data()["v1DeleteAccount"],
        json!({"res": {"ended": 2}, "success": true})
    );

    hasura
        .graphql(&[], RESTORE, json!({"session": {"refreshToken": refresh}}))
        .await
        .assert_code("refresh_token_invalid");
    hasura.log_in_with(&signed).await.assert_code("purpose_mismatch");
    let query = "query ($address: String!) { accounts(where: {address: {_eq: $address}}) { name } }";
    let accounts = hasura.graphql(&[], query, json!({"address": address})).await;
    assert_eq!(accounts.data()["accounts"], json!([]));
    // Ours ask for the session; what Hasura answers alone it answers until the token expires, unless it asks us.
    let expected = match hasura.mode {
        Mode::Jwt => "session_ended",
        Mode::Webhook => "access-denied",
    };
    for _ in 0..100 {
        let answer = hasura.graphql(&headers, "{ myProfile { id } }", json!({})).await;
        if answer.body["errors"][0]["extensions"]["code"] == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    hasura
        .graphql(&headers, "{ myProfile { id } }", json!({}))
        .await
        .assert_code(expected);

    let (new, _) = hasura.log_in(&anna).await;
    assert_ne!(id_of(&hasura, &new).await, id);
    let accounts = hasura.graphql(&[], query, json!({"address": address})).await;
    assert_eq!(accounts.data()["accounts"], json!([{"name": null}]));
}

async fn a_person_leaves_with_their_password_and_their_names_are_free(hasura: Hasura) {
    let john = register(&hasura).await;
    let token = with_password(&hasura, &john.email).await;
    let answer = delete(&hasura, &token, json!({"password": PASSWORD})).await;
    assert_eq!(answer.data()["v1DeleteAccount"]["res"], json!({"ended": 1}));
    try_password(&hasura, &john.email)
        .await
        .assert_code("credentials_invalid");
    let again = register_as(&hasura, &john.email, &john.username).await;
    assert_ne!(again.id, john.id);
}

async fn p14_a_token_alone_deletes_nothing(hasura: Hasura) {
    let anna = wallet();
    let used = hasura.message(&anna);
    let (token, _) = hasura.log_in_with(&used).await.tokens("v1Login");
    let id = id_of(&hasura, &token).await;
    let mut altered = hasura.proof(&anna, "delete-account", &token).await;
    let of_another = hasura.proof(&wallet(), "delete-account", &token).await;
    altered.message = altered.message.replace("Chain ID: 1", "Chain ID: 10");
    for (proof, code) in [
        (json!({"password": PASSWORD}), "reauth_required"),
        (proof_of(&of_another), "reauth_required"),
        (proof_of(&used), "purpose_mismatch"),
        (proof_of(&hasura.message(&anna)), "purpose_mismatch"),
        (proof_of(&altered), "signature_invalid"),
        (json!({}), "bad_request"),
        (json!({"message": used.message}), "bad_request"),
        (
            json!({"password": PASSWORD, "message": used.message, "signature": used.signature}),
            "bad_request",
        ),
    ] {
        delete(&hasura, &token, proof).await.assert_code(code);
    }
    let (again, _) = hasura.log_in(&anna).await;
    assert_eq!(id_of(&hasura, &again).await, id);
}

async fn guests_have_nothing_to_delete(hasura: Hasura) {
    let answer = hasura
        .graphql(&[], DELETE, json!({"proof": {"password": PASSWORD}}))
        .await;
    assert_eq!(
        answer.error(),
        (
            "field 'v1DeleteAccount' not found in type: 'mutation_root'",
            "validation-failed"
        )
    );
}
