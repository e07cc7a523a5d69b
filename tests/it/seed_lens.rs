//! Seed 000, the published log-in of Lens: its requests to the letter, and the documents that clients
//! generated from its schema. Only HTTP, so that the same file runs against a real Hasura.

use serde_json::{Value, json};

use crate::support::hasura::{Hasura, in_both_modes};
use crate::support::wallet;
use crate::support::wallet_flow::{AUTHENTICATE, CHALLENGE, REFRESH, VERIFY, WalletFlow};

in_both_modes! {
    the_documents_requests_work_as_printed,
    a_typed_client_signs_in_refreshes_and_verifies,
    the_access_token_is_a_users,
    who_is_signed_in_may_call_them_too,
    verify_says_no_to_everything_else,
    the_schema_has_the_published_type_names,
}

/// The two requests of the document; the address and the signature are the only parts that were replaced.
const PRINTED_CHALLENGE: &str = r#"query Challenge {
  challenge(request: { address: "ADDRESS" }) {
    text
  }
}"#;
const PRINTED_AUTHENTICATE: &str = r#"mutation Authenticate {
  authenticate(request: {
    address: "ADDRESS",
    signature: "SIGNATURE"
  }) {
    accessToken
    refreshToken
  }
}"#;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn verify(hasura: &Hasura, token: &str) -> Value {
    let answer = hasura
        .graphql(&[], VERIFY, json!({"request": {"accessToken": token}}))
        .await;
    answer.data()["verify"].clone()
}

async fn the_documents_requests_work_as_printed(hasura: Hasura) {
    let alice = wallet();
    let address = alice.address().to_string();
    let body = json!({"query": PRINTED_CHALLENGE.replace("ADDRESS", &address)});
    let answer = hasura.post("/v1/graphql", &[], body).await;
    assert_eq!(keys(&answer.body), ["data"]);
    assert_eq!(keys(answer.data()), ["challenge"]);
    assert_eq!(keys(&answer.data()["challenge"]), ["text"]);
    let text = answer.data()["challenge"]["text"].as_str().unwrap();
    let rest = text.strip_prefix("I want to authenticate with ").unwrap();
    let (app, rest) = rest
        .split_once(" and generate a JWT token at timestamp - ")
        .unwrap();
    let (timestamp, id) = rest.split_once(". Auth request id - ").unwrap();
    if hasura.app.is_some() {
        assert_eq!(
            app, "localhost",
            "the host of the first origin, unless APP_NAME says more"
        );
    }
    let at: i128 = timestamp.parse().unwrap();
    let now = hasura.now().unix_timestamp_nanos() / 1_000_000;
    assert!((now - at).abs() < 60_000, "{timestamp}");
    assert!(
        id.len() == 64
            && id
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );

    let query = PRINTED_AUTHENTICATE
        .replace("ADDRESS", &address)
        .replace("SIGNATURE", &alice.sign(text));
    let answer = hasura.post("/v1/graphql", &[], json!({"query": query})).await;
    assert_eq!(keys(&answer.body), ["data"]);
    assert_eq!(keys(answer.data()), ["authenticate"]);
    let tokens = &answer.data()["authenticate"];
    assert_eq!(keys(tokens), ["accessToken", "refreshToken"]);
    assert_eq!(tokens["accessToken"].as_str().unwrap().split('.').count(), 3);

    // It does not work again.
    hasura
        .post("/v1/graphql", &[], json!({"query": query}))
        .await
        .assert_code("nonce_invalid");
}

async fn a_typed_client_signs_in_refreshes_and_verifies(hasura: Hasura) {
    let alice = wallet();
    let address = alice.address().to_string();
    let answer = hasura
        .graphql(&[], CHALLENGE, json!({"request": {"address": address}}))
        .await;
    let text = answer.data()["challenge"]["text"].as_str().unwrap();
    let request = json!({"request": {"address": address, "signature": alice.sign(text)}});
    let answer = hasura.graphql(&[], AUTHENTICATE, request).await;
    let first = answer.data()["authenticate"].clone();

    let request = json!({"request": {"refreshToken": first["refreshToken"]}});
    let answer = hasura.graphql(&[], REFRESH, request).await;
    assert_eq!(keys(answer.data()), ["refresh"]);
    let second = &answer.data()["refresh"];
    assert_eq!(keys(second), ["accessToken", "refreshToken"]);
    assert_ne!(second["refreshToken"], first["refreshToken"]);
    for tokens in [&first, second] {
        let good = verify(&hasura, tokens["accessToken"].as_str().unwrap()).await;
        assert_eq!(good, true);
    }

    // Variables one by one, as other clients have them, and the type names that they ask for.
    let query = "mutation Authenticate($address: EthereumAddress!, $signature: Signature!) {
        authenticate(request: { address: $address, signature: $signature }) { __typename accessToken }
    }";
    let text = WalletFlow::Lens.challenge(&hasura, &address).await.unwrap();
    let variables = json!({"address": address.to_lowercase(), "signature": alice.sign(&text)});
    let answer = hasura.graphql(&[], query, variables).await;
    assert_eq!(
        answer.data()["authenticate"]["__typename"],
        "AuthenticationResult"
    );
}

async fn the_access_token_is_a_users(hasura: Hasura) {
    let (access, _) = WalletFlow::Lens.log_in(&hasura, &wallet()).await;
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura
        .graphql(&headers, "{ v1Sessions { res success } }", json!({}))
        .await;
    let sessions = &answer.data()["v1Sessions"]["res"]["sessions"];
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!(sessions[0]["flow"], "lens");
    assert!(
        sessions[0]["ip"].is_string(),
        "the proxy's word on who called: {sessions}"
    );
}

async fn who_is_signed_in_may_call_them_too(hasura: Hasura) {
    let alice = wallet();
    let address = alice.address().to_string();
    let (access, refresh) = WalletFlow::Lens.log_in(&hasura, &alice).await;
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura
        .graphql(&headers, CHALLENGE, json!({"request": {"address": address}}))
        .await;
    let text = answer.data()["challenge"]["text"].as_str().unwrap();
    let request = json!({"request": {"address": address, "signature": alice.sign(text)}});
    hasura.graphql(&headers, AUTHENTICATE, request).await.data();
    let request = json!({"request": {"refreshToken": refresh}});
    hasura.graphql(&headers, REFRESH, request).await.data();
    let request = json!({"request": {"accessToken": access}});
    let answer = hasura.graphql(&headers, VERIFY, request).await;
    assert_eq!(answer.data(), &json!({"verify": true}));
}

async fn verify_says_no_to_everything_else(hasura: Hasura) {
    let (access, refresh) = WalletFlow::Lens.log_in(&hasura, &wallet()).await;
    for token in ["", "x", "a.b.c", &refresh, &access[..access.len() - 2]] {
        assert_eq!(verify(&hasura, token).await, false, "{token}");
    }
    assert_eq!(verify(&hasura, &access).await, true);
    let bearer = format!("Bearer {access}");
    hasura
        .graphql(
            &[("authorization", bearer.as_str())],
            "mutation { v1Logout { success } }",
            json!({}),
        )
        .await
        .data();
    // The announcement of the end takes a moment.
    for _ in 0..100 {
        if verify(&hasura, &access).await == false {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the token of a session that has ended is called good");
}

async fn the_schema_has_the_published_type_names(hasura: Hasura) {
    let query = "{
        challenge: __type(name: \"ChallengeRequest\") { ...input }
        signed: __type(name: \"SignedAuthChallenge\") { ...input }
        refresh: __type(name: \"RefreshRequest\") { ...input }
        verify: __type(name: \"VerifyRequest\") { ...input }
        text: __type(name: \"AuthChallengeResult\") { ...output }
        tokens: __type(name: \"AuthenticationResult\") { ...output }
        root: __schema { queryType { fields { name type { kind ofType { name } } } } }
    }
    fragment input on __Type { inputFields { name type { kind ofType { kind name } } } }
    fragment output on __Type { fields { name type { kind ofType { kind name } } } }";
    let answer = hasura.graphql(&[], query, json!({})).await;
    let data = answer.data();
    let field = |name: &str, scalar: &str| json!({"name": name, "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": scalar}}});
    let address = || field("address", "EthereumAddress");
    assert_eq!(data["challenge"]["inputFields"], json!([address()]));
    assert_eq!(
        data["signed"]["inputFields"],
        json!([address(), field("signature", "Signature")])
    );
    assert_eq!(
        data["refresh"]["inputFields"],
        json!([field("refreshToken", "Jwt")])
    );
    assert_eq!(
        data["verify"]["inputFields"],
        json!([field("accessToken", "Jwt")])
    );
    assert_eq!(data["text"]["fields"], json!([field("text", "String")]));
    assert_eq!(
        data["tokens"]["fields"],
        json!([field("accessToken", "Jwt"), field("refreshToken", "Jwt")])
    );
    let fields = data["root"]["queryType"]["fields"].as_array().unwrap();
    let of = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap()["type"].clone();
    assert_eq!(
        of("challenge"),
        json!({"kind": "NON_NULL", "ofType": {"name": "AuthChallengeResult"}})
    );
    assert_eq!(
        of("verify"),
        json!({"kind": "NON_NULL", "ofType": {"name": "Boolean"}})
    );
}
