//! What surrounds every request: its id, its trace, CORS headers, and one line in the log.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::log::{self, Answered, Asked};
use crate::engine::Shared;
use crate::engine::fault::Fault;
use crate::engine::trace::Trace;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a handler knows about the request it answered, for the log.
#[derive(Clone, Default)]
pub(super) struct Note {
    pub(super) operation: Option<String>,
    pub(super) role: Option<String>,
    pub(super) code: Option<String>,
    pub(super) error_path: Option<String>,
}

/// Stands for the name where there are many.
const BATCH: &str = "batch";

impl Note {
    pub(super) fn of(operation: Option<&str>, role: Option<&str>, code: Option<&str>) -> Self {
        Self {
            operation: operation.map(str::to_owned),
            role: role.map(str::to_owned),
            code: code.map(str::to_owned),
            error_path: None,
        }
    }

    pub(super) fn failed(operation: Option<&str>, role: Option<&str>, fault: &Fault) -> Self {
        Self {
            error_path: Some(fault.path.clone()),
            ..Self::of(operation, role, Some(&fault.code))
        }
    }

    pub(super) fn batch(role: &str) -> Self {
        Self::of(Some(BATCH), Some(role), None)
    }

    pub(super) fn is_batch(&self) -> bool {
        self.operation.as_deref() == Some(BATCH)
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
    let id = request.headers().get(REQUEST_ID).cloned().unwrap_or_else(new_id);
    let asked = Asked {
        at: shared.clock.now(),
        id: id.to_str().unwrap_or_default().to_owned(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        version: request.version(),
        ip: log::client_ip(request.headers()),
        trace: Trace::of(request.headers()),
    };
    let cors = shared.cors.headers(request.headers());
    let mut response = match &cors {
        Some(cors) if asked.method == Method::OPTIONS => cors.preflight(request.headers()),
        _ => asked.trace.clone().around(next.run(request)).await,
    };
    if let Some(cors) = cors {
        cors.add_to(response.headers_mut());
    }
    let note = response.extensions().get::<Note>().cloned().unwrap_or_default();
    if note.code.is_none() {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let answered = Answered {
        at: shared.clock.now(),
        status: response.status().as_u16(),
        response_size: response.body().size_hint().exact(),
        note,
    };
    log::write(&asked, &answered);
    response
}

fn new_id() -> HeaderValue {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    HeaderValue::from_str(&id.to_string()).expect("a UUID is plain text")
}
