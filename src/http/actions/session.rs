//! `v1RestoreSession`: a refresh token for fresh tokens.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, TokenPair, success};
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
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
    refresh_token: Secret<String>,
}

impl Action for RestoreSession {
    const NAME: &'static str = NAME;
    type Input = Input;
}

pub(in crate::http) async fn restore_session(
    State(http): State<Http>,
    call: ActionCall<RestoreSession>,
) -> Reply<TokenPair> {
    success(
        http.service
            .restore(
                Flow::Siwe,
                call.input.session.refresh_token.expose(),
                &call.client,
            )
            .await?
            .into(),
    )
}
