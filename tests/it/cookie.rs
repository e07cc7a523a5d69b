//! `REFRESH_COOKIE=on` as the service sees it: which pages get their refresh token as a cookie, whose cookie counts, and who
//! is told to forget it. The same through an engine is in `end_to_end/cookies.rs`.

use serde_json::{Value, json};
use time::Duration;

use crate::ends::{id_of, session_of};
use crate::support::app::{ACTIONS_SECRET, TestApp, guest};
use crate::support::people::PASSWORD;
use crate::support::{Reply, wallet};

const APP: &str = "https://app.example.com";
const LAPTOP: &str = "http://localhost:3000";
/// The cookies of a page over https and of one over http.
const SECURE: &str = "__Host-siwe-refresh";
const PLAIN: &str = "siwe-refresh";

const FORGET_SECURE: &str = "__Host-siwe-refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
const FORGET_PLAIN: &str = "siwe-refresh=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";

async fn with_cookies() -> TestApp {
    TestApp::with(&[("REFRESH_COOKIE", "on")]).await
}

/// An action as Hasura calls it for a client with these headers.
async fn call(app: &TestApp, headers: &[(&str, &str)], path: &str, body: Value) -> Reply {
    let mut request = reqwest::Client::new()
        .post(format!("http://{}{path}", app.address))
        .header("X-Actions-Secret", ACTIONS_SECRET)
        .body(body.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().await.unwrap()).await
}

fn envelope(action: &str, session: &Value, input: &Value) -> Value {
    json!({"action": {"name": action}, "session_variables": session, "input": input})
}

async fn log_in(app: &TestApp, headers: &[(&str, &str)]) -> Reply {
    let signed = app.message(&wallet());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    call(
        app,
        headers,
        "/actions/login",
        envelope("v1Login", &guest(), &input),
    )
    .await
}

async fn restore(app: &TestApp, headers: &[(&str, &str)], session: Value) -> Reply {
    let body = envelope("v1RestoreSession", &guest(), &json!({"session": session}));
    call(app, headers, "/actions/restore-session", body).await
}

/// With the cookie of this name from a page of this origin, and nothing else.
async fn restore_by_cookie(app: &TestApp, origin: &str, name: &str, token: &str) -> Reply {
    let cookie = format!("theme=dark; {name}={token}");
    restore(
        app,
        &[("x-forwarded-origin", origin), ("cookie", &cookie)],
        json!({}),
    )
    .await
}

fn set_cookies(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all("set-cookie").iter();
    all.map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn value_of(cookie: &str) -> &str {
    let (_, rest) = cookie.split_once('=').unwrap();
    rest.split(';').next().unwrap()
}

/// The token that the one cookie of the reply holds; the body holds none.
#[track_caller]
fn kept(reply: &Reply) -> String {
    let cookies = set_cookies(reply.assert_ok());
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let token = value_of(&cookies[0]).to_owned();
    assert!(!token.is_empty() && !reply.text.contains(&token), "{reply:?}");
    let res = reply.res();
    assert_eq!(
        res.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["accessToken"]
    );
    token
}

#[tokio::test]
async fn a_page_of_a_listed_origin_gets_its_refresh_token_in_a_cookie_alone() {
    let app = with_cookies().await;
    for (origin, name, secure) in [(APP, SECURE, " Secure;"), (LAPTOP, PLAIN, "")] {
        let reply = log_in(&app, &[("x-forwarded-origin", origin)]).await;
        let token = kept(&reply);
        assert_eq!(
            set_cookies(&reply),
            [format!(
                "{name}={token}; Path=/;{secure} HttpOnly; SameSite=Strict; Max-Age=1209600"
            )]
        );
        let next = kept(&restore_by_cookie(&app, origin, name, &token).await);
        assert_ne!(next, token);
        kept(&restore_by_cookie(&app, origin, name, &next).await);
    }
}

#[tokio::test]
async fn whoever_comes_from_no_listed_page_is_answered_as_without_cookies() {
    let app = with_cookies().await;
    let both = [("x-forwarded-origin", APP), ("x-forwarded-origin", APP)];
    let mut strangers: Vec<Vec<(&str, &str)>> = vec![vec![], vec![("origin", APP)], both.to_vec()];
    for origin in [
        "null",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://evil.app.example.com",
        "https://App.Example.com",
        "http://app.example.com",
        "https://app.example.com:443",
    ] {
        strangers.push(vec![("x-forwarded-origin", origin)]);
    }
    for headers in strangers {
        let reply = log_in(&app, &headers).await;
        assert_eq!(set_cookies(&reply), [""; 0], "{headers:?}");
        let token = reply.assert_ok().refresh_token();
        let reply = restore(&app, &headers, json!({"refreshToken": token})).await;
        assert_eq!(set_cookies(&reply), [""; 0], "{headers:?}");
        reply.assert_ok().refresh_token();
    }
}

#[tokio::test]
async fn without_the_switch_there_is_no_cookie_and_none_is_read() {
    let app = TestApp::start().await;
    let reply = log_in(&app, &[("x-forwarded-origin", APP)]).await;
    assert_eq!(set_cookies(&reply), [""; 0]);
    let token = reply.assert_ok().refresh_token();
    for session in [json!({}), json!({"refreshToken": null})] {
        let cookie = format!("{SECURE}={token}");
        let headers = [("x-forwarded-origin", APP), ("cookie", cookie.as_str())];
        let reply = restore(&app, &headers, session).await;
        reply.assert_error(400, "bad_request");
        assert_eq!(set_cookies(&reply), [""; 0]);
    }
    let reply = call(
        &app,
        &[],
        "/actions/logout",
        envelope("v1Logout", &session_of(&reply_of(&app).await), &json!({})),
    )
    .await;
    assert_eq!(set_cookies(reply.assert_ok()), [""; 0]);
    app.restore(&token).await.assert_ok();
}

/// A log-in as printed.
async fn reply_of(app: &TestApp) -> Reply {
    app.log_in_with(&app.message(&wallet())).await
}

#[tokio::test]
async fn two_tabs_at_once_are_told_the_same_next_cookie() {
    let app = with_cookies().await;
    let token = kept(&log_in(&app, &[("x-forwarded-origin", APP)]).await);
    let tabs = (0..5).map(|_| restore_by_cookie(&app, APP, SECURE, &token));
    let replies = futures_util::future::join_all(tabs).await;
    let next = kept(&replies[0]);
    assert!(replies.iter().all(|reply| kept(reply) == next));
    // A tab that slept: within the grace time it is a retry, and after it the cookie was a copy.
    assert_eq!(kept(&restore_by_cookie(&app, APP, SECURE, &token).await), next);
    app.clock.advance(Duration::seconds(31));
    let reply = restore_by_cookie(&app, APP, SECURE, &token).await;
    reply.assert_error(401, "refresh_token_invalid");
    let reply = restore_by_cookie(&app, APP, SECURE, &next).await;
    reply.assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a_cookie_alone_is_nothing_from_a_foreign_page_and_stays_good() {
    let app = with_cookies().await;
    let token = kept(&log_in(&app, &[("x-forwarded-origin", APP)]).await);
    let cookie = format!("{SECURE}={token}");
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("https://evil.app.example.com"),
        Some("HTTPS://APP.EXAMPLE.COM"),
    ] {
        let mut headers = vec![("cookie", cookie.as_str()), ("origin", APP)];
        headers.extend(origin.map(|origin| ("x-forwarded-origin", origin)));
        let reply = restore(&app, &headers, json!({})).await;
        reply.assert_error(403, "forbidden");
        assert_eq!(set_cookies(&reply), [""; 0], "{origin:?}");
    }
    // Nor does what a guest may put into session variables make a page of it.
    let forged = json!({
        "x-hasura-role": "guest", "x-hasura-origin": APP, "x-forwarded-origin": APP, "origin": APP, "cookie": cookie,
    });
    let body = envelope("v1RestoreSession", &forged, &json!({"session": {}}));
    let reply = call(&app, &[("cookie", &cookie)], "/actions/restore-session", body).await;
    reply.assert_error(403, "forbidden");
    kept(&restore_by_cookie(&app, APP, SECURE, &token).await);
}

#[tokio::test]
async fn a_token_in_the_input_goes_before_the_cookie_and_moves_into_it() {
    let app = with_cookies().await;
    let page = ("x-forwarded-origin", APP);
    let in_cookie = kept(&log_in(&app, &[page]).await);
    let cookie = format!("{SECURE}={in_cookie}");
    let by_hand = app.log_in(&wallet()).await;
    let reply = restore(
        &app,
        &[page, ("cookie", &cookie)],
        json!({"refreshToken": by_hand}),
    )
    .await;
    kept(&reply);
    // One that is refused says nothing about the cookie.
    let reply = restore(&app, &[page, ("cookie", &cookie)], json!({"refreshToken": "x"})).await;
    reply.assert_error(401, "refresh_token_invalid");
    assert_eq!(set_cookies(&reply), [""; 0]);
    kept(&restore_by_cookie(&app, APP, SECURE, &in_cookie).await);
}

#[tokio::test]
async fn a_cookie_that_is_good_for_nothing_is_forgotten() {
    let app = with_cookies().await;
    for (origin, name, forget) in [(APP, SECURE, FORGET_SECURE), (LAPTOP, PLAIN, FORGET_PLAIN)] {
        for token in ["", "x", "d1789988-2406-4937-bc3d-2f9e039e7e1b"] {
            let reply = restore_by_cookie(&app, origin, name, token).await;
            reply.assert_error(401, "refresh_token_invalid");
            assert_eq!(set_cookies(&reply), [forget], "{token}");
        }
    }
    // A page that never signed in is told the same.
    let reply = restore(&app, &[("x-forwarded-origin", APP)], json!({})).await;
    reply.assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a_page_has_the_cookie_of_its_own_scheme_alone() {
    let app = with_cookies().await;
    let token = kept(&log_in(&app, &[("x-forwarded-origin", APP)]).await);
    // A neighbour under the same domain could set this one.
    let reply = restore_by_cookie(&app, APP, PLAIN, &token).await;
    reply.assert_error(401, "refresh_token_invalid");
    let reply = restore_by_cookie(&app, LAPTOP, SECURE, &token).await;
    reply.assert_error(401, "refresh_token_invalid");
    kept(&restore_by_cookie(&app, APP, SECURE, &token).await);
}

#[tokio::test]
async fn an_unclear_cookie_header_is_refused_and_spends_nothing() {
    let app = with_cookies().await;
    let token = kept(&log_in(&app, &[("x-forwarded-origin", APP)]).await);
    let one = format!("{SECURE}={token}");
    let (twice, large) = (
        format!("{one}; {one}"),
        format!("{one}; a={}", "x".repeat(16 << 10)),
    );
    for cookies in [vec![&twice], vec![&one, &one], vec![&large]] {
        let mut headers = vec![("x-forwarded-origin", APP)];
        headers.extend(cookies.iter().map(|cookie| ("cookie", cookie.as_str())));
        let reply = restore(&app, &headers, json!({})).await;
        reply.assert_error(400, "bad_request");
        assert!(
            set_cookies(&reply).is_empty() && !reply.text.contains(&token),
            "{reply:?}"
        );
        // A log-in has no need of it.
        kept(&log_in(&app, &headers).await);
    }
    kept(&restore_by_cookie(&app, APP, SECURE, &token).await);
}

#[tokio::test]
async fn whoever_ends_their_own_session_forgets_the_cookie() {
    let app = with_cookies().await;
    let alice = wallet();
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(session_of(&app.log_in_with(&app.message(&alice)).await));
    }
    let id = |session: &Value| json!({"id": id_of(session)});
    let both = [FORGET_SECURE, FORGET_PLAIN];
    for (path, action, session, input, forgotten) in [
        (
            "/actions/end-session",
            "v1EndSession",
            &sessions[0],
            id(&sessions[1]),
            &both[..0],
        ),
        (
            "/actions/end-session",
            "v1EndSession",
            &sessions[0],
            id(&sessions[0]),
            &both[..],
        ),
        ("/actions/logout", "v1Logout", &sessions[2], json!({}), &both[..]),
        // Once more changes nothing but the browser.
        ("/actions/logout", "v1Logout", &sessions[2], json!({}), &both[..]),
        (
            "/actions/logout-all",
            "v1LogoutAll",
            &sessions[3],
            json!({}),
            &both[..],
        ),
    ] {
        let reply = call(&app, &[], path, envelope(action, session, &input)).await;
        assert_eq!(set_cookies(reply.assert_ok()), forgotten, "{action} {input}");
    }
    let reply = call(
        &app,
        &[],
        "/actions/logout",
        envelope("v1Logout", &guest(), &json!({})),
    )
    .await;
    reply.assert_error(403, "forbidden");
    assert_eq!(set_cookies(&reply), [""; 0]);
}

#[tokio::test]
async fn a_cookie_lives_as_long_as_its_session() {
    let app = TestApp::with(&[
        ("REFRESH_COOKIE", "on"),
        ("REFRESH_IDLE_TTL", "2d"),
        ("REFRESH_ABSOLUTE_TTL", "3d"),
    ])
    .await;
    let seconds = |reply: &Reply| -> i64 {
        let cookie = set_cookies(reply).remove(0);
        cookie.rsplit_once("Max-Age=").unwrap().1.parse().unwrap()
    };
    let reply = log_in(&app, &[("x-forwarded-origin", APP)]).await;
    assert_eq!(seconds(&reply), 2 * 86_400);
    app.clock.advance(Duration::hours(36));
    let reply = restore_by_cookie(&app, APP, SECURE, &kept(&reply)).await;
    // Unused it would live two days more, and it has only a day and a half.
    let left = seconds(&reply);
    assert!((36 * 3600 - 60..=36 * 3600).contains(&left), "{left}");
    // A session keeps the idle time that it began with, whatever the service was given since.
    let client = app.db.connect().await;
    client
        .execute("update auth.sessions set refresh_ttl = interval '1 hour'", &[])
        .await
        .unwrap();
    let reply = restore_by_cookie(&app, APP, SECURE, &kept(&reply)).await;
    assert_eq!(seconds(&reply), 3600);
}

#[tokio::test]
async fn the_other_published_log_ins_answer_as_their_documents_print() {
    let app = TestApp::with(&[("REFRESH_COOKIE", "on"), ("REGISTRATION", "open")]).await;
    let page = [("x-forwarded-origin", APP)];
    let (email, username) = ("john@mail.com", "john");
    let input = json!({"email": email, "username": username, "password": PASSWORD});
    let body = envelope("register", &guest(), &input);
    call(&app, &page, "/actions/register", body).await.assert_ok();
    let input = json!({"email": email, "password": PASSWORD});
    let body = envelope("login", &guest(), &input);
    let reply = call(&app, &page, "/actions/email-login", body).await;
    assert_eq!(set_cookies(&reply), [""; 0]);
    let token = reply.assert_ok().json()["refresh_token"].clone();
    let body = envelope("refreshToken", &guest(), &json!({"refreshToken": token}));
    let reply = call(&app, &page, "/actions/refresh-token", body).await;
    assert_eq!(set_cookies(&reply), [""; 0]);
    assert!(reply.assert_ok().json()["refresh_token"].is_string());
    // Its token is nothing in our cookie.
    let token = reply.json()["refresh_token"].as_str().unwrap().to_owned();
    let reply = restore_by_cookie(&app, APP, SECURE, &token).await;
    reply.assert_error(401, "refresh_token_invalid");
}
