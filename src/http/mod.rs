//! The HTTP surface: requests in, typed commands to `flow`, replies out.
//!
//! [`router`] is the list of everything that is answered. Nothing here touches the database.

mod actions;
mod client;
mod cookie;
mod envelope;
mod error;
mod health;
mod log;
mod metrics;
mod pages;
mod rest;
mod webhook;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use error::{ApiError, CODES};
pub use metrics::{MetricsHandle, metrics_router};

use crate::entropy::Entropy;
use crate::flow::Service;
use crate::secret::Secret;
use crate::siwe::Origin;
use pages::Pages;

/// Each action once: its path, its name in Hasura, its handler.
macro_rules! actions {
    ($($path:literal is $name:path => $handler:path,)*) => {
        /// The paths of the actions, with the name of the Hasura action that each answers. The metadata in
        /// `hasura/` is held against this list.
        pub const ACTIONS: &[(&str, &str)] = &[$(($path, $name)),*];

        fn actions_router() -> Router<Http> {
            Router::new()$(.route($path, post($handler)))*
        }
    };
}

actions! {
    "/actions/login" is actions::LOGIN => actions::log_in,
    "/actions/restore-session" is actions::RESTORE_SESSION => actions::restore_session,
    "/actions/update-account" is actions::UPDATE_ACCOUNT => actions::update_account,
    "/actions/nonce" is actions::NONCE => actions::nonce,
    "/actions/logout" is actions::LOGOUT => actions::log_out,
    "/actions/logout-all" is actions::LOGOUT_ALL => actions::log_out_all,
    "/actions/end-session" is actions::END_SESSION => actions::end_session,
    "/actions/sessions" is actions::SESSIONS => actions::sessions,
    "/actions/email-login" is actions::EMAIL_LOGIN => actions::email_login,
    "/actions/register" is actions::REGISTER => actions::register,
    "/actions/my-profile" is actions::MY_PROFILE => actions::my_profile,
    "/actions/token-auth" is actions::TOKEN_AUTH => actions::token_auth,
    "/actions/verify-token" is actions::VERIFY_TOKEN => actions::verify_token,
    "/actions/refresh-token" is actions::REFRESH_TOKEN => actions::refresh_token,
    "/actions/link-wallet" is actions::LINK_WALLET => actions::link_wallet,
    "/actions/unlink-wallet" is actions::UNLINK_WALLET => actions::unlink_wallet,
    "/actions/link-password" is actions::LINK_PASSWORD => actions::link_password,
    "/actions/change-password" is actions::CHANGE_PASSWORD => actions::change_password,
    "/actions/delete-account" is actions::DELETE_ACCOUNT => actions::delete_account,
    "/actions/challenge" is actions::CHALLENGE => actions::challenge,
    "/actions/authenticate" is actions::AUTHENTICATE => actions::authenticate,
    "/actions/refresh" is actions::REFRESH => actions::refresh,
    "/actions/verify" is actions::VERIFY => actions::verify,
}

/// What the handlers share.
#[derive(Clone)]
pub struct Http {
    service: Arc<Service>,
    actions_secrets: Arc<[Secret<String>]>,
    forwarded_for: Arc<client::ForwardedFor>,
    pages: Pages,
    /// The pages whose refresh tokens go into cookies, where that is wanted.
    cookies_for: Option<Pages>,
}

impl Http {
    /// The surface of `service`, for callers that hold one of the secrets.
    pub fn new(service: Arc<Service>, actions_secrets: Vec<Secret<String>>, trusted_hops: usize) -> Self {
        Self {
            service,
            actions_secrets: actions_secrets.into(),
            forwarded_for: Arc::new(client::ForwardedFor::behind(trusted_hops)),
            pages: Pages::default(),
            cookies_for: None,
        }
    }

    /// The same, for pages of these origins: they may call what browsers call directly, and have their refresh tokens in
    /// cookies where `with_cookies` says so.
    #[must_use]
    pub fn for_pages(self, origins: &[Origin], with_cookies: bool) -> Self {
        let pages = Pages::of(origins);
        Self {
            cookies_for: with_cookies.then(|| pages.clone()),
            pages,
            ..self
        }
    }
}

/// Everything that is answered, with a page for browsers where there is one.
pub fn router(http: Http, entropy: Entropy, page: Option<Router<Http>>) -> Router {
    actions_router()
        .route("/webhook", get(webhook::webhook).post(webhook::webhook))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(axum::middleware::from_fn(error::in_time))
        .merge(rest::router(http.pages.clone(), Arc::clone(&http.forwarded_for)))
        .merge(page.unwrap_or_default())
        .layer(axum::middleware::from_fn_with_state(
            Arc::new(log::Follower::new(entropy)),
            log::follow_request,
        ))
        .with_state(http)
}
