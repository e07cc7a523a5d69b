//! The public keys, for Hasura: `jwk_url` of HASURA_GRAPHQL_JWT_SECRET leads here.
//!
//! They are public; nothing is asked of the caller.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Http;
use crate::flow::JWKS_MAX_AGE;

/// The JWK set (RFC 7517 section 5). Hasura asks again when `max-age` is over, every second where the
/// header says `no-cache` or `must-revalidate`, and never again where there is no header.
pub(super) async fn jwks(State(http): State<Http>) -> Response {
    match http.service.jwks() {
        Some(set) => {
            let fresh_for = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
            let headers = [
                (header::CONTENT_TYPE, "application/json".to_owned()),
                (header::CACHE_CONTROL, fresh_for),
            ];
            (headers, set).into_response()
        }
        // Not an empty set, which would be kept for a minute: Hasura asks again soon, and at its start
        // it fails and is started again.
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::CACHE_CONTROL, "no-store")],
            "the signing keys have not been read from the database yet",
        )
            .into_response(),
    }
}
