//! Is the process alive, and can it serve? For orchestrators; neither tells a stranger anything more.

use axum::extract::State;
use axum::http::StatusCode;

use super::Http;

/// Alive: the process answers.
pub(super) async fn alive() -> &'static str {
    "OK"
}

/// Ready: the database answers and has this program's schema.
pub(super) async fn ready(State(http): State<Http>) -> (StatusCode, &'static str) {
    match http.service.is_ready().await {
        Ok(true) => (StatusCode::OK, "OK"),
        Ok(false) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is older than this program: run `hasura-siwe migrate`",
        ),
        Err(error) => {
            tracing::warn!(cause = error.cause(), "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer, or was never migrated",
            )
        }
    }
}
