//! What Hasura sends to an action: who may send it, and what is believed of it.
//!
//! The secret is compared before the body is even read, because whoever reaches these routes
//! without it could invent session variables. `request_query` and unknown keys are skipped without
//! being kept.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use uuid::Uuid;

use super::Http;
use super::cookie::Page;
use super::error::ApiError;
use super::log::RequestId;
use crate::model::{ADMIN_ROLE, Caller, Client, Person, USER_ROLE};

/// The header that carries the actions secret.
pub const SECRET_HEADER: &str = "x-actions-secret";

/// Hasura repeats the client's whole document in `request_query`, and its whole request to the hook, so
/// a body may be far larger than any input of ours.
pub(super) const BODY_CAP: usize = 4 << 20;
/// Shorter than the time that a whole request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);
const USER_AGENT_CAP: usize = 256;
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
        let client = client_of(&request, http.trusted_hops, FORWARDED_USER_AGENT);
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

/// Where a request came from. `agent` is the header in which the client's own name arrives.
pub(super) fn client_of(request: &Request, trusted_hops: usize, agent: HeaderName) -> Client {
    let headers = request.headers();
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let user_agent = headers
        .get(agent)
        .and_then(|value| value.to_str().ok())
        .map(|text| text.chars().take(USER_AGENT_CAP).collect());
    Client {
        ip: address_behind(headers, trusted_hops),
        user_agent,
        request_id,
    }
}

/// Each trusted proxy appended the address it saw, so the client's is the `hops`th from the right.
/// What stands left of it was written by the client itself.
fn address_behind(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let all: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let place = all.len().checked_sub(hops).filter(|_| hops > 0)?;
    all.get(place)?.parse().ok()
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

    #[test]
    fn the_client_address_is_counted_from_the_right_over_trusted_hops() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 1.2.3.4".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.1".parse().unwrap());
        assert_eq!(address_behind(&headers, 0), None);
        assert_eq!(address_behind(&headers, 1), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(address_behind(&headers, 2), Some("1.2.3.4".parse().unwrap()));
        assert_eq!(address_behind(&headers, 4), None);
        assert_eq!(address_behind(&HeaderMap::new(), 1), None);
    }
}
