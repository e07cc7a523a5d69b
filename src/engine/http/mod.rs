//! The HTTP surface: routes, request ids, CORS, the request log.

mod cors;
mod frame;
mod graphql;
mod health;
mod log;
mod metadata;
mod rest;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

pub(crate) use cors::CorsDomains;
pub use log::HTTP_LOG;
pub(crate) use rest::Endpoints;

use super::fault::Fault;
use super::{Running, Shared};
use frame::Note;

/// Far above any sensible request; Hasura itself has no limit.
const BODY_LIMIT: usize = 32 << 20;

pub(super) fn router(running: Running) -> Router {
    Router::new()
        .route("/v1/graphql", post(graphql::answer))
        .route("/api/rest/{*path}", any(rest::answer))
        .route("/v1/metadata", post(metadata::answer))
        .route("/v1/version", get(health::version))
        .route("/v1alpha1/config", get(health::config))
        .route("/healthz", get(health::healthz))
        .route("/hasura/healthz", get(health::healthz))
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(running.clone(), frame::around))
        .with_state(running)
}

/// Paths that Hasura serves and this engine does not, with the API they belong to.
const NOT_SUPPORTED: [(&str, &str); 7] = [
    ("/v1/metadata", "metadata"),
    ("/v1/query", "metadata"),
    ("/v2/query", "metadata"),
    ("/v1alpha1/pg_dump", "pgdump"),
    ("/v1alpha1/graphql", "graphql"),
    ("/v1beta1/relay", "graphql"),
    ("/v1/metrics", "metrics"),
];

async fn nowhere(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path();
    let upgrade = path == "/v1/graphql" && request.headers().contains_key(axum::http::header::UPGRADE);
    if !upgrade {
        return nothing(&shared, path);
    }
    let fault = if shared.is_enabled("graphql") {
        Fault::not_supported("subscriptions over websockets")
    } else {
        Fault::no_resource()
    };
    flat(&shared, &fault, None)
}

/// The answer of a path that is not served here.
fn nothing(shared: &Shared, path: &str) -> Response {
    let fault = if NOT_SUPPORTED
        .iter()
        .any(|(known, api)| *known == path && shared.is_enabled(api))
    {
        Fault::not_supported(path)
    } else {
        Fault::no_resource()
    };
    flat(shared, &fault, None)
}

/// A fault as every endpoint but GraphQL's shows it.
fn flat(shared: &Shared, fault: &Fault, role: Option<&str>) -> Response {
    let body = fault.flat(shared.shows_internal(role)).to_string();
    let mut response = frame::json(fault.status, body);
    response.extensions_mut().insert(Note::failed(None, role, fault));
    response.into_response()
}
