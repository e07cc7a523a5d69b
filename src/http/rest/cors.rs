//! CORS for `/sapi`: which pages may call it and read its answers. Those of SIWE_ORIGINS, and no others.
//!
//! The surface takes no cookie and no header but Content-Type, so credentials are not allowed and a wildcard would gain
//! nothing but readers. Hasura has rules of its own (HASURA_GRAPHQL_CORS_DOMAIN), and behind it nobody is a browser.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::arrivals::Arrivals;
use crate::http::pages::Pages;

/// Two hours: no browser remembers a preflight for longer than a day, and Chromium for no longer than this.
const REMEMBER: &str = "7200";

/// Which pages may call, and what a preflight's body must pass.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) pages: Pages,
    pub(super) arrivals: Arrivals,
}

/// Answers preflights of listed pages, and marks every answer to them. To anybody else it does nothing, and a browser
/// then keeps the answer from its page.
pub(super) async fn around(State(rules): State<Rules>, request: Request, next: Next) -> Response {
    let origin = rules.pages.listed(request.headers(), &ORIGIN).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if is_preflight => preflight(&rules.arrivals, request).await,
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // To strangers too: a cache must not give one page the answer of another.
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = HeaderValue::from_static("retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    }
    response
}

async fn preflight(arrivals: &Arrivals, request: Request) -> Response {
    // There is none, as a rule; an unread one would cost the proxy its connection.
    let _ = arrivals.complete(request).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let told: [(HeaderName, &str); 3] = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (ACCESS_CONTROL_MAX_AGE, REMEMBER),
    ];
    for (name, value) in told {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
