//! `v1RestoreSession`: a refresh token for fresh tokens.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::handed_over;
use crate::flow::Error;
use crate::http::Http;
use crate::http::cookie::SetCookies;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;
use crate::model::Flow;
use crate::secret::Secret;

pub(in crate::http) const NAME: &str = "v1RestoreSession";

pub(in crate::http) struct RestoreSession;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Input {
    session: RestoreSessionInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RestoreSessionInput {
    /// A page of ours that leaves it out has it in a cookie.
    refresh_token: Option<Secret<String>>,
}

impl Action for RestoreSession {
    const NAME: &'static str = NAME;
    type Input = Input;
}

pub(in crate::http) async fn restore_session(
    State(http): State<Http>,
    call: ActionCall<RestoreSession>,
) -> Result<impl IntoResponse, (Option<SetCookies>, ApiError)> {
    let page = call.page.as_ref();
    let given = call.input.session.refresh_token.as_ref();
    let token = match (given, page) {
        (Some(token), _) => Ok(token.expose().as_str()),
        (None, Some(page)) => page.token(),
        (None, None) if http.cookies_for.is_some() => Err(Error::Forbidden(
            "the cookie counts only for a page of a listed origin: give refreshToken",
        )),
        (None, None) => Err(Error::BadRequest("give refreshToken".to_owned())),
    };
    let restored = match token {
        Ok(token) => http.service.restore(Flow::Siwe, token, &call.client).await,
        Err(error) => Err(error),
    };
    match restored {
        Ok(tokens) => Ok(handed_over(tokens, page)),
        Err(error) => {
            // Only the cookie's own token: another that was refused says nothing about it. Hasura drops the cookies of a
            // refusal (graphql-engine#8407), and then it stays until the next log-in, good for nothing.
            let is_void = given.is_none() && matches!(error, Error::RefreshTokenInvalid);
            let forget = page.filter(|_| is_void).map(|page| page.forget());
            Err((forget, error.into()))
        }
    }
}
