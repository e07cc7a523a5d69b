//! Who may do what through an engine, and when a session is over. Only HTTP, as its parent.

use serde_json::json;

use super::{bearer, rename};
use crate::support::hasura::{Hasura, Mode, RESTORE, UPDATE};
use crate::support::{in_both_modes, wallet};

/// What a client reads when the hook answered 401.
const HOOK_SAYS_NO: &str = "Authentication hook unauthorized this request";

const LOGOUT: &str = "mutation { v1Logout { res success } }";

in_both_modes! {
    a_person_lists_and_ends_their_own_sessions,
    a_log_out_is_refused_by_hasura_at_once_where_it_asks_us,
    an_admin_reads_the_audit_log_and_nobody_else_does,
    an_admin_sees_who_is_signed_in_and_nobody_else_does,
    h04_a_users_token_acts_as_user_and_as_nobody_else,
    h08_a_bad_token_never_falls_back_to_guest,
    each_role_sees_its_own_schema,
    the_admin_secret_may_update_any_account,
}

async fn a_person_lists_and_ends_their_own_sessions(hasura: Hasura) {
    let alice = wallet();
    let (first, first_refresh) = hasura.log_in(&alice).await;
    let (second, _) = hasura.log_in(&alice).await;
    let (first, second) = (bearer(&first), bearer(&second));
    let headers = [("authorization", second.as_str())];
    let answer = hasura
        .graphql(&headers, "{ v1Sessions { res success } }", json!({}))
        .await;
    let sessions = answer.data()["v1Sessions"]["res"]["sessions"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (&sessions[0]["flow"], &sessions[0]["current"]),
        (&json!("siwe"), &json!(true))
    );
    let other = &sessions[1]["id"];
    let end = "mutation ($id: uuid!) { v1EndSession(id: $id) { res success } }";
    for ended in [1, 0] {
        let answer = hasura.graphql(&headers, end, json!({"id": other})).await;
        assert_eq!(
            answer.data()["v1EndSession"],
            json!({"res": {"ended": ended}, "success": true})
        );
    }
    hasura
        .graphql(&[], RESTORE, json!({"session": {"refreshToken": first_refresh}}))
        .await
        .assert_code("refresh_token_invalid");
    hasura
        .graphql(&headers, "mutation { v1LogoutAll { res success } }", json!({}))
        .await
        .data();
    drop(first);
}

async fn a_log_out_is_refused_by_hasura_at_once_where_it_asks_us(hasura: Hasura) {
    let (access, refresh) = hasura.log_in(&wallet()).await;
    let bearer = bearer(&access);
    let headers = [("authorization", bearer.as_str())];
    let answer = hasura.graphql(&headers, LOGOUT, json!({})).await;
    assert_eq!(
        answer.data()["v1Logout"],
        json!({"res": {"ended": 1}, "success": true})
    );
    hasura
        .graphql(&[], RESTORE, json!({"session": {"refreshToken": refresh}}))
        .await
        .assert_code("refresh_token_invalid");
    let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
    match hasura.mode {
        // Hasura asks nobody: the token lives on until it expires, as SECURITY.md says.
        Mode::Jwt => assert!(answer.data()["networks"].is_array()),
        Mode::Webhook => {
            for _ in 0..100 {
                let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
                if answer.body.get("errors").is_some() {
                    assert_eq!(answer.error(), (HOOK_SAYS_NO, "access-denied"));
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            panic!("the session still lives");
        }
    }
}

async fn an_admin_reads_the_audit_log_and_nobody_else_does(hasura: Hasura) {
    let alice = wallet();
    let (access, _) = hasura.log_in(&alice).await;
    let query =
        "query ($address: String!) { audit(where: {address: {_eq: $address}}) { action result actor } }";
    let variables = json!({"address": alice.address().to_string().to_lowercase()});
    let admin = [("x-hasura-admin-secret", hasura.admin_secret.as_str())];
    let answer = hasura.graphql(&admin, query, variables.clone()).await;
    assert_eq!(
        answer.data()["audit"],
        json!([{"action": "log_in", "result": "ok", "actor": "user"}])
    );
    let bearer = bearer(&access);
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        hasura
            .graphql(headers, query, variables.clone())
            .await
            .assert_code("validation-failed");
    }
}

async fn an_admin_sees_who_is_signed_in_and_nobody_else_does(hasura: Hasura) {
    let alice = wallet();
    let (access, _) = hasura.log_in(&alice).await;
    let query = "query ($address: String!) {
        sessions(where: {address: {_eq: $address}}) { flow ended_at reason }
        signing_keys { kid algorithm state }
    }";
    let variables = json!({"address": alice.address().to_string().to_lowercase()});
    let admin = [("x-hasura-admin-secret", hasura.admin_secret.as_str())];
    let answer = hasura.graphql(&admin, query, variables.clone()).await;
    assert_eq!(
        answer.data()["sessions"],
        json!([{"flow": "siwe", "ended_at": null, "reason": null}])
    );
    assert!(answer.data()["signing_keys"].is_array());
    let bearer = bearer(&access);
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        for field in ["sessions", "signing_keys"] {
            let query = format!("{{ {field} {{ __typename }} }}");
            hasura
                .graphql(headers, &query, json!({}))
                .await
                .assert_code("validation-failed");
        }
    }
}

async fn h04_a_users_token_acts_as_user_and_as_nobody_else(hasura: Hasura) {
    let (alice, bob) = (wallet(), wallet());
    let (token, refresh) = hasura.log_in(&alice).await;
    hasura.log_in(&bob).await;
    let bearer = bearer(&token);
    for role in ["admin", "guest", "moderator"] {
        let headers = [("authorization", bearer.as_str()), ("x-hasura-role", role)];
        let answer = hasura.graphql(&headers, "{ networks { name } }", json!({})).await;
        let message = match hasura.mode {
            Mode::Jwt => "Your requested role is not in allowed roles",
            Mode::Webhook => HOOK_SAYS_NO,
        };
        assert_eq!(answer.error(), (message, "access-denied"));
    }
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-hasura-user-id", "00000000-0000-4000-8000-000000000000"),
    ];
    let foreign = rename(&["ethereum"], "x", &bob.address().to_string());
    hasura
        .graphql(&headers, UPDATE, foreign)
        .await
        .assert_code("forbidden");
    // The client's x-hasura-user-id counts for nothing beside a token.
    let own = rename(&["ethereum"], "x", &alice.address().to_string());
    hasura.graphql(&headers, UPDATE, own).await.data();
    // What guests may do, users may.
    let answer = hasura
        .graphql(&headers, RESTORE, json!({"session": {"refreshToken": refresh}}))
        .await;
    answer.tokens("v1RestoreSession");
}

async fn h08_a_bad_token_never_falls_back_to_guest(hasura: Hasura) {
    let (token, _) = hasura.log_in(&wallet()).await;
    let broken = format!("Bearer {}x", &token[..token.len() - 2]);
    for (value, code) in [
        ("Bearer abc", "invalid-jwt"),
        (broken.as_str(), "invalid-jwt"),
        ("Basic abc", "invalid-headers"),
    ] {
        let answer = hasura
            .graphql(&[("authorization", value)], "{ networks { name } }", json!({}))
            .await;
        match hasura.mode {
            Mode::Jwt => answer.assert_code(code),
            Mode::Webhook => assert_eq!(answer.error(), (HOOK_SAYS_NO, "access-denied")),
        }
    }
}

async fn each_role_sees_its_own_schema(hasura: Hasura) {
    let (token, _) = hasura.log_in(&wallet()).await;
    let bearer = bearer(&token);
    let fields = async |headers: &[(&str, &str)]| {
        let query =
            "{ __schema { queryType { name fields { name } } mutationType { name fields { name } } } }";
        let answer = hasura.graphql(headers, query, json!({})).await;
        let schema = answer.data()["__schema"].clone();
        let names = |root: &str| -> Vec<String> {
            let fields = schema[root]["fields"].as_array().unwrap();
            let mut names: Vec<_> = fields
                .iter()
                .map(|f| f["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort_unstable();
            names
        };
        (names("queryType"), names("mutationType"))
    };
    let (queries, mutations) = fields(&[]).await;
    assert_eq!(
        queries,
        [
            "accounts",
            "accounts_by_pk",
            "challenge",
            "networks",
            "networks_by_pk",
            "v1Nonce",
            "verify"
        ]
    );
    assert_eq!(
        mutations,
        [
            "authenticate",
            "login",
            "refresh",
            "refreshToken",
            "register",
            "tokenAuth",
            "v1Login",
            "v1RestoreSession",
            "verifyToken"
        ]
    );
    let (queries, mutations) = fields(&[("authorization", &bearer)]).await;
    assert!(
        queries.contains(&"v1Sessions".to_owned()) && !queries.contains(&"audit".to_owned()),
        "{queries:?}"
    );
    assert_eq!(
        mutations,
        [
            "authenticate",
            "login",
            "refresh",
            "refreshToken",
            "register",
            "tokenAuth",
            "v1ChangePassword",
            "v1DeleteAccount",
            "v1EndSession",
            "v1LinkPassword",
            "v1LinkWallet",
            "v1Login",
            "v1Logout",
            "v1LogoutAll",
            "v1RestoreSession",
            "v1UnlinkWallet",
            "v1UpdateAccount",
            "verifyToken"
        ]
    );
}

async fn the_admin_secret_may_update_any_account(hasura: Hasura) {
    let alice = wallet();
    hasura.log_in(&alice).await;
    let headers = [("x-hasura-admin-secret", hasura.admin_secret.as_str())];
    let answer = hasura
        .graphql(
            &headers,
            UPDATE,
            rename(&["ethereum"], "by hand", &alice.address().to_string()),
        )
        .await;
    assert_eq!(
        answer.data()["v1UpdateAccount"]["res"],
        json!({"updatedIn": ["ethereum"]})
    );
    let wrong = [("x-hasura-admin-secret", "wrong")];
    hasura
        .graphql(&wrong, "{ networks { name } }", json!({}))
        .await
        .assert_code("access-denied");
}
