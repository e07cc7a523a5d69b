//! The log-in of tanX: a text for an address, its signature for a session, a refresh token for new tokens.
//!
//! Fields that we do not know are skipped: published clients may send more than the document lists.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Call, Reply};
use crate::http::Http;
use crate::model::Flow;
use crate::secret::{Disclosed, Secret};

#[derive(Deserialize)]
pub(super) struct NonceRequest {
    eth_address: String,
}

#[derive(Deserialize)]
pub(super) struct LoginRequest {
    eth_address: String,
    user_signature: Secret<String>,
}

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    refresh: Secret<String>,
}

#[derive(Serialize)]
pub(super) struct Success<P> {
    status: &'static str,
    message: &'static str,
    payload: P,
}

#[derive(Serialize)]
pub(super) struct LoggedIn {
    #[serde(flatten)]
    success: Success<User>,
    token: Tokens,
}

#[derive(Serialize)]
pub(super) struct User {
    uid: String,
    /// Empty, as the document prints it: in the original it belongs to a trading key that is not here.
    signature: &'static str,
}

/// In the document's order, as are those of a refresh.
#[derive(Serialize)]
struct Tokens {
    refresh: Disclosed,
    access: Disclosed,
}

#[derive(Serialize)]
pub(super) struct Refreshed {
    access: Disclosed,
    refresh: Disclosed,
}

fn success<P>(message: &'static str, payload: P) -> Success<P> {
    Success {
        status: "success",
        message,
        payload,
    }
}

pub(super) async fn nonce(State(http): State<Http>, call: Call<NonceRequest>) -> Reply<Success<String>> {
    let text = http
        .service
        .tanx_challenge(&call.input.eth_address, &call.client)
        .await?;
    Ok(Json(success("Nonce Acquired", text)))
}

pub(super) async fn log_in(State(http): State<Http>, call: Call<LoginRequest>) -> Reply<LoggedIn> {
    let LoginRequest {
        eth_address,
        user_signature,
    } = call.input;
    let (tokens, uid) = http
        .service
        .tanx_log_in(&eth_address, user_signature.expose(), &call.client)
        .await?;
    let user = User { uid, signature: "" };
    Ok(Json(LoggedIn {
        success: success("Login Successful", user),
        token: Tokens {
            refresh: tokens.refresh.reveal(),
            access: tokens.access,
        },
    }))
}

pub(super) async fn refresh(
    State(http): State<Http>,
    call: Call<RefreshRequest>,
) -> Reply<Success<Refreshed>> {
    let tokens = http
        .service
        .restore(Flow::Tanx, call.input.refresh.expose(), &call.client)
        .await?;
    let payload = Refreshed {
        access: tokens.access,
        refresh: tokens.refresh.reveal(),
    };
    Ok(Json(success("", payload)))
}
