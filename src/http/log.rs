//! One line a request, under an id that the audit log keeps as well. Never a body, a header that
//! could hold a token, or a query string.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, info, info_span};

use super::error::ReplyCode;
use crate::entropy::Entropy;

/// The id of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request: always with an id of our own, because a caller's could be anything.
pub(super) async fn name_request(
    State(entropy): State<Entropy>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = entropy.uuid().to_string();
    let trace = trace_id(&request);
    // Without a trace there is no field: an empty one would look like a trace that was lost.
    let span = info_span!("request", request.id = %id, trace.id = trace.as_deref().map(display));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut reply = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        reply.headers_mut().insert(HEADER, value);
    }
    reply
}

/// The trace that Hasura's request belongs to (W3C Trace Context section 3.2.2).
fn trace_id(request: &Request) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    let id = text.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Logs and counts the request when its reply is known.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let reply = next.run(request).await;
    let status = reply.status().as_u16();
    let code = reply.extensions().get::<ReplyCode>().map_or("ok", |code| code.0);
    let seconds = begun.elapsed().as_secs_f64();
    // Labels come from our own routes and codes alone, so their number is bounded.
    metrics::counter!("hasura_siwe_requests_total", "route" => route.clone(), "code" => code).increment(1);
    metrics::histogram!("hasura_siwe_request_seconds", "route" => route.clone()).record(seconds);
    // Hasura asks the hook before every request and writes a line of its own about it.
    let is_everyday = matches!(route.as_str(), "/healthz" | "/readyz") || route == "/webhook" && code == "ok";
    if is_everyday {
        tracing::debug!(http.method = %method, http.route = %route, http.status = status, "{method} {route} {status}");
    } else {
        info!(
            http.method = %method,
            http.route = %route,
            http.status = status,
            code,
            // Whole microseconds: what lies below is noise.
            duration_ms = (seconds * 1e6).round() / 1e3,
            "{method} {route} {status} {code}"
        );
    }
    reply
}
