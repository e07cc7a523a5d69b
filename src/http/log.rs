//! One line a request, under an id that the audit log keeps as well. Never a body, a header that
//! could hold a token, or a query string.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};

use super::error::ReplyCode;
use super::metrics::{Requests, UNKNOWN};
use crate::entropy::Entropy;
use crate::trace;

/// The id of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What following a request takes.
pub(super) struct Follower {
    entropy: Entropy,
    requests: Requests,
}

impl Follower {
    pub(super) fn new(entropy: Entropy) -> Self {
        Self {
            entropy,
            requests: Requests::new(),
        }
    }
}

/// Names the request, always with an id of our own because a caller's could be anything; logs and counts it when its
/// reply is known. One layer and not two: each costs what a small answer does.
pub(super) async fn follow_request(
    State(follower): State<Arc<Follower>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = follower.entropy.uuid().to_string();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or(UNKNOWN, MatchedPath::as_str);
    let traced = span_of(&request, route, &id);
    let given = request.headers().get("traceparent");
    let given = given.and_then(|value| value.to_str().ok());
    let trace = trace::begin(&traced, given).or_else(|| trace_id(given));
    // Without a trace there is no field: an empty one would look like a trace that was lost.
    let span = info_span!("request", request.id = %id, trace.id = trace.as_deref().map(display));
    let name = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let answered = answer_logged(&follower.requests, route, request, next, &traced);
    let mut reply = answered.instrument(traced.clone()).instrument(span).await;
    if let Ok(name) = name {
        reply.headers_mut().insert(HEADER, name);
    }
    reply
}

/// The request as a part of its trace. Health checks are part of none.
fn span_of(request: &Request, route: &str, id: &str) -> Span {
    if matches!(route, "/healthz" | "/readyz") {
        return Span::none();
    }
    trace::span!(
        "request",
        otel.name = format!("{} {route}", request.method()).as_str(),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = Empty,
        error.type = Empty,
        request.id = id
    )
}

/// The trace that Hasura's request belongs to (W3C Trace Context section 3.2.2).
fn trace_id(traceparent: Option<&str>) -> Option<String> {
    let id = traceparent?.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
}

async fn answer_logged(
    requests: &Requests,
    route: &str,
    request: Request,
    next: Next,
    traced: &Span,
) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let reply = next.run(request).await;
    let status = reply.status().as_u16();
    let code = reply.extensions().get::<ReplyCode>().map_or("ok", |code| code.0);
    let seconds = begun.elapsed().as_secs_f64();
    requests.count(route, code, seconds);
    if !traced.is_disabled() {
        traced.record("http.response.status_code", status);
        if code != "ok" {
            traced.record("error.type", code);
        }
        // A refusal is no fault; what is ours has one of these codes.
        if matches!(code, "unavailable" | "rpc_unavailable") {
            traced.record("otel.status_code", "ERROR");
        }
    }
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
