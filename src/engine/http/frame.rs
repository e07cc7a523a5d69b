//! What surrounds every request: its id, CORS headers, and one line in the log.
//!
//! The line names the operation, the role and the outcome; never a body, a token or a variable.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::info;

use crate::engine::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a handler knows about the request it answered, for the log.
#[derive(Clone, Default)]
pub(super) struct Note {
    operation: Option<String>,
    role: Option<String>,
    code: Option<String>,
}

impl Note {
    pub(super) fn of(operation: Option<&str>, role: Option<&str>, code: Option<&str>) -> Self {
        Self {
            operation: operation.map(str::to_owned),
            role: role.map(str::to_owned),
            code: code.map(str::to_owned),
        }
    }

    pub(super) fn name(&mut self, operation: &str) {
        self.operation = Some(operation.to_owned());
    }
}

pub(super) fn json(status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The cookies of a hook or of handlers; only a reply without an error carries them.
pub(super) fn set_cookies(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

pub(super) async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = shared.clock.now();
    let id = request.headers().get(REQUEST_ID).cloned().unwrap_or_else(new_id);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let cors = shared.cors.headers(request.headers());
    let mut response = match &cors {
        Some(cors) if method == Method::OPTIONS => cors.preflight(request.headers()),
        _ => next.run(request).await,
    };
    if let Some(cors) = cors {
        cors.add_to(response.headers_mut());
    }
    let note = response.extensions().get::<Note>().cloned().unwrap_or_default();
    if note.code.is_none() {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    info!(
        request.id = id.to_str().unwrap_or_default(),
        operation = note.operation.as_deref().unwrap_or_default(),
        role = note.role.as_deref().unwrap_or_default(),
        code = note.code.as_deref().unwrap_or_default(),
        status = response.status().as_u16(),
        latency_ms = (shared.clock.now() - begun).whole_milliseconds() as i64,
        "{method} {path}"
    );
    response
}

fn new_id() -> HeaderValue {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    HeaderValue::from_str(&id.to_string()).expect("a UUID is plain text")
}
