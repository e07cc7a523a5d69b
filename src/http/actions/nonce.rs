//! `v1Nonce`: a nonce for the next message.

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
pub(in crate::http) struct NoInput {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Issued {
    nonce: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl Action for Nonce {
    const NAME: &'static str = NAME;
    type Input = NoInput;
}

pub(in crate::http) async fn nonce(State(http): State<Http>, call: ActionCall<Nonce>) -> Reply<Issued> {
    let issued = http.service.issue_nonce(&call.client).await?;
    success(Issued {
        nonce: issued.nonce,
        expires_at: issued.expires_at,
    })
}
