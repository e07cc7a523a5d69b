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

/// Names the request, always with an id of our own because a caller's could be anything; logs and counts it when its
/// reply is known. One layer and not two: each costs what a small answer does.
pub(super) async fn follow_request(
    State(entropy): State<Entropy>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = entropy.uuid().to_string();
    let trace = trace_id(&request);
    // Without a trace there is no field: an empty one would look like a trace that was lost.
    let span = info_span!("request", request.id = %id, trace.id = trace.as_deref().map(display));
    let name = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let mut reply = answer_logged(request, next).instrument(span).await;
    if let Ok(name) = name {
        reply.headers_mut().insert(HEADER, name);
    }
    reply
}

/// The trace that Hasura's request belongs to (W3C Trace Context section 3.2.2).
fn trace_id(request: &Request) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    let id = text.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
}

async fn answer_logged(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("unknown", MatchedPath::as_str);
    let reply = next.run(request).await;
    let status = reply.status().as_u16();
    let code = reply.extensions().get::<ReplyCode>().map_or("ok", |code| code.0);
    let seconds = begun.elapsed().as_secs_f64();
    // Labels come from our own routes and codes alone, so their number is bounded.
    metrics::counter!("hasura_siwe_requests_total", "route" => route.to_owned(), "code" => code).increment(1);
    metrics::histogram!("hasura_siwe_request_seconds", "route" => route.to_owned()).record(seconds);
    // Hasura asks the hook before every request and writes a line of its own about it.
    let is_everyday = matches!(route, "/healthz" | "/readyz") || route == "/webhook" && code == "ok";
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
