//! `v1Nonce`: a nonce for the next message, and the statement that goes with it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Reply, success};
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};

pub(in crate::http) const NAME: &str = "v1Nonce";

pub(in crate::http) struct Nonce;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NonceArguments {
    purpose: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Issued {
    nonce: String,
    statement: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl Action for Nonce {
    const NAME: &'static str = NAME;
    type Input = NonceArguments;
}

pub(in crate::http) async fn nonce(State(http): State<Http>, call: ActionCall<Nonce>) -> Reply<Issued> {
    let purpose = call.input.purpose.as_deref();
    let issued = http
        .service
        .issue_nonce(purpose, call.caller, &call.client)
        .await?;
    success(Issued {
        nonce: issued.nonce,
        statement: issued.statement,
        expires_at: issued.expires_at,
    })
}
