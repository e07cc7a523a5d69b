//! Who may call `/sapi` from a browser: pages of SIWE_ORIGINS, and nobody may call an action or the webhook so.

use reqwest::Method;
use serde_json::json;

use crate::support::wallet_flow::{LOGIN_PATH, NONCE_PATH, REFRESH_PATH};
use crate::support::{Reply, TestApp, wallet};

const APP: &str = "https://app.example.com";

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
    let url = format!("http://{}{path}", app.address);
    let mut request = reqwest::Client::new().request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().await.unwrap()).await
}

/// As a browser asks before it sends JSON.
async fn preflight(app: &TestApp, path: &str, origin: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    send(app, Method::OPTIONS, path, &headers, String::new()).await
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    reply.headers.get(name).map(|value| value.to_str().unwrap())
}

fn says_nothing_of_cors(reply: &Reply) -> bool {
    reply
        .headers
        .keys()
        .all(|name| !name.as_str().starts_with("access-control-"))
}

const STRANGERS: [&str; 9] = [
    "null",
    "*",
    "https://evil.example",
    "https://app.example.com.evil.example",
    "https://evil.app.example.com",
    "https://App.Example.com",
    "http://app.example.com",
    "https://app.example.com:443",
    "https://app.example.com, https://evil.example",
];

#[tokio::test]
async fn a_listed_page_may_send_json_and_read_the_answer() {
    let app = TestApp::start().await;
    for path in [NONCE_PATH, LOGIN_PATH, REFRESH_PATH, "/sapi/v2/nothing"] {
        let reply = preflight(&app, path, APP).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(header(&reply, "access-control-allow-origin"), Some(APP));
        assert_eq!(header(&reply, "access-control-allow-methods"), Some("POST"));
        assert_eq!(
            header(&reply, "access-control-allow-headers"),
            Some("content-type")
        );
        assert_eq!(header(&reply, "access-control-max-age"), Some("7200"));
        // No cookie belongs here.
        assert_eq!(header(&reply, "access-control-allow-credentials"), None);
        assert_eq!(header(&reply, "vary"), Some("origin"));
    }
    let body = json!({"eth_address": wallet().address()}).to_string();
    for (body, status) in [(body.as_str(), 200), ("{}", 400)] {
        let reply = send(
            &app,
            Method::POST,
            NONCE_PATH,
            &[("origin", APP)],
            body.to_owned(),
        )
        .await;
        assert_eq!(
            (reply.status, header(&reply, "access-control-allow-origin")),
            (status, Some(APP))
        );
        assert_eq!(
            header(&reply, "access-control-expose-headers"),
            Some("retry-after")
        );
    }
}

#[tokio::test]
async fn nobody_else_is_told_anything() {
    let app = TestApp::start().await;
    let body = json!({"eth_address": wallet().address()}).to_string();
    for origin in STRANGERS {
        let reply = preflight(&app, NONCE_PATH, origin).await;
        assert_eq!(reply.status, 405, "{origin}");
        assert!(says_nothing_of_cors(&reply), "{origin}: {reply:?}");
        let reply = send(
            &app,
            Method::POST,
            NONCE_PATH,
            &[("origin", origin)],
            body.clone(),
        )
        .await;
        assert!(
            reply.status == 200 && says_nothing_of_cors(&reply),
            "{origin}: {reply:?}"
        );
        assert_eq!(header(&reply, "vary"), Some("origin"), "{origin}");
    }
    let two = [("origin", APP), ("origin", APP)];
    let reply = send(&app, Method::POST, NONCE_PATH, &two, body.clone()).await;
    assert!(says_nothing_of_cors(&reply), "{reply:?}");
    // OPTIONS that is no preflight is a method like any other.
    let reply = send(
        &app,
        Method::OPTIONS,
        NONCE_PATH,
        &[("origin", APP)],
        String::new(),
    )
    .await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn actions_and_the_webhook_are_for_no_page() {
    let app = TestApp::with(&[("REFRESH_COOKIE", "on")]).await;
    for path in [
        "/actions/login",
        "/actions/restore-session",
        "/webhook",
        "/.well-known/jwks.json",
        "/readyz",
    ] {
        let reply = preflight(&app, path, APP).await;
        assert!(
            reply.status == 405 && says_nothing_of_cors(&reply),
            "{path}: {reply:?}"
        );
        let reply = send(&app, Method::POST, path, &[("origin", APP)], "{}".to_owned()).await;
        assert!(says_nothing_of_cors(&reply), "{path}: {reply:?}");
    }
}
