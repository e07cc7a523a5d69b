//! `tokenAuth` and `verifyToken`: accounts with a username and a password, as their published document has them;
//! and `refreshToken`, which two documents share.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::flow;
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;
use crate::model::Flow;
use crate::secret::{Disclosed, Secret};

pub(in crate::http) const TOKEN_AUTH: &str = "tokenAuth";
pub(in crate::http) const VERIFY_TOKEN: &str = "verifyToken";
pub(in crate::http) const REFRESH_TOKEN: &str = "refreshToken";

pub(in crate::http) struct TokenAuth;
pub(in crate::http) struct VerifyToken;
pub(in crate::http) struct RefreshToken;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenAuthInput {
    username: String,
    password: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Token {
    token: Secret<String>,
}

/// One of the two: a field of Hasura's schema has one type, and two documents have a mutation of this name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::http) struct RefreshInput {
    refresh_token: Option<Secret<String>>,
    token: Option<Secret<String>>,
}

#[derive(Serialize)]
pub(in crate::http) struct OneToken {
    token: Disclosed,
}

/// The fields of both documents; those of the other one are null. Every field is sent.
#[derive(Default, Serialize)]
pub(in crate::http) struct Refreshed {
    access_token: Option<Disclosed>,
    refresh_token: Option<Disclosed>,
    token: Option<Disclosed>,
    #[serde(rename = "refreshExpiresIn")]
    refresh_expires_in: Option<i64>,
}

#[derive(Serialize)]
pub(in crate::http) struct Verified {
    payload: Payload,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    username: Option<String>,
    sub: Uuid,
    exp: i64,
    orig_iat: i64,
}

impl Action for TokenAuth {
    const NAME: &'static str = TOKEN_AUTH;
    type Input = TokenAuthInput;
}

impl Action for VerifyToken {
    const NAME: &'static str = VERIFY_TOKEN;
    type Input = Token;
}

impl Action for RefreshToken {
    const NAME: &'static str = REFRESH_TOKEN;
    type Input = RefreshInput;
}

pub(in crate::http) async fn token_auth(
    State(http): State<Http>,
    call: ActionCall<TokenAuth>,
) -> Result<Json<OneToken>, ApiError> {
    let TokenAuthInput { username, password } = call.input;
    let tokens = http
        .service
        .log_in_with_username(&username, password.expose(), &call.client);
    Ok(Json(OneToken {
        token: tokens.await?.access,
    }))
}

pub(in crate::http) async fn refresh_token(
    State(http): State<Http>,
    call: ActionCall<RefreshToken>,
) -> Result<Json<Refreshed>, ApiError> {
    let RefreshInput { refresh_token, token } = call.input;
    let refreshed = match (refresh_token, token) {
        (Some(refresh_token), None) => {
            let tokens = http
                .service
                .restore(Flow::Email, refresh_token.expose(), &call.client)
                .await?;
            Refreshed {
                access_token: Some(tokens.access),
                refresh_token: Some(tokens.refresh.reveal()),
                ..Refreshed::default()
            }
        }
        (None, Some(token)) => {
            let tokens = http
                .service
                .restore_with_access_token(token.expose(), &call.client)
                .await?;
            Refreshed {
                token: Some(tokens.access),
                refresh_expires_in: Some(tokens.session.ends_at.unix_timestamp()),
                ..Refreshed::default()
            }
        }
        _ => {
            return Err(flow::Error::BadRequest(
                "give refreshToken (of login) or token (of tokenAuth), and not both".to_owned(),
            )
            .into());
        }
    };
    Ok(Json(refreshed))
}

pub(in crate::http) async fn verify_token(
    State(http): State<Http>,
    call: ActionCall<VerifyToken>,
) -> Result<Json<Verified>, ApiError> {
    let verified = http.service.verify_token(call.input.token.expose()).await?;
    Ok(Json(Verified {
        payload: Payload {
            username: verified.username,
            sub: verified.user_id,
            exp: verified.expires_at.unix_timestamp(),
            orig_iat: verified.session_opened_at.unix_timestamp(),
        },
    }))
}
