//! `login`, `register` and `myProfile`: accounts with an e-mail address and a password, as their published document
//! has them. The replies are the document's own objects, without `res` and `success`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::NoInput;
use crate::flow::{Registration, Tokens};
use crate::http::Http;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;
use crate::secret::{Disclosed, Secret};

pub(in crate::http) const EMAIL_LOGIN: &str = "login";
pub(in crate::http) const REGISTER: &str = "register";
pub(in crate::http) const MY_PROFILE: &str = "myProfile";

pub(in crate::http) struct EmailLogin;
pub(in crate::http) struct Register;
pub(in crate::http) struct MyProfile;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LoginInput {
    email: String,
    password: Secret<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RegisterInput {
    email: Option<String>,
    username: Option<String>,
    password: Secret<String>,
    name: Option<String>,
}

/// Both tokens, as this document names them.
#[derive(Serialize)]
pub(in crate::http) struct EmailTokens {
    pub(super) access_token: Disclosed,
    pub(super) refresh_token: Disclosed,
}

#[derive(Serialize)]
pub(in crate::http) struct Registered {
    id: Uuid,
}

/// Every field is sent, null included.
#[derive(Serialize)]
pub(in crate::http) struct Profile {
    id: Uuid,
    name: Option<String>,
    avatar: Option<String>,
}

impl Action for EmailLogin {
    const NAME: &'static str = EMAIL_LOGIN;
    type Input = LoginInput;
}

impl Action for Register {
    const NAME: &'static str = REGISTER;
    type Input = RegisterInput;
}

impl Action for MyProfile {
    const NAME: &'static str = MY_PROFILE;
    type Input = NoInput;
}

impl From<Tokens> for EmailTokens {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access,
            refresh_token: tokens.refresh.reveal(),
        }
    }
}

pub(in crate::http) async fn email_login(
    State(http): State<Http>,
    call: ActionCall<EmailLogin>,
) -> Result<Json<EmailTokens>, ApiError> {
    let LoginInput { email, password } = call.input;
    let tokens = http
        .service
        .log_in_with_email(&email, password.expose(), &call.client);
    Ok(Json(tokens.await?.into()))
}

pub(in crate::http) async fn register(
    State(http): State<Http>,
    call: ActionCall<Register>,
) -> Result<Json<Registered>, ApiError> {
    let wanted = Registration {
        email: call.input.email.as_deref(),
        username: call.input.username.as_deref(),
        password: call.input.password.expose(),
        name: call.input.name.as_deref(),
    };
    let id = http.service.register(wanted, &call.client).await?;
    Ok(Json(Registered { id }))
}

pub(in crate::http) async fn my_profile(
    State(http): State<Http>,
    call: ActionCall<MyProfile>,
) -> Result<Json<Profile>, ApiError> {
    let (id, profile) = http.service.profile(call.caller).await?;
    Ok(Json(Profile {
        id,
        name: profile.name,
        avatar: profile.avatar,
    }))
}
