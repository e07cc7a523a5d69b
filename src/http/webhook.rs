//! Hasura's auth webhook: whom does this request come from?
//!
//! `GET` with the client's headers, `POST` with them in the body. The answer is built from the token
//! alone; of the client's own `x-hasura-*` headers only the wished-for role is read, and granted if
//! the account has it. No token is a guest; a bad one is nobody, never a guest.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::Http;
use super::envelope::{BODY_CAP, body_of};
use super::error::ApiError;
use crate::flow::{self, Authenticated};
use crate::model::GUEST_ROLE;

/// `Sat, 14 Sep 2024 20:45:00 GMT`, as Hasura reads `Expires`.
const EXPIRES: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The headers of the client that count.
#[derive(Debug, Default)]
struct Presented {
    /// Values of Authorization and Authentication, in no order.
    credentials: Vec<String>,
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct PostBody {
    headers: BTreeMap<String, String>,
    #[serde(default, rename = "request")]
    _request: IgnoredAny,
}

pub(super) async fn webhook(State(http): State<Http>, request: Request) -> Response {
    let presented = match presented(request).await {
        Ok(presented) => presented,
        Err(error) => return with_status(error, StatusCode::UNAUTHORIZED),
    };
    match answer(&http, &presented).await {
        Ok(variables) => Json(variables).into_response(),
        Err(error) => refusal(error),
    }
}

async fn answer(http: &Http, presented: &Presented) -> Result<Map<String, Value>, flow::Error> {
    let wanted = match presented.roles.as_slice() {
        [] => None,
        [role] => Some(role.as_str()),
        _ => return Err(flow::Error::Forbidden("one role at a time")),
    };
    let token = match presented.credentials.as_slice() {
        // Without a token the wish for a role means nothing, as with Hasura's own unauthorized role.
        [] => return Ok(Map::from_iter([("x-hasura-role".to_owned(), GUEST_ROLE.into())])),
        [credential] => token_of(credential).ok_or(flow::Error::NotAToken)?,
        // Two credentials could be two people's.
        _ => return Err(flow::Error::NotAToken),
    };
    Ok(variables(http.service.authenticate(token, wanted).await?))
}

/// The token behind `Bearer` or `JWT`.
fn token_of(credential: &str) -> Option<&str> {
    let (scheme, token) = credential.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt");
    let token = token.trim();
    (known && !token.is_empty() && !token.contains([' ', ','])).then_some(token)
}

/// Strings only: Hasura refuses the whole request for anything else.
fn variables(who: Authenticated) -> Map<String, Value> {
    // Custom claims first: were one ever named like one of ours, ours would win.
    let mut variables: Map<String, Value> = who
        .custom_claims
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    variables.insert("x-hasura-role".into(), who.role.into());
    variables.insert("x-hasura-user-id".into(), who.user_id.to_string().into());
    variables.insert("x-hasura-session-id".into(), who.session_id.to_string().into());
    if let Some(address) = who.address {
        variables.insert("x-hasura-address".into(), address.to_string().into());
    }
    let expires = who
        .ask_again_at
        .format(EXPIRES)
        .expect("an instant of this calendar prints");
    variables.insert("Expires".into(), expires.into());
    variables
}

/// Hasura knows success and 401; any other status tells it that we cannot know.
fn refusal(error: flow::Error) -> Response {
    let status = match error.cause() {
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::UNAUTHORIZED,
    };
    with_status(ApiError::Flow(error), status)
}

fn with_status(error: ApiError, status: StatusCode) -> Response {
    let mut reply = error.into_response();
    *reply.status_mut() = status;
    reply
}

async fn presented(request: Request) -> Result<Presented, ApiError> {
    let mut presented = Presented::default();
    if request.method() == Method::POST {
        let body = body_of(request, BODY_CAP).await?;
        let body: PostBody = serde_json::from_slice(&body)
            .map_err(|_| ApiError::BadRequest("the body is not what Hasura's auth hook sends".to_owned()))?;
        for (name, value) in body.headers {
            presented.take(&name, value);
        }
    } else {
        for (name, value) in request.headers() {
            // A value that is no text is a credential nobody can have meant.
            presented.take(name.as_str(), value.to_str().unwrap_or_default().to_owned());
        }
    }
    Ok(presented)
}

impl Presented {
    fn take(&mut self, name: &str, value: String) {
        if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("authentication") {
            self.credentials.push(value);
        } else if name.eq_ignore_ascii_case("x-hasura-role") {
            self.roles.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_credential_is_one_known_scheme_and_one_token() {
        for good in ["Bearer a.b.c", "bearer a.b.c", "JWT a.b.c", " Bearer  a.b.c "] {
            assert_eq!(token_of(good), Some("a.b.c"), "{good}");
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Basic a.b.c",
            "a.b.c",
            "Bearer a b",
            "Bearer a, Bearer b",
        ] {
            assert_eq!(token_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn expires_is_written_as_hasura_reads_it() {
        let at = datetime!(2024-09-04 20:45:07.9 UTC);
        assert_eq!(at.format(EXPIRES).unwrap(), "Wed, 04 Sep 2024 20:45:07 GMT");
    }
}
