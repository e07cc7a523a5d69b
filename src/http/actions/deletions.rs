//! `v1DeleteAccount`: a person and their whole account.

use axum::extract::State;
use serde::Deserialize;

use super::credentials::Proof;
use super::end::{Ending, signed_out};
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};

pub(in crate::http) const DELETE_ACCOUNT: &str = "v1DeleteAccount";

pub(in crate::http) struct DeleteAccount;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DeleteAccountArguments {
    proof: Proof,
}

impl Action for DeleteAccount {
    const NAME: &'static str = DELETE_ACCOUNT;
    type Input = DeleteAccountArguments;
}

pub(in crate::http) async fn delete_account(
    State(http): State<Http>,
    call: ActionCall<DeleteAccount>,
) -> Ending {
    let ended = http
        .service
        .delete_account(call.input.proof.read()?, call.caller, &call.client)
        .await?;
    signed_out(&http, ended)
}
