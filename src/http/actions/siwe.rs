//! `v1Login`: a signed message for a session.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::handed_over;
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;
use crate::secret::Secret;

pub(in crate::http) const NAME: &str = "v1Login";

pub(in crate::http) struct Login;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Input {
    session: LoginInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginInput {
    message: String,
    signature: Secret<String>,
}

impl Action for Login {
    const NAME: &'static str = NAME;
    type Input = Input;
}

pub(in crate::http) async fn log_in(
    State(http): State<Http>,
    call: ActionCall<Login>,
) -> Result<impl IntoResponse, ApiError> {
    let LoginInput { message, signature } = call.input.session;
    let tokens = http
        .service
        .log_in(&message, signature.expose(), &call.client)
        .await?;
    Ok(handed_over(tokens, call.page.as_ref()))
}
