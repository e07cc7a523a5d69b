//! What the proxy does in compose: `/v1/login` for the published document, `/sapi/*` to the service, the
//! client's address in X-Forwarded-For, one Cookie field out of several, the sign-in page at `/`, everything else to the engine as
//! it is.
//!
//! It is no place for rules: the Caddyfile does the same, and a test runs both.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CONNECTION, COOKIE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tracing::warn;

use crate::web;

/// As in the Caddyfile.
const BODY_CAP: usize = 1_000_000;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hasura's word for a client's `Origin`. A client's own would pass for it.
const FORWARDED_ORIGIN: HeaderName = HeaderName::from_static("x-forwarded-origin");

#[derive(Clone)]
struct Upstream {
    client: reqwest::Client,
    engine: SocketAddr,
    service: SocketAddr,
}

/// A router in front of the engine at `engine` and the service at `service`, with the sign-in page at `/`. Serve it with connection information.
///
/// # Errors
/// When the HTTP client cannot be set up.
pub fn front(engine: SocketAddr, service: SocketAddr, page: &web::Settings) -> anyhow::Result<Router> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    Ok(web::router(page).fallback(forward).with_state(Upstream {
        client,
        engine,
        service,
    }))
}

impl Upstream {
    /// Where a path leads. It is judged as it will be sent: a URL's `..` is resolved when it is parsed, and
    /// `/sapi/../actions/login` must not reach an action.
    fn url(&self, path: &str) -> Option<reqwest::Url> {
        let at = |upstream: SocketAddr| reqwest::Url::parse(&format!("http://{upstream}{path}")).ok();
        let url = at(self.engine)?;
        if url.path().starts_with("/sapi/") {
            return at(self.service);
        }
        Some(url)
    }
}

async fn forward(
    State(upstream): State<Upstream>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = match parts.uri.path() {
        "/v1/login" if parts.method == Method::POST => "/v1/graphql",
        _ => parts.uri.path_and_query().map_or("/", PathAndQuery::as_str),
    };
    // Whole, before a byte goes upstream: a client that sends slowly keeps nothing busy but this connection.
    let body = match axum::body::to_bytes(body, BODY_CAP).await {
        Ok(body) => body,
        Err(error) if is_too_large(&error) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let mut headers = parts.headers;
    drop_hop_by_hop(&mut headers);
    join_cookies(&mut headers);
    headers.remove(FORWARDED_ORIGIN);
    if let Ok(address) = HeaderValue::from_str(&peer.ip().to_string()) {
        headers.insert(FORWARDED_FOR, address);
    }
    let Some(url) = upstream.url(path) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let sent = upstream
        .client
        .request(parts.method, url)
        .headers(headers)
        .body(body)
        .send()
        .await;
    match sent {
        Ok(reply) => {
            let (status, mut headers) = (reply.status(), reply.headers().clone());
            drop_hop_by_hop(&mut headers);
            let mut response = Response::new(Body::from_stream(reply.bytes_stream()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => {
            warn!(error = %error, "an upstream did not answer");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// One Cookie field out of several, as RFC 9113 section 8.2.3 asks for: Hasura and the engine pass on the last of equal fields alone.
fn join_cookies(headers: &mut HeaderMap) {
    let fields: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if fields.len() < 2 {
        return;
    }
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Headers that concern one connection alone, and those that `Connection` names (RFC 9110 section 7.6.1).
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let known = [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    for name in known
        .into_iter()
        .chain([HeaderName::from_static("keep-alive")])
        .chain(named)
    {
        headers.remove(name);
    }
}
