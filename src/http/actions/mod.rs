//! The actions, one file a noun. Each takes its arguments, calls one flow and shapes the reply.
//!
//! The reply of an action of our own is `{"res": ..., "success": true}`: `res` is a JSON scalar in Hasura's schema, so
//! clients select it without braces. Those of other published APIs are as their documents print them.

mod account;
mod challenge;
mod credentials;
mod deletions;
mod email;
mod end;
mod nonce;
mod session;
mod siwe;
mod username;

use axum::Json;
use serde::{Deserialize, Serialize};

pub(super) use account::{NAME as UPDATE_ACCOUNT, update_account};
pub(super) use challenge::{
    AUTHENTICATE, CHALLENGE, REFRESH, VERIFY, authenticate, challenge, refresh, verify,
};
pub(super) use credentials::{
    CHANGE_PASSWORD, LINK_PASSWORD, LINK_WALLET, UNLINK_WALLET, change_password, link_password, link_wallet,
    unlink_wallet,
};
pub(super) use deletions::{DELETE_ACCOUNT, delete_account};
pub(super) use email::{EMAIL_LOGIN, MY_PROFILE, REGISTER, email_login, my_profile, register};
pub(super) use end::{
    END_SESSION, LOGOUT, LOGOUT_ALL, SESSIONS, end_session, log_out, log_out_all, sessions,
};
pub(super) use nonce::{NAME as NONCE, nonce};
pub(super) use session::{NAME as RESTORE_SESSION, restore_session};
pub(super) use siwe::{NAME as LOGIN, log_in};
pub(super) use username::{REFRESH_TOKEN, TOKEN_AUTH, VERIFY_TOKEN, refresh_token, token_auth, verify_token};

use super::cookie::{Page, SetCookies};
use super::error::ApiError;
use crate::flow::Tokens;
use crate::secret::Disclosed;

/// The input of an action without arguments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoInput {}

/// A reply that succeeded.
#[derive(Serialize)]
pub(super) struct Success<T> {
    res: T,
    success: bool,
}

type Reply<T> = Result<Json<Success<T>>, ApiError>;

fn success<T>(res: T) -> Reply<T> {
    Ok(Json(Success { res, success: true }))
}

/// Both tokens, as the published API names them; the refresh token is left out where it goes into a cookie.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenPair {
    access_token: Disclosed,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Disclosed>,
}

impl From<Tokens> for TokenPair {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access,
            refresh_token: Some(tokens.refresh.reveal()),
        }
    }
}

/// The tokens of our own log-in for whoever asked: a page of ours gets the refresh token as a cookie, which its scripts
/// cannot read, and everybody else as printed.
fn handed_over(tokens: Tokens, page: Option<&Page>) -> (Option<SetCookies>, Json<Success<TokenPair>>) {
    let cookies = page.map(|page| page.keep(&tokens));
    let mut pair = TokenPair::from(tokens);
    if cookies.is_some() {
        pair.refresh_token = None;
    }
    let reply = Success {
        res: pair,
        success: true,
    };
    (cookies, Json(reply))
}
