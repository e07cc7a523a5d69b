//! A person and their own ways to sign in: linking a wallet and a password, each with a fresh proof of both, changing a
//! password, taking a wallet away; and what a stolen access token alone cannot do.

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use serde_json::{Value, json};

use crate::support::hasura::{Answer, RESTORE};
use crate::support::people::{PASSWORD, Registered, register};
use crate::support::{Hasura, in_both_modes, spellings, wallet};

in_both_modes! {
    a_wallet_is_linked_to_a_password_account_and_leads_into_it,
    a_password_is_linked_to_a_wallet_s_account_and_leads_into_it,
    p13_what_belongs_to_somebody_else_is_not_linked,
    p14_a_token_alone_changes_nothing,
    t13_another_password_ends_the_other_sessions,
    t13_a_wallet_that_is_unlinked_ends_the_other_sessions_and_is_a_stranger_afterwards,
    whoever_forgot_the_password_proves_the_wallet,
    w01_every_spelling_of_a_signature_is_a_proof,
    guests_have_no_ways_of_their_own,
}

const NEW_PASSWORD: &str = "staple battery horse correct";

async fn call(hasura: &Hasura, token: &str, action: &str, input: (&str, &str, Value)) -> Answer {
    let (argument, kind, value) = input;
    let query = format!("mutation ($input: {kind}!) {{ {action}({argument}: $input) {{ res success }} }}");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    hasura.graphql(&headers, &query, json!({"input": value})).await
}

async fn link_wallet(hasura: &Hasura, token: &str, signed: &SignedText, password: &str) -> Answer {
    let input = json!({"message": signed.message, "signature": signed.signature, "password": password});
    call(
        hasura,
        token,
        "v1LinkWallet",
        ("wallet", "LinkWalletInput", input),
    )
    .await
}

async fn unlink_wallet(hasura: &Hasura, token: &str, address: &str, proof: Value) -> Answer {
    let input = json!({"address": address, "proof": proof});
    call(
        hasura,
        token,
        "v1UnlinkWallet",
        ("wallet", "UnlinkWalletInput", input),
    )
    .await
}

async fn link_password(hasura: &Hasura, token: &str, names: Value, signed: &SignedText) -> Answer {
    let mut input = names;
    input["password"] = json!(PASSWORD);
    input["message"] = json!(signed.message);
    input["signature"] = json!(signed.signature);
    call(
        hasura,
        token,
        "v1LinkPassword",
        ("account", "LinkPasswordInput", input),
    )
    .await
}

async fn change_password(hasura: &Hasura, token: &str, password: &str, proof: Value) -> Answer {
    let input = json!({"password": password, "proof": proof});
    let input = ("account", "ChangePasswordInput", input);
    call(hasura, token, "v1ChangePassword", input).await
}

fn proof_of(signed: &SignedText) -> Value {
    json!({"message": signed.message, "signature": signed.signature})
}

async fn try_password(hasura: &Hasura, email: &str, password: &str) -> Answer {
    let query = "mutation ($email: String!, $password: String!) {
        login(email: $email, password: $password) { access_token refresh_token }
    }";
    hasura
        .graphql(&[], query, json!({"email": email, "password": password}))
        .await
}

/// Access and refresh token.
async fn with_password(hasura: &Hasura, email: &str, password: &str) -> (String, String) {
    let answer = try_password(hasura, email, password).await;
    let tokens = &answer.data()["login"];
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn id_of(hasura: &Hasura, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    let answer = hasura
        .graphql(&[("authorization", &bearer)], "{ myProfile { id } }", json!({}))
        .await;
    answer.data()["myProfile"]["id"].as_str().unwrap().to_owned()
}

async fn john(hasura: &Hasura) -> (Registered, String) {
    let john = register(hasura).await;
    let (token, _) = with_password(hasura, &john.email, PASSWORD).await;
    (john, token)
}

async fn is_over(hasura: &Hasura, refresh_token: &str) {
    let restore = json!({"session": {"refreshToken": refresh_token}});
    hasura
        .graphql(&[], RESTORE, restore)
        .await
        .assert_code("refresh_token_invalid");
}

/// An address that nobody registered.
fn fresh_email(wallet: &Wallet) -> String {
    format!("{}@mail.com", wallet.address().to_string().to_lowercase())
}

async fn a_wallet_is_linked_to_a_password_account_and_leads_into_it(hasura: Hasura) {
    let (john, token) = john(&hasura).await;
    let own = wallet();
    let signed = hasura.proof(&own, "link-wallet", &token).await;
    let answer = link_wallet(&hasura, &token, &signed, PASSWORD).await;
    assert_eq!(
        answer.data()["v1LinkWallet"],
        json!({"res": {"address": own.address().to_string()}, "success": true})
    );
    // The message was spent with it, and never signs in.
    link_wallet(&hasura, &token, &signed, PASSWORD)
        .await
        .assert_code("nonce_invalid");
    hasura.log_in_with(&signed).await.assert_code("purpose_mismatch");
    let (by_wallet, _) = hasura.log_in(&own).await;
    assert_eq!(id_of(&hasura, &by_wallet).await, john.id);
    // Once more is no fault.
    let again = hasura.proof(&own, "link-wallet", &token).await;
    link_wallet(&hasura, &token, &again, PASSWORD).await.data();
}

// Issue 14, item 22: field report W01.
async fn w01_every_spelling_of_a_signature_is_a_proof(hasura: Hasura) {
    let (_, token) = john(&hasura).await;
    for at in 0..spellings("0x").len() {
        let own = wallet();
        let spelt = |signed: SignedText| SignedText {
            signature: spellings(&signed.signature)[at].clone(),
            ..signed
        };
        let signed = spelt(hasura.proof(&own, "link-wallet", &token).await);
        link_wallet(&hasura, &token, &signed, PASSWORD).await.data();
        let proof = proof_of(&spelt(hasura.proof(&own, "unlink-wallet", &token).await));
        unlink_wallet(&hasura, &token, &own.address().to_string(), proof)
            .await
            .data();
        let another = wallet();
        let (token, _) = hasura.log_in(&another).await;
        let names = json!({"email": fresh_email(&another)});
        let signed = spelt(hasura.proof(&another, "set-password", &token).await);
        link_password(&hasura, &token, names, &signed).await.data();
    }
}

async fn a_password_is_linked_to_a_wallet_s_account_and_leads_into_it(hasura: Hasura) {
    let own = wallet();
    let (token, _) = hasura.log_in(&own).await;
    let email = fresh_email(&own);
    let signed = hasura.proof(&own, "set-password", &token).await;
    let answer = link_password(&hasura, &token, json!({"email": email}), &signed).await;
    assert_eq!(
        answer.data()["v1LinkPassword"],
        json!({"res": {}, "success": true})
    );
    let (by_password, _) = with_password(&hasura, &email, PASSWORD).await;
    assert_eq!(id_of(&hasura, &by_password).await, id_of(&hasura, &token).await);
    let again = hasura.proof(&own, "set-password", &token).await;
    link_password(&hasura, &token, json!({"username": "another"}), &again)
        .await
        .assert_code("already_taken");
}

async fn p13_what_belongs_to_somebody_else_is_not_linked(hasura: Hasura) {
    let (john, token) = john(&hasura).await;
    let other = wallet();
    let (of_other, _) = hasura.log_in(&other).await;
    // A wallet with an account of its own, although it signs.
    let signed = hasura.proof(&other, "link-wallet", &token).await;
    link_wallet(&hasura, &token, &signed, PASSWORD)
        .await
        .assert_code("already_taken");
    // An address that somebody signs in with, although the wallet signs: and the message stays good.
    let signed = hasura.proof(&other, "set-password", &of_other).await;
    let names = json!({"email": john.email.to_uppercase()});
    link_password(&hasura, &of_other, names, &signed)
        .await
        .assert_code("already_taken");
    assert_ne!(id_of(&hasura, &of_other).await, john.id);
}

async fn p14_a_token_alone_changes_nothing(hasura: Hasura) {
    let (john, token) = john(&hasura).await;
    let own = wallet();
    let signed = hasura.proof(&own, "link-wallet", &token).await;
    link_wallet(&hasura, &token, &signed, "a wrong password indeed")
        .await
        .assert_code("reauth_required");
    // The refused one is still good.
    link_wallet(&hasura, &token, &signed, PASSWORD).await.data();
    let stranger = wallet();
    for purpose in ["change-password", "unlink-wallet"] {
        let not_the_account_s = proof_of(&hasura.proof(&stranger, purpose, &token).await);
        let mut altered = hasura.proof(&own, purpose, &token).await;
        altered.message = altered.message.replace("Chain ID: 1", "Chain ID: 10");
        for (proof, code) in [
            (json!({"password": "a wrong password indeed"}), "reauth_required"),
            (not_the_account_s, "reauth_required"),
            (proof_of(&signed), "purpose_mismatch"),
            (proof_of(&hasura.message(&own)), "purpose_mismatch"),
            (proof_of(&altered), "signature_invalid"),
            (json!({}), "bad_request"),
            (json!({"message": signed.message}), "bad_request"),
            (
                json!({"password": PASSWORD, "message": signed.message, "signature": signed.signature}),
                "bad_request",
            ),
        ] {
            let answer = match purpose {
                "change-password" => change_password(&hasura, &token, NEW_PASSWORD, proof).await,
                _ => unlink_wallet(&hasura, &token, &own.address().to_string(), proof).await,
            };
            answer.assert_code(code);
        }
    }
    with_password(&hasura, &john.email, PASSWORD).await;
    hasura.log_in(&own).await;
}

async fn t13_another_password_ends_the_other_sessions(hasura: Hasura) {
    let (john, token) = john(&hasura).await;
    let (_, elsewhere) = with_password(&hasura, &john.email, PASSWORD).await;
    change_password(&hasura, &token, "too short", json!({"password": PASSWORD}))
        .await
        .assert_code("password_too_short");
    change_password(
        &hasura,
        &token,
        &format!("{0}{0}", john.username),
        json!({"password": PASSWORD}),
    )
    .await
    .assert_code("password_compromised");
    let answer = change_password(&hasura, &token, NEW_PASSWORD, json!({"password": PASSWORD})).await;
    assert_eq!(answer.data()["v1ChangePassword"]["res"], json!({"ended": 1}));
    let refresh = format!("mutation {{ refreshToken(refreshToken: \"{elsewhere}\") {{ access_token }} }}");
    hasura
        .graphql(&[], &refresh, json!({}))
        .await
        .assert_code("refresh_token_invalid");
    assert_eq!(id_of(&hasura, &token).await, john.id, "the caller's own goes on");
    try_password(&hasura, &john.email, PASSWORD)
        .await
        .assert_code("credentials_invalid");
    with_password(&hasura, &john.email, NEW_PASSWORD).await;
}

async fn t13_a_wallet_that_is_unlinked_ends_the_other_sessions_and_is_a_stranger_afterwards(hasura: Hasura) {
    let (john, token) = john(&hasura).await;
    let own = wallet();
    let address = own.address().to_string();
    let signed = hasura.proof(&own, "link-wallet", &token).await;
    link_wallet(&hasura, &token, &signed, PASSWORD).await.data();
    let (_, by_wallet) = hasura.log_in(&own).await;
    let answer = unlink_wallet(&hasura, &token, &address, json!({"password": PASSWORD})).await;
    assert_eq!(answer.data()["v1UnlinkWallet"]["res"], json!({"ended": 1}));
    is_over(&hasura, &by_wallet).await;
    unlink_wallet(&hasura, &token, &address, json!({"password": PASSWORD}))
        .await
        .assert_code("forbidden");
    let (new, _) = hasura.log_in(&own).await;
    assert_ne!(id_of(&hasura, &new).await, john.id);
    // Its only way in stays.
    let proof = proof_of(&hasura.proof(&own, "unlink-wallet", &new).await);
    unlink_wallet(&hasura, &new, &address, proof)
        .await
        .assert_code("forbidden");
    hasura.log_in(&own).await;
}

async fn whoever_forgot_the_password_proves_the_wallet(hasura: Hasura) {
    let own = wallet();
    let (token, _) = hasura.log_in(&own).await;
    let proof = proof_of(&hasura.proof(&own, "change-password", &token).await);
    change_password(&hasura, &token, NEW_PASSWORD, proof)
        .await
        .assert_code("forbidden");
    let email = fresh_email(&own);
    let signed = hasura.proof(&own, "set-password", &token).await;
    link_password(&hasura, &token, json!({"email": email}), &signed)
        .await
        .data();
    let proof = proof_of(&hasura.proof(&own, "change-password", &token).await);
    change_password(&hasura, &token, NEW_PASSWORD, proof).await.data();
    with_password(&hasura, &email, NEW_PASSWORD).await;
}

async fn guests_have_no_ways_of_their_own(hasura: Hasura) {
    for action in [
        "v1LinkWallet",
        "v1UnlinkWallet",
        "v1LinkPassword",
        "v1ChangePassword",
    ] {
        let answer = hasura
            .graphql(&[], &format!("mutation {{ {action} {{ res }} }}"), json!({}))
            .await;
        assert_eq!(
            answer.error().0,
            format!("field '{action}' not found in type: 'mutation_root'")
        );
    }
}
