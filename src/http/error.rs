//! Refusals as replies: the one place that knows statuses.
//!
//! The body is what Hasura shows to a client: `/v1/graphql` passes `extensions` on, the REST
//! endpoints the top-level `code`. A 4xx always, because Hasura hides the message of a 5xx. A fault
//! of ours is logged here, once, with its cause, and answered without it.

use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::flow;
use crate::siwe::Refusal;

/// A refusal on its way out.
#[derive(Debug)]
pub enum ApiError {
    /// The caller does not hold the actions secret.
    CallerNotAllowed,
    /// The body is larger than any of ours can be.
    PayloadTooLarge,
    /// The body is not what Hasura sends.
    BadRequest(String),
    /// The request took longer than any of ours may.
    TimedOut,
    /// There are too many requests at once.
    Crowded,
    /// A flow refused.
    Flow(flow::Error),
}

/// Every code with its status on the action surface and on `/sapi`, in the order of docs/api.md. A test holds it against the errors
/// themselves.
pub const CODES: &[(&str, u16)] = &[
    ("message_too_large", 400),
    ("message_malformed", 400),
    ("address_not_checksummed", 400),
    ("domain_mismatch", 401),
    ("uri_mismatch", 401),
    ("chain_not_supported", 401),
    ("message_expired", 401),
    ("message_not_yet_valid", 401),
    ("message_too_old", 401),
    ("nonce_invalid", 401),
    ("purpose_mismatch", 401),
    ("signature_malformed", 400),
    ("signature_invalid", 401),
    ("contract_wallet_unsupported", 401),
    ("rpc_unavailable", 400),
    ("token_invalid", 401),
    ("session_ended", 401),
    ("refresh_token_invalid", 401),
    ("credentials_invalid", 401),
    ("reauth_required", 403),
    ("rate_limited", 429),
    ("flow_closed", 403),
    ("registration_closed", 403),
    ("already_taken", 409),
    ("email_invalid", 422),
    ("username_invalid", 422),
    ("password_too_short", 422),
    ("password_too_long", 422),
    ("password_compromised", 422),
    ("account_disabled", 403),
    ("forbidden", 403),
    ("network_unknown", 400),
    ("name_invalid", 400),
    ("bad_request", 400),
    ("payload_too_large", 413),
    ("caller_not_allowed", 401),
    ("unavailable", 400),
];

/// The code of a reply, for the request log and the metrics.
#[derive(Clone, Copy, Debug)]
pub struct ReplyCode(pub &'static str);

impl From<flow::Error> for ApiError {
    fn from(error: flow::Error) -> Self {
        Self::Flow(error)
    }
}

/// The status of a flow's refusal on the action surface.
fn status_of(error: &flow::Error) -> StatusCode {
    use flow::Error as E;
    match error {
        E::Message(refusal) => match refusal {
            Refusal::MessageTooLarge(_)
            | Refusal::MessageMalformed(_)
            | Refusal::AddressNotChecksummed { .. }
            | Refusal::SignatureMalformed(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        },
        E::ChainNotSupported
        | E::NonceInvalid
        | E::RefreshTokenInvalid
        | E::TokenInvalid(_)
        | E::NotAToken
        | E::TokenNotYet
        | E::CredentialsInvalid
        | E::SessionEnded => StatusCode::UNAUTHORIZED,
        E::AccountDisabled | E::Forbidden(_) | E::ReauthRequired | E::RegistrationClosed | E::FlowClosed => {
            StatusCode::FORBIDDEN
        }
        E::AlreadyTaken(_) => StatusCode::CONFLICT,
        E::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        E::EmailInvalid(_)
        | E::UsernameInvalid(_)
        | E::PasswordTooShort(_)
        | E::PasswordTooLong(_)
        | E::PasswordCompromised(_) => StatusCode::UNPROCESSABLE_ENTITY,
        E::NetworkUnknown(_) | E::NameInvalid(_) | E::AddressNotChecksummed(_) | E::BadRequest(_) => {
            StatusCode::BAD_REQUEST
        }
        // A true 503 would reach the client as "internal error", and it is to try again.
        E::NoSigningKey(_) | E::Unavailable(_) | E::RpcUnavailable(_) | E::Busy(_) => StatusCode::BAD_REQUEST,
    }
}

impl ApiError {
    pub(super) fn parts(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::CallerNotAllowed => (
                StatusCode::UNAUTHORIZED,
                "caller_not_allowed",
                "this endpoint answers Hasura alone: send the actions secret".to_owned(),
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "the request is too large".to_owned(),
            ),
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "bad_request", message.clone()),
            Self::TimedOut | Self::Crowded => (
                StatusCode::BAD_REQUEST,
                "unavailable",
                "the service cannot answer just now: try again".to_owned(),
            ),
            Self::Flow(error) => (status_of(error), error.code(), error.to_string()),
        }
    }

    /// Whether the fault is ours, and trying again may help.
    pub(super) fn is_ours(&self) -> bool {
        match self {
            Self::TimedOut | Self::Crowded => true,
            Self::Flow(error) => error.cause().is_some(),
            _ => false,
        }
    }

    /// To be called once, by whoever makes the reply.
    pub(super) fn log_cause(&self) {
        if let Self::Flow(error) = self
            && let Some(cause) = error.cause()
        {
            tracing::error!(cause, "a request could not be answered");
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        self.log_cause();
        reply(status, code, &message)
    }
}

/// The body that both readers of Hasura understand.
fn reply(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = json!({"message": message, "code": code, "extensions": {"code": code}});
    let mut reply = (status, Json(body)).into_response();
    reply.extensions_mut().insert(ReplyCode(code));
    reply
}

/// No request takes longer; the time-outs of the pool and of a statement together are shorter.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// Each surface puts its own reply in the place of the one that did not come.
pub(super) async fn in_time(request: Request, next: Next) -> Result<Response, ApiError> {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(reply) => Ok(reply),
        Err(_) => {
            tracing::error!("a request was given up after {} s", REQUEST_TIMEOUT.as_secs());
            Err(ApiError::TimedOut)
        }
    }
}

pub(super) async fn not_found() -> Response {
    reply(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this path",
    )
}

pub(super) async fn method_not_allowed() -> Response {
    reply(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path takes another method",
    )
}
