//! The log-in of tanX: a text for an address, its signature for a session, a refresh token for new tokens.
//!
//! Fields that we do not know are skipped: published clients may send more than the document lists.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Call, Reply};
use crate::flow::Tokens;
use crate::http::Http;
use crate::model::Flow;

#[derive(Deserialize)]
pub(super) struct NonceRequest {
    eth_address: String,
}

#[derive(Deserialize)]
pub(super) struct LoginRequest {
    eth_address: String,
    user_signature: String,
}

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    refresh: String,
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
    token: TokenPair,
}

#[derive(Serialize)]
pub(super) struct User {
    uid: String,
    /// Empty, as the document prints it: in the original it belongs to a trading key that is not here.
    signature: &'static str,
}

#[derive(Serialize)]
pub(super) struct TokenPair {
    refresh: String,
    access: String,
}

fn success<P>(message: &'static str, payload: P) -> Success<P> {
    Success {
        status: "success",
        message,
        payload,
    }
}

pub(super) async fn nonce(State(http): State<Http>, call: Call<NonceRequest>) -> Reply<Success<String>> {
    let text = http.service.tanx_challenge(&call.input.eth_address).await?;
    Ok(Json(success("Nonce Acquired", text)))
}

pub(super) async fn log_in(State(http): State<Http>, call: Call<LoginRequest>) -> Reply<LoggedIn> {
    let LoginRequest {
        eth_address,
        user_signature,
    } = call.input;
    let (tokens, uid) = http
        .service
        .tanx_log_in(&eth_address, &user_signature, &call.client)
        .await?;
    let user = User { uid, signature: "" };
    Ok(Json(LoggedIn {
        success: success("Login Successful", user),
        token: tokens.into(),
    }))
}

pub(super) async fn refresh(
    State(http): State<Http>,
    call: Call<RefreshRequest>,
) -> Reply<Success<TokenPair>> {
    let tokens = http
        .service
        .restore(Flow::Tanx, &call.input.refresh, &call.client)
        .await?;
    Ok(Json(success("", tokens.into())))
}

impl From<Tokens> for TokenPair {
    fn from(tokens: Tokens) -> Self {
        Self {
            refresh: tokens.refresh.reveal(),
            access: tokens.access,
        }
    }
}
