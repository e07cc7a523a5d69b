//! `v1Logout`, `v1LogoutAll`, `v1EndSession`, `v1Sessions`: a person and their own sessions.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NoInput, Reply, Success, success};
use crate::http::Http;
use crate::http::cookie::SetCookies;
use crate::http::envelope::{Action, ActionCall};
use crate::http::error::ApiError;

pub(in crate::http) const LOGOUT: &str = "v1Logout";
pub(in crate::http) const LOGOUT_ALL: &str = "v1LogoutAll";
pub(in crate::http) const END_SESSION: &str = "v1EndSession";
pub(in crate::http) const SESSIONS: &str = "v1Sessions";

pub(in crate::http) struct Logout;
pub(in crate::http) struct LogoutAll;
pub(in crate::http) struct EndSession;
pub(in crate::http) struct Sessions;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Id {
    id: String,
}

/// How many sessions ended by this call: none, if it was repeated.
#[derive(Serialize)]
pub(in crate::http) struct Ended {
    pub(super) ended: i64,
}

pub(super) type Ending = Result<(SetCookies, Json<Success<Ended>>), ApiError>;

#[derive(Serialize)]
pub(in crate::http) struct Listed {
    sessions: Vec<Session>,
}

/// Every field is sent, null included.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: Uuid,
    flow: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    ends_at: OffsetDateTime,
    user_agent: Option<String>,
    ip: Option<String>,
    current: bool,
}

impl Action for Logout {
    const NAME: &'static str = LOGOUT;
    type Input = NoInput;
}

impl Action for LogoutAll {
    const NAME: &'static str = LOGOUT_ALL;
    type Input = NoInput;
}

impl Action for EndSession {
    const NAME: &'static str = END_SESSION;
    type Input = Id;
}

impl Action for Sessions {
    const NAME: &'static str = SESSIONS;
    type Input = NoInput;
}

pub(in crate::http) async fn log_out(State(http): State<Http>, call: ActionCall<Logout>) -> Ending {
    let ended = http.service.log_out(call.caller, &call.client).await?;
    signed_out(&http, ended)
}

pub(in crate::http) async fn log_out_all(State(http): State<Http>, call: ActionCall<LogoutAll>) -> Ending {
    let ended = http.service.log_out_everywhere(call.caller, &call.client).await?;
    signed_out(&http, ended)
}

pub(in crate::http) async fn end_session(State(http): State<Http>, call: ActionCall<EndSession>) -> Ending {
    let id = &call.input.id;
    let ended = http.service.end_session(id, call.caller, &call.client).await?;
    let own = call.caller.person().and_then(|person| person.session_id);
    if own.is_some() && own == Uuid::parse_str(id).ok() {
        return signed_out(&http, ended);
    }
    Ok((SetCookies::default(), success(Ended { ended })?))
}

/// The caller's own session is over, so its cookie is good for nothing.
pub(super) fn signed_out(http: &Http, ended: i64) -> Ending {
    Ok((SetCookies::forget_all(http), success(Ended { ended })?))
}

pub(in crate::http) async fn sessions(State(http): State<Http>, call: ActionCall<Sessions>) -> Reply<Listed> {
    let (sessions, own) = http.service.sessions(call.caller).await?;
    let listed = sessions.into_iter().map(|session| Session {
        id: session.id,
        flow: session.flow,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        ends_at: session.ends_at,
        user_agent: session.user_agent,
        ip: session.ip,
        current: Some(session.id) == own,
    });
    success(Listed {
        sessions: listed.collect(),
    })
}
