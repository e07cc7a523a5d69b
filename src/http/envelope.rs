//! What Hasura sends to an action: who may send it, and what is believed of it.
//!
//! The secret is compared before the body is even read, because whoever reaches these routes
//! without it could invent session variables. `request_query` and unknown keys are skipped without
//! being kept.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderName;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use uuid::Uuid;

use super::Http;
use super::client::client_of;
use super::cookie::Page;
use super::error::ApiError;
use crate::model::{ADMIN_ROLE, Caller, Client, Person, USER_ROLE};

/// The header that carries the actions secret.
pub const SECRET_HEADER: &str = "x-actions-secret";

/// Hasura repeats the client's whole document in `request_query`, and its whole request to the hook, so
/// a body may be far larger than any input of ours.
pub(super) const BODY_CAP: usize = 4 << 20;
/// Shorter than the time that a whole request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);
/// Where Hasura puts the client's `User-Agent`; its own stands in the header of that name.
const FORWARDED_USER_AGENT: HeaderName = HeaderName::from_static("x-forwarded-user-agent");

/// An action call from Hasura. A handler that takes one cannot be reached without the secret.
#[derive(Debug)]
pub struct ActionCall<A: Action> {
    /// The arguments.
    pub input: A::Input,
    /// On whose behalf.
    pub caller: Caller,
    /// From where.
    pub client: Client,
    /// From which page of ours, where it has its refresh token in a cookie.
    pub page: Option<Page>,
    action: PhantomData<A>,
}

/// One action: its name in Hasura and its arguments.
pub trait Action {
    /// As in `hasura/metadata/actions.graphql`.
    const NAME: &'static str;
    /// The arguments, unknown ones refused.
    type Input: DeserializeOwned + Send;
}

#[derive(Deserialize)]
struct Envelope<T> {
    action: Name,
    input: T,
    session_variables: BTreeMap<String, String>,
    #[serde(default, rename = "request_query")]
    _request_query: IgnoredAny,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl<A: Action + Send> FromRequest<Http> for ActionCall<A> {
    type Rejection = ApiError;

    async fn from_request(request: Request, http: &Http) -> Result<Self, ApiError> {
        let presented = request
            .headers()
            .get(SECRET_HEADER)
            .map_or(&[][..], |value| value.as_bytes());
        // Both secrets are always compared, so the time does not tell which of them is in use.
        let allowed = http
            .actions_secrets
            .iter()
            .fold(false, |found, secret| found | secret.matches(presented));
        if !allowed {
            return Err(ApiError::CallerNotAllowed);
        }
        let client = client_of(&request, &http.forwarded_for, FORWARDED_USER_AGENT);
        let page = Page::of(http, request.headers());
        let body = body_of(request, BODY_CAP).await?;
        let call: Envelope<A::Input> = serde_json::from_slice(&body)
            .map_err(|error| ApiError::BadRequest(complaint(&format!("the call of {}", A::NAME), &error)))?;
        // `metadata apply --prefix` puts something before the name; the path says which action it is.
        if !call.action.name.ends_with(A::NAME) {
            return Err(ApiError::BadRequest(format!(
                "this path answers the action {}",
                A::NAME
            )));
        }
        let caller = caller_of(&call.session_variables)?;
        Ok(Self {
            input: call.input,
            caller,
            client,
            page,
            action: PhantomData,
        })
    }
}

/// The body, whole and in time. Whoever sends it slowly is not answered as if the fault were ours.
pub(super) async fn body_of(request: Request, cap: usize) -> Result<Bytes, ApiError> {
    let body = axum::body::to_bytes(request.into_body(), cap);
    let Ok(read) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return Err(ApiError::BadRequest("the body did not arrive in time".to_owned()));
    };
    read.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_large {
            ApiError::PayloadTooLarge
        } else {
            ApiError::BadRequest("the body could not be read".to_owned())
        }
    })
}

/// serde's sentence where it names fields; elsewhere it may quote a value, so only the place is told.
pub(super) fn complaint(of: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let names_fields = text.starts_with("missing field") || text.starts_with("unknown field");
    if names_fields && text.len() <= 300 {
        format!("{of} does not fit: {text}")
    } else {
        format!(
            "{of} cannot be read (line {}, column {})",
            error.line(),
            error.column()
        )
    }
}

/// Believes `x-hasura-user-id` only beside a role that this service issued; see [`Caller::Guest`].
fn caller_of(variables: &BTreeMap<String, String>) -> Result<Caller, ApiError> {
    let role = variables
        .get("x-hasura-role")
        .ok_or_else(|| ApiError::BadRequest("session_variables hold no x-hasura-role".to_owned()))?;
    let id = |name: &str| variables.get(name).and_then(|id| Uuid::parse_str(id).ok());
    let person = id("x-hasura-user-id").map(|user_id| Person {
        user_id,
        session_id: id("x-hasura-session-id"),
    });
    Ok(match (role.as_str(), person) {
        (ADMIN_ROLE, person) => Caller::Admin(person),
        (USER_ROLE, Some(person)) => Caller::User(person),
        _ => Caller::Guest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn a_user_id_counts_only_beside_a_role_that_we_issued() {
        let id = Uuid::from_u128(9);
        let with = |role: &str| {
            caller_of(&variables(&[
                ("x-hasura-role", role),
                ("x-hasura-user-id", &id.to_string()),
            ]))
        };
        let person = Person {
            user_id: id,
            session_id: None,
        };
        assert_eq!(with("user").unwrap(), Caller::User(person));
        assert_eq!(with("admin").unwrap(), Caller::Admin(Some(person)));
        assert_eq!(with("guest").unwrap(), Caller::Guest);
        assert_eq!(with("anonymous").unwrap(), Caller::Guest);
        assert_eq!(
            caller_of(&variables(&[("x-hasura-role", "user")])).unwrap(),
            Caller::Guest
        );
        assert_eq!(
            caller_of(&variables(&[("x-hasura-role", "admin")])).unwrap(),
            Caller::Admin(None)
        );
        assert!(caller_of(&variables(&[])).is_err());
    }
}
