//! `challenge`, `authenticate`, `refresh`, `verify`: the published API of Lens.
//!
//! Its answers are bare objects under its own type names, so that its clients' typed documents run.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::TokenPair;
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;
use crate::model::Flow;
use crate::secret::Secret;

pub(in crate::http) const CHALLENGE: &str = "challenge";
pub(in crate::http) const AUTHENTICATE: &str = "authenticate";
pub(in crate::http) const REFRESH: &str = "refresh";
pub(in crate::http) const VERIFY: &str = "verify";

pub(in crate::http) struct Challenge;
pub(in crate::http) struct Authenticate;
pub(in crate::http) struct Refresh;
pub(in crate::http) struct Verify;

/// Each of them takes one argument of this name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Input<T> {
    request: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChallengeRequest {
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SignedAuthChallenge {
    address: String,
    signature: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::http) struct RefreshRequest {
    refresh_token: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::http) struct VerifyRequest {
    access_token: Secret<String>,
}

#[derive(Serialize)]
pub(in crate::http) struct AuthChallengeResult {
    text: String,
}

impl Action for Challenge {
    const NAME: &'static str = CHALLENGE;
    type Input = Input<ChallengeRequest>;
}

impl Action for Authenticate {
    const NAME: &'static str = AUTHENTICATE;
    type Input = Input<SignedAuthChallenge>;
}

impl Action for Refresh {
    const NAME: &'static str = REFRESH;
    type Input = Input<RefreshRequest>;
}

impl Action for Verify {
    const NAME: &'static str = VERIFY;
    type Input = Input<VerifyRequest>;
}

pub(in crate::http) async fn challenge(
    State(http): State<Http>,
    call: ActionCall<Challenge>,
) -> Result<Json<AuthChallengeResult>, ApiError> {
    let text = http
        .service
        .lens_challenge(&call.input.request.address, &call.client)
        .await?;
    Ok(Json(AuthChallengeResult { text }))
}

pub(in crate::http) async fn authenticate(
    State(http): State<Http>,
    call: ActionCall<Authenticate>,
) -> Result<Json<TokenPair>, ApiError> {
    let SignedAuthChallenge { address, signature } = call.input.request;
    let tokens = http
        .service
        .lens_log_in(&address, signature.expose(), &call.client)
        .await?;
    Ok(Json(tokens.into()))
}

pub(in crate::http) async fn refresh(
    State(http): State<Http>,
    call: ActionCall<Refresh>,
) -> Result<Json<TokenPair>, ApiError> {
    let token = call.input.request.refresh_token.expose();
    let tokens = http.service.restore(Flow::Lens, token, &call.client).await?;
    Ok(Json(tokens.into()))
}

/// A token that is not good is an answer here, and no error.
pub(in crate::http) async fn verify(
    State(http): State<Http>,
    call: ActionCall<Verify>,
) -> Result<Json<bool>, ApiError> {
    Ok(Json(
        http.service
            .is_good(call.input.request.access_token.expose())
            .await?,
    ))
}
