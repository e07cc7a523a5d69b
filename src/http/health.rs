//! Is the process alive, and can it serve? For orchestrators; neither tells a stranger anything more.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;

use super::Http;

/// Alive: the process answers.
pub(super) async fn alive() -> &'static str {
    "OK"
}

/// Ready: the process is not about to stop, the database answers, has this program's schema and takes writes, and there
/// is a key to sign with.
pub(super) async fn ready(State(http): State<Http>) -> (StatusCode, Cow<'static, str>) {
    match fault(&http).await {
        None => (StatusCode::OK, "OK".into()),
        Some(fault) => (StatusCode::SERVICE_UNAVAILABLE, fault),
    }
}

/// Why the process is not ready.
async fn fault(http: &Http) -> Option<Cow<'static, str>> {
    let service = &http.service;
    if service.is_stopping() {
        return Some("the process is about to stop".into());
    }
    match service.is_ready().await {
        Ok(true) => {}
        Ok(false) => {
            return Some("the database is older than this program: run `hasura-siwe migrate`".into());
        }
        Err(error) => {
            tracing::warn!(cause = error.cause(), "not ready");
            return Some("the database does not answer, or was never migrated".into());
        }
    }
    if let Err(error) = service.takes_writes().await {
        tracing::warn!(cause = error.cause(), "not ready: the database takes no writes");
        return Some(
            "the database takes no writes: it is a standby, it is read-only, or its disk is full".into(),
        );
    }
    let missing = service.missing_key().await?;
    Some(missing.to_string().into())
}
