//! The HTTP surface: requests in, typed commands to `flow`, replies out.
//!
//! [`router`] is the list of everything that is answered. Nothing here touches the database.

mod actions;
mod envelope;
mod error;
mod health;
mod log;
mod metrics;
mod webhook;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use error::ApiError;
pub use metrics::{MetricsHandle, metrics_router};

use crate::entropy::Entropy;
use crate::flow::Service;
use crate::secret::Secret;

/// The paths of the actions, with the name of the Hasura action that each answers. The metadata in
/// `hasura/` is held against this list.
pub const ACTIONS: &[(&str, &str)] = &[
    ("/actions/login", actions::LOGIN),
    ("/actions/restore-session", actions::RESTORE_SESSION),
    ("/actions/update-account", actions::UPDATE_ACCOUNT),
    ("/actions/nonce", actions::NONCE),
    ("/actions/logout", actions::LOGOUT),
    ("/actions/logout-all", actions::LOGOUT_ALL),
    ("/actions/end-session", actions::END_SESSION),
    ("/actions/sessions", actions::SESSIONS),
];

/// What the handlers share.
#[derive(Clone)]
pub struct Http {
    service: Arc<Service>,
    actions_secrets: Arc<[Secret<String>]>,
    trusted_hops: usize,
}

impl Http {
    /// The surface of `service`, for callers that hold one of the secrets.
    pub fn new(service: Arc<Service>, actions_secrets: Vec<Secret<String>>, trusted_hops: usize) -> Self {
        Self {
            service,
            actions_secrets: actions_secrets.into(),
            trusted_hops,
        }
    }
}

/// Everything that is answered.
pub fn router(http: Http, entropy: Entropy) -> Router {
    Router::new()
        .route("/actions/login", post(actions::log_in))
        .route("/actions/restore-session", post(actions::restore_session))
        .route("/actions/update-account", post(actions::update_account))
        .route("/actions/nonce", post(actions::nonce))
        .route("/actions/logout", post(actions::log_out))
        .route("/actions/logout-all", post(actions::log_out_all))
        .route("/actions/end-session", post(actions::end_session))
        .route("/actions/sessions", post(actions::sessions))
        .route("/webhook", get(webhook::webhook).post(webhook::webhook))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(axum::middleware::from_fn(error::within_time))
        .layer(axum::middleware::from_fn(log::log_request))
        .layer(axum::middleware::from_fn_with_state(entropy, log::name_request))
        .with_state(http)
}
