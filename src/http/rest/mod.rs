//! Published APIs that are plain HTTP, under `/sapi`: the proxy leads here, and not through Hasura.
//!
//! Anybody may call. A status is a true one, since nobody stands between us and the client: a fault of
//! ours is a 503, and every refusal has the envelope of the API's own replies.

mod arrivals;
mod cors;
mod tanx;

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use arrivals::{Arrivals, BODY_CAP};

use super::Http;
use super::client::{ForwardedFor, client_of};
use super::envelope::complaint;
use super::error::{ApiError, ReplyCode, in_time};
use super::pages::Pages;
use crate::model::Client;

/// Requests that are answered at once.
const PLACES: usize = 256;

/// The routes below, for what is counted.
pub(super) const ROUTES: [&str; 8] = [
    "/sapi/v2/auth/nonce",
    "/sapi/v2/auth/nonce/",
    "/sapi/v2/auth/login",
    "/sapi/v2/auth/login/",
    "/sapi/v1/auth/token/refresh",
    "/sapi/v1/auth/token/refresh/",
    "/sapi/",
    "/sapi/{*rest}",
];

/// Everything under `/sapi`. The final slash is the document's; many clients leave it out.
pub(super) fn router(pages: Pages, forwarded_for: Arc<ForwardedFor>) -> Router<Http> {
    let arrivals = Arrivals::new(forwarded_for);
    Router::new()
        .route("/sapi/v2/auth/nonce", post(tanx::nonce))
        .route("/sapi/v2/auth/nonce/", post(tanx::nonce))
        .route("/sapi/v2/auth/login", post(tanx::log_in))
        .route("/sapi/v2/auth/login/", post(tanx::log_in))
        .route("/sapi/v1/auth/token/refresh", post(tanx::refresh))
        .route("/sapi/v1/auth/token/refresh/", post(tanx::refresh))
        .route("/sapi/", any(not_found))
        .route("/sapi/{*rest}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(
            Arc::new(Semaphore::new(PLACES)),
            in_a_place,
        ))
        // Outside of the places: a body on its way takes none.
        .layer(axum::middleware::from_fn_with_state(arrivals.clone(), arrived))
        .layer(axum::middleware::from_fn(within_time))
        // Outermost: a page reads a refusal only where it is marked like any other answer.
        .layer(axum::middleware::from_fn_with_state(
            cors::Rules { pages, arrivals },
            cors::around,
        ))
}

/// A request of anybody: its body as JSON, whatever its Content-Type says.
struct Call<T> {
    input: T,
    client: Client,
}

impl<T: DeserializeOwned> FromRequest<Http> for Call<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, http: &Http) -> Result<Self, Refused> {
        let client = client_of(&request, &http.forwarded_for, header::USER_AGENT);
        // It is in memory by now.
        let body = axum::body::to_bytes(request.into_body(), BODY_CAP)
            .await
            .map_err(|_| ApiError::PayloadTooLarge)?;
        let input = serde_json::from_slice(&body)
            .map_err(|error| ApiError::BadRequest(complaint("the body", &error)))?;
        Ok(Self { input, client })
    }
}

/// Waits for the body. It comes before the routes, so a request that no route takes is read to its end, too.
async fn arrived(
    State(arrivals): State<Arrivals>,
    request: Request,
    next: Next,
) -> Result<Response, Refused> {
    let request = arrivals.complete(request).await?;
    Ok(next.run(request).await)
}

/// A place among the requests that are answered, or word that there is none: the database is Hasura's calls' as well.
async fn in_a_place(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response, Refused> {
    match places.try_acquire() {
        Ok(_place) => Ok(next.run(request).await),
        Err(_) => Err(Refused(ApiError::Crowded)),
    }
}

/// A refusal in the envelope of this surface.
struct Refused(ApiError);

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

type Reply<T> = Result<Json<T>, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, message) = self.0.parts();
        self.0.log_cause();
        let status = match self.0.is_ours() {
            true => StatusCode::SERVICE_UNAVAILABLE,
            false => status,
        };
        let mut reply = envelope(status, code, &message);
        if self.0.is_ours() {
            let soon = HeaderValue::from_static("1");
            reply.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        reply
    }
}

fn envelope(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = json!({"status": "error", "message": message, "code": code, "payload": Value::Null});
    let mut reply = (status, Json(body)).into_response();
    reply.extensions_mut().insert(ReplyCode(code));
    reply
}

async fn within_time(request: Request, next: Next) -> Result<Response, Refused> {
    Ok(in_time(request, next).await?)
}

async fn not_found() -> Response {
    envelope(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this path",
    )
}

async fn method_not_allowed() -> Response {
    envelope(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path takes POST alone",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_too_long_is_a_503_like_every_fault_of_ours() {
        let reply = Refused(ApiError::TimedOut).into_response();
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(reply.headers()[header::RETRY_AFTER], "1");
    }
}
