//! Several Cookie fields in one request, as browsers send them over HTTP/2: what stands in front of Hasura makes one of them, because
//! Hasura and the local engine pass on the last of equal fields alone.

use axum::Router;
use axum::http::HeaderMap;
use hasura_siwe::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::support::caddy::Caddy;
use crate::support::hasura::{Answer, LOG_IN};
use crate::support::hasura::{Hasura, RESTORE, session_of};
use crate::support::wallet;

const PAGE: &str = "http://localhost:3000";

/// A server that answers with the Cookie fields that reach it.
async fn cookies_that_arrive() -> String {
    let router = Router::new().fallback(async |headers: HeaderMap| {
        let fields = headers.get_all("cookie").iter();
        let fields: Vec<&str> = fields.map(|field| field.to_str().unwrap()).collect();
        json!(fields).to_string()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

// Field report P02.
#[tokio::test]
async fn the_shipped_caddyfile_joins_the_cookie_fields_of_http_2() {
    let upstream = cookies_that_arrive().await;
    let caddy = Caddy::start(&upstream, &upstream, &["h2c"]).await;
    for path in ["/v1/graphql", "/sapi/v2/auth/nonce"] {
        let output = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deploy/cookies.mjs"))
            .arg(format!("{}{path}", caddy.base))
            .args(["siwe-refresh=secret", "theme=dark", "lang=en"])
            .output()
            .await
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let fields: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(fields, json!(["siwe-refresh=secret; theme=dark; lang=en"]));
    }
    caddy.stop().await;
}

// Field report P02.
#[tokio::test]
async fn the_front_joins_cookie_fields_so_that_a_session_does_not_depend_on_their_order() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let from_page = [("origin", PAGE)];
    let signed = hasura.message(&wallet());
    let answer = hasura.graphql(&from_page, LOG_IN, session_of(&signed)).await;
    let mut token = kept(&answer);
    for order in [["{}", "theme=dark"], ["theme=dark", "{}"]] {
        let fields = order.map(|field| field.replace("{}", &token));
        let headers = [
            ("origin", PAGE),
            ("cookie", fields[0].as_str()),
            ("cookie", fields[1].as_str()),
        ];
        let answer = hasura.graphql(&headers, RESTORE, json!({"session": {}})).await;
        token = kept(&answer);
    }
}

/// The refresh token's cookie, `NAME=VALUE`.
#[track_caller]
fn kept(answer: &Answer) -> String {
    let cookie = answer
        .headers
        .get("set-cookie")
        .unwrap_or_else(|| panic!("{answer:?}"));
    let cookie = cookie.to_str().unwrap();
    assert!(cookie.starts_with("siwe-refresh="), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}
