//! A page that has its refresh token in a cookie, through an engine, and who may be such a page. Only HTTP, as its parent; the
//! service behind a real Hasura must run with REFRESH_COOKIE=on, and Hasura with its CORS domains, as compose has them.

use serde_json::json;

use super::bearer;
use crate::support::hasura::{Answer, Hasura, LOG_IN, RESTORE, session_of};
use crate::support::wallet_flow::NONCE_PATH;
use crate::support::{in_both_modes, wallet};

/// A page, and one that is not listed.
const PAGE: (&str, &str) = ("origin", "http://localhost:3000");
const STRANGER: (&str, &str) = ("origin", "https://evil.example");

const LOGOUT: &str = "mutation { v1Logout { res success } }";

in_both_modes! {
    a_page_signs_in_restores_and_signs_out_with_a_cookie,
    two_tabs_at_once_end_up_with_the_same_cookie,
    rest_endpoints_carry_the_cookie_too,
    a_batch_loses_the_cookie_and_the_old_one_still_gets_it,
    a_foreign_page_gets_nothing_by_a_cookie,
    programs_are_answered_as_printed,
    browsers_may_send_cookies_from_listed_origins_alone,
}

/// What a browser would send back: the one cookie of an answer that holds a token.
#[track_caller]
fn cookie(answer: &Answer) -> String {
    let set = set_cookies(answer);
    assert_eq!(set.len(), 1, "{answer:?}");
    let (pair, attributes) = set[0].split_once("; ").unwrap();
    assert_eq!(
        attributes.rsplit_once('=').unwrap().0,
        "Path=/; HttpOnly; SameSite=Strict; Max-Age"
    );
    assert!(pair.starts_with("siwe-refresh=") && pair.len() == 49, "{pair}");
    pair.to_owned()
}

fn set_cookies(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|value| value.to_str().unwrap()).collect()
}

async fn signed_in(hasura: &Hasura) -> (String, String) {
    let variables = session_of(&hasura.message(&wallet()));
    let answer = hasura.graphql(&[PAGE], LOG_IN, variables).await;
    (access(&answer, "v1Login"), cookie(&answer))
}

/// The access token of an answer that has no other.
#[track_caller]
fn access(answer: &Answer, field: &str) -> String {
    let res = &answer.data()[field]["res"];
    assert_eq!(
        res.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["accessToken"],
        "{answer:?}"
    );
    res["accessToken"].as_str().unwrap().to_owned()
}

async fn restored(hasura: &Hasura, cookie: &str) -> Answer {
    let headers = [PAGE, ("cookie", cookie)];
    hasura.graphql(&headers, RESTORE, json!({"session": {}})).await
}

async fn a_page_signs_in_restores_and_signs_out_with_a_cookie(hasura: Hasura) {
    let (_, first) = signed_in(&hasura).await;
    let answer = restored(&hasura, &first).await;
    let second = cookie(&answer);
    assert_ne!(first, second);
    let bearer = bearer(&access(&answer, "v1RestoreSession"));
    let headers = [
        PAGE,
        ("authorization", bearer.as_str()),
        ("cookie", second.as_str()),
    ];
    let answer = hasura.graphql(&headers, LOGOUT, json!({})).await;
    assert_eq!(answer.data()["v1Logout"]["res"], json!({"ended": 1}));
    assert!(
        set_cookies(&answer).contains(&"siwe-refresh=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
        "{answer:?}"
    );
    // The service says it again with the refusal, and Hasura keeps that to itself: an error carries no cookie.
    let answer = restored(&hasura, &second).await;
    answer.assert_code("refresh_token_invalid");
    assert!(set_cookies(&answer).is_empty(), "{answer:?}");
}

async fn two_tabs_at_once_end_up_with_the_same_cookie(hasura: Hasura) {
    let (_, first) = signed_in(&hasura).await;
    let tabs = (0..4).map(|_| restored(&hasura, &first));
    let answers = futures_util::future::join_all(tabs).await;
    let next = cookie(&answers[0]);
    assert!(answers.iter().all(|answer| cookie(answer) == next));
    cookie(&restored(&hasura, &next).await);
}

async fn rest_endpoints_carry_the_cookie_too(hasura: Hasura) {
    let variables = session_of(&hasura.message(&wallet()));
    let answer = hasura.post("/api/rest/v1/login", &[PAGE], variables).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let first = cookie(&answer);
    let body = json!({"session": {}});
    let headers = [PAGE, ("cookie", first.as_str())];
    let answer = hasura
        .post("/api/rest/v1/restore-session", &headers, body.clone())
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    cookie(&answer);
    let headers = [STRANGER, ("cookie", first.as_str())];
    let answer = hasura.post("/api/rest/v1/restore-session", &headers, body).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (403, &json!("forbidden")),
        "{answer:?}"
    );
}

async fn a_batch_loses_the_cookie_and_the_old_one_still_gets_it(hasura: Hasura) {
    let (_, first) = signed_in(&hasura).await;
    let headers = [PAGE, ("cookie", first.as_str())];
    let item = json!({"query": RESTORE, "variables": {"session": {}}});
    let answer = hasura.post("/v1/graphql", &headers, json!([item])).await;
    let res = &answer.body[0]["data"]["v1RestoreSession"]["res"];
    assert!(
        res["accessToken"].is_string() && res.get("refreshToken").is_none(),
        "{answer:?}"
    );
    assert!(set_cookies(&answer).is_empty(), "{answer:?}");
    // Within the grace time it is a retry.
    cookie(&restored(&hasura, &first).await);
}

async fn a_foreign_page_gets_nothing_by_a_cookie(hasura: Hasura) {
    let (_, first) = signed_in(&hasura).await;
    let own = ("x-forwarded-origin", PAGE.1);
    for headers in [
        vec![STRANGER],
        vec![],
        vec![("origin", "null")],
        vec![("origin", "http://localhost:3000.evil.example")],
        // The proxy takes away what Hasura would believe.
        vec![STRANGER, own],
        vec![own],
        vec![STRANGER, ("x-hasura-origin", PAGE.1)],
    ] {
        let mut headers = headers;
        headers.push(("cookie", first.as_str()));
        let answer = hasura.graphql(&headers, RESTORE, json!({"session": {}})).await;
        answer.assert_code("forbidden");
        // Nor does such a page sign anybody in by one.
        let variables = session_of(&hasura.message(&wallet()));
        let answer = hasura.graphql(&headers, LOG_IN, variables).await;
        answer.tokens("v1Login");
        assert!(set_cookies(&answer).is_empty(), "{headers:?}: {answer:?}");
    }
    cookie(&restored(&hasura, &first).await);
}

async fn programs_are_answered_as_printed(hasura: Hasura) {
    let answer = hasura.log_in_with(&hasura.message(&wallet())).await;
    let (_, refresh) = answer.tokens("v1Login");
    assert!(set_cookies(&answer).is_empty(), "{answer:?}");
    let input = json!({"session": {"refreshToken": refresh}});
    let answer = hasura.graphql(&[], RESTORE, input).await;
    let (_, refresh) = answer.tokens("v1RestoreSession");
    assert!(set_cookies(&answer).is_empty(), "{answer:?}");
    // A page that has one in hand changes over with it.
    let input = json!({"session": {"refreshToken": refresh}});
    cookie(&hasura.graphql(&[PAGE], RESTORE, input).await);
}

async fn browsers_may_send_cookies_from_listed_origins_alone(hasura: Hasura) {
    let header = |answer: &Answer, name: &str| {
        let value = answer.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    for path in ["/v1/graphql", "/v1/login", "/api/rest/v1/login"] {
        let answer = hasura.preflight(path, PAGE.1).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(
            header(&answer, "access-control-allow-origin").as_deref(),
            Some(PAGE.1)
        );
        assert_eq!(
            header(&answer, "access-control-allow-credentials").as_deref(),
            Some("true")
        );
        let allowed = header(&answer, "access-control-allow-headers").unwrap();
        assert!(
            allowed.contains("content-type") && allowed.contains("authorization"),
            "{allowed}"
        );
    }
    for origin in [
        "null",
        "https://evil.example",
        "http://localhost:3000.evil.example",
        "http://evil.localhost:3000",
        "HTTP://LOCALHOST:3000",
        "http://localhost:30000",
    ] {
        for path in ["/v1/graphql", NONCE_PATH] {
            let answer = hasura.preflight(path, origin).await;
            assert_eq!(
                header(&answer, "access-control-allow-origin"),
                None,
                "{origin} {path}"
            );
        }
        let query = json!({"query": "{ networks { name } }"});
        let answer = hasura.post("/v1/graphql", &[("origin", origin)], query).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
    }
    let answer = hasura.preflight(NONCE_PATH, PAGE.1).await;
    assert_eq!(
        (
            answer.status,
            header(&answer, "access-control-allow-origin").as_deref()
        ),
        (204, Some(PAGE.1))
    );
}
