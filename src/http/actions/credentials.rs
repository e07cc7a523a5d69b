//! `v1LinkWallet`, `v1UnlinkWallet`, `v1LinkPassword`, `v1ChangePassword`: a person and their own ways to sign in.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::end::Ended;
use super::{Reply, success};
use crate::flow::{self, FreshProof, Signed};
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
use crate::secret::Secret;

pub(in crate::http) const LINK_WALLET: &str = "v1LinkWallet";
pub(in crate::http) const UNLINK_WALLET: &str = "v1UnlinkWallet";
pub(in crate::http) const LINK_PASSWORD: &str = "v1LinkPassword";
pub(in crate::http) const CHANGE_PASSWORD: &str = "v1ChangePassword";

pub(in crate::http) struct LinkWallet;
pub(in crate::http) struct UnlinkWallet;
pub(in crate::http) struct LinkPassword;
pub(in crate::http) struct ChangePassword;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LinkWalletArguments {
    wallet: LinkWalletInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkWalletInput {
    message: String,
    signature: Secret<String>,
    password: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UnlinkWalletArguments {
    wallet: UnlinkWalletInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnlinkWalletInput {
    address: String,
    proof: Proof,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LinkPasswordArguments {
    account: LinkPasswordInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkPasswordInput {
    email: Option<String>,
    username: Option<String>,
    password: Secret<String>,
    message: String,
    signature: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangePasswordArguments {
    account: ChangePasswordInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePasswordInput {
    password: Secret<String>,
    proof: Proof,
}

/// The password, or a message and its signature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    password: Option<Secret<String>>,
    message: Option<String>,
    signature: Option<Secret<String>>,
}

#[derive(Serialize)]
pub(in crate::http) struct Address {
    address: String,
}

#[derive(Serialize)]
pub(in crate::http) struct Nothing {}

impl Action for LinkWallet {
    const NAME: &'static str = LINK_WALLET;
    type Input = LinkWalletArguments;
}

impl Action for UnlinkWallet {
    const NAME: &'static str = UNLINK_WALLET;
    type Input = UnlinkWalletArguments;
}

impl Action for LinkPassword {
    const NAME: &'static str = LINK_PASSWORD;
    type Input = LinkPasswordArguments;
}

impl Action for ChangePassword {
    const NAME: &'static str = CHANGE_PASSWORD;
    type Input = ChangePasswordArguments;
}

impl Proof {
    pub(super) fn read(&self) -> Result<FreshProof<'_>, flow::Error> {
        match (&self.password, &self.message, &self.signature) {
            (Some(password), None, None) => Ok(FreshProof::Password(password.expose())),
            (None, Some(message), Some(signature)) => {
                let signature = signature.expose();
                Ok(FreshProof::Wallet(Signed { message, signature }))
            }
            _ => Err(flow::Error::BadRequest(
                "proof holds the account's password, or a message and its signature".to_owned(),
            )),
        }
    }
}

pub(in crate::http) async fn link_wallet(
    State(http): State<Http>,
    call: ActionCall<LinkWallet>,
) -> Reply<Address> {
    let LinkWalletInput {
        message,
        signature,
        password,
    } = &call.input.wallet;
    let wallet = Signed {
        message,
        signature: signature.expose(),
    };
    let address = http
        .service
        .link_wallet(wallet, password.expose(), call.caller, &call.client)
        .await?;
    success(Address {
        address: address.to_string(),
    })
}

pub(in crate::http) async fn unlink_wallet(
    State(http): State<Http>,
    call: ActionCall<UnlinkWallet>,
) -> Reply<Ended> {
    let UnlinkWalletInput { address, proof } = &call.input.wallet;
    let ended = http
        .service
        .unlink_wallet(address, proof.read()?, call.caller, &call.client)
        .await?;
    success(Ended { ended })
}

pub(in crate::http) async fn link_password(
    State(http): State<Http>,
    call: ActionCall<LinkPassword>,
) -> Reply<Nothing> {
    let input = &call.input.account;
    let wanted = flow::LinkPassword {
        email: input.email.as_deref(),
        username: input.username.as_deref(),
        password: input.password.expose(),
    };
    let wallet = Signed {
        message: &input.message,
        signature: input.signature.expose(),
    };
    http.service
        .link_password(wanted, wallet, call.caller, &call.client)
        .await?;
    success(Nothing {})
}

pub(in crate::http) async fn change_password(
    State(http): State<Http>,
    call: ActionCall<ChangePassword>,
) -> Reply<Ended> {
    let ChangePasswordInput { password, proof } = &call.input.account;
    let ended = http
        .service
        .change_password(password.expose(), proof.read()?, call.caller, &call.client)
        .await?;
    success(Ended { ended })
}
