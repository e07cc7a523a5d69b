//! `v1UpdateAccount`: a name for the accounts of one address.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Reply, success};
use crate::flow::UpdateAccount;
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};

pub(in crate::http) const NAME: &str = "v1UpdateAccount";

pub(in crate::http) struct Update;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Input {
    account: UpdateAccountInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateAccountInput {
    data: UpdateAccountData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateAccountData {
    networks: Vec<String>,
    name: String,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Updated {
    updated_in: Vec<String>,
}

impl Action for Update {
    const NAME: &'static str = NAME;
    type Input = Input;
}

pub(in crate::http) async fn update_account(
    State(http): State<Http>,
    call: ActionCall<Update>,
) -> Reply<Updated> {
    let UpdateAccountData {
        networks,
        name,
        address,
    } = call.input.account.data;
    let update = UpdateAccount {
        address: &address,
        networks,
        name: &name,
    };
    success(Updated {
        updated_in: http
            .service
            .update_account(update, call.caller, &call.client)
            .await?,
    })
}
