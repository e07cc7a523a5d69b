//! Is the process alive, and can it serve? For orchestrators; neither tells a stranger anything more.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;

use super::Http;

/// Alive: the process answers.
pub(super) async fn alive() -> &'static str {
    "OK"
}

/// Ready: the process is not about to stop, the database answers and has this program's schema, and there is a key to
/// sign with.
pub(super) async fn ready(State(http): State<Http>) -> (StatusCode, Cow<'static, str>) {
    if http.service.is_stopping() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the process is about to stop".into(),
        );
    }
    match http.service.is_ready().await {
        Ok(true) => match http.service.missing_key().await {
            None => (StatusCode::OK, "OK".into()),
            Some(fault) => (StatusCode::SERVICE_UNAVAILABLE, fault.to_string().into()),
        },
        Ok(false) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is older than this program: run `hasura-siwe migrate`".into(),
        ),
        Err(error) => {
            tracing::warn!(cause = error.cause(), "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer, or was never migrated".into(),
            )
        }
    }
}
