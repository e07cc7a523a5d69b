//! Health, version and configuration.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Fault, flat, frame};
use crate::engine::auth::{Admitted, JwtConfig};
use crate::engine::{Shared, VERSION};

pub(super) async fn version() -> Response {
    frame::json(200, json!({"server_type": "ce", "version": VERSION}).to_string())
}

pub(super) async fn healthz(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let strict = query
        .unwrap_or_default()
        .split('&')
        .any(|pair| pair == "strict=true");
    let (status, text) = match (shared.inconsistencies.is_empty(), strict) {
        (true, _) => (StatusCode::OK, "OK"),
        (false, false) => (StatusCode::OK, "WARN: inconsistent objects in schema"),
        (false, true) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERROR: inconsistent objects in schema",
        ),
    };
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        text,
    )
        .into_response()
}

pub(super) async fn config(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !shared.is_enabled("config") {
        return flat(&shared, &Fault::no_resource(), None);
    }
    let Admitted { session, cookies } = match shared.authenticate(&headers, None).await {
        Ok(admitted) => admitted,
        Err(fault) => return flat(&shared, &fault, None),
    };
    if !session.is_admin() {
        let fault = Fault::new(
            400,
            "access-denied",
            "You have to be an admin to access this endpoint",
        );
        return flat(&shared, &fault, Some(&session.role));
    }
    let jwt = shared.auth.jwt().map_or(Value::Null, JwtConfig::shown);
    let body = json!({
        "version": VERSION,
        "is_admin_secret_set": shared.auth.has_secret(),
        "is_auth_hook_set": shared.auth.has_hook(),
        "is_jwt_set": shared.auth.jwt().is_some(),
        "jwt": jwt,
        "is_allow_list_enabled": false,
    });
    let mut response = frame::json(200, body.to_string());
    frame::set_cookies(&mut response, cookies);
    response
}
