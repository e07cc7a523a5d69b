//! Hasura's auth webhook: whom does this request come from?
//!
//! `GET` with the client's headers, `POST` with them in the body. The answer is built from the token
//! alone; of the client's own `x-hasura-*` headers only the wished-for role is read, and granted if
//! the account has it. No token is a guest; a bad one is nobody, never a guest.

use std::fmt;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::Http;
use super::envelope::{BODY_CAP, body_of};
use super::error::ApiError;
use crate::flow::{self, Authenticated};
use crate::model::GUEST_ROLE;

/// `Sat, 14 Sep 2024 20:45:00 GMT`, as Hasura reads `Expires`.
const EXPIRES_FORM: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

const ROLE: &str = "x-hasura-role";
const USER_ID: &str = "x-hasura-user-id";
const SESSION_ID: &str = "x-hasura-session-id";
const ADDRESS: &str = "x-hasura-address";
const EXPIRES: &str = "Expires";
/// What nobody else may say.
const OURS: [&str; 5] = [ROLE, USER_ID, SESSION_ID, ADDRESS, EXPIRES];

/// The headers of the client that count.
#[derive(Debug, Default)]
struct Presented<'a> {
    /// Values of Authorization and Authentication, in no order.
    credentials: Vec<&'a str>,
    roles: Vec<&'a str>,
}

#[derive(Deserialize)]
struct PostBody {
    #[serde(deserialize_with = "every_pair")]
    headers: Vec<(String, String)>,
    #[serde(default, rename = "request")]
    _request: IgnoredAny,
}

/// All members of an object, equal keys too: of two credentials neither may win.
fn every_pair<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_map(Pairs)
}

pub(super) async fn webhook(State(http): State<Http>, request: Request) -> Response {
    let answered = if request.method() == Method::POST {
        let body = match body_of(request, BODY_CAP).await.and_then(|body| read(&body)) {
            Ok(body) => body,
            Err(error) => return with_status(error, StatusCode::UNAUTHORIZED),
        };
        let headers = body.headers.iter();
        answer(
            &http,
            Presented::of(headers.map(|(name, value)| (name.as_str(), value.as_str()))),
        )
        .await
    } else {
        let (head, _) = request.into_parts();
        // A value that is no text is a credential nobody can have meant.
        let headers = head.headers.iter();
        let text = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        answer(&http, Presented::of(text)).await
    };
    match answered {
        Ok(variables) => Json(variables).into_response(),
        Err(error) => refusal(error),
    }
}

fn read(body: &[u8]) -> Result<PostBody, ApiError> {
    serde_json::from_slice(body)
        .map_err(|_| ApiError::BadRequest("the body is not what Hasura's auth hook sends".to_owned()))
}

async fn answer(http: &Http, presented: Presented<'_>) -> Result<Variables, flow::Error> {
    let wanted = match presented.roles.as_slice() {
        [] => None,
        [role] => Some(*role),
        _ => return Err(flow::Error::Forbidden("one role at a time")),
    };
    let token = match presented.credentials.as_slice() {
        // Without a token the wish for a role means nothing, as with Hasura's own unauthorized role.
        [] => return Ok(Variables::Guest),
        [credential] if is_no_token_yet(credential) => {
            tracing::info!("a client sends a token before it has one: Bearer undefined or its like");
            return Err(flow::Error::TokenNotYet);
        }
        [credential] => token_of(credential).ok_or(flow::Error::NotAToken)?,
        // Two credentials could be two people's.
        _ => return Err(flow::Error::NotAToken),
    };
    Ok(Variables::Of(http.service.authenticate(token, wanted).await?))
}

/// The token behind `Bearer` or `JWT`: `scheme 1*SP token68` (RFC 9110, section 11.4), with blanks and tabs around it.
fn token_of(credential: &str) -> Option<&str> {
    let (scheme, token) = credential.trim_matches([' ', '\t']).split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt");
    let token = token.trim_start_matches(' ');
    let is_of_a_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    (known && !token.is_empty() && token.bytes().all(is_of_a_token)).then_some(token)
}

/// What a client makes of a variable that holds no token: `Bearer ${token}` in JavaScript, and its like elsewhere.
const NO_TOKEN: &[&str] = &["", "undefined", "null", "nil", "none", "nan", "[object object]"];

/// Whether a known scheme is followed by no token, or by the name of nothing.
fn is_no_token_yet(credential: &str) -> bool {
    let credential = credential.trim().to_ascii_lowercase();
    let rest = ["bearer", "jwt"]
        .iter()
        .find_map(|scheme| credential.strip_prefix(scheme));
    rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with(' ')) && NO_TOKEN.contains(&rest.trim()))
}

/// What Hasura is told. Strings only: it refuses the whole request for anything else.
enum Variables {
    Guest,
    Of(Authenticated),
}

impl Serialize for Variables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let who = match self {
            Self::Guest => {
                map.serialize_entry(ROLE, GUEST_ROLE)?;
                return map.end();
            }
            Self::Of(who) => who,
        };
        for (name, value) in &who.session.claims {
            // Were one ever named like one of ours, ours would win.
            if !OURS.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry(ROLE, &who.role)?;
        map.serialize_entry(USER_ID, &who.session.user_id)?;
        map.serialize_entry(SESSION_ID, &who.session_id)?;
        if let Some(address) = &who.session.address_text {
            map.serialize_entry(ADDRESS, address)?;
        }
        let expires = who
            .ask_again_at
            .format(EXPIRES_FORM)
            .expect("an instant of this calendar prints");
        map.serialize_entry(EXPIRES, &expires)?;
        map.end()
    }
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

impl<'a> Presented<'a> {
    fn of(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut presented = Self::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("authentication") {
                presented.credentials.push(value);
            } else if name.eq_ignore_ascii_case(ROLE) {
                presented.roles.push(value);
            }
        }
        presented
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_credential_is_one_known_scheme_and_one_token() {
        for good in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "JWT a.b.c",
            " Bearer  a.b.c ",
            "\tBearer a.b.c\t",
        ] {
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
            // Issue 14, item 15.
            "Bearer \ta.b.c",
            "Bearer\ta.b.c",
            "Bearer\t a.b.c",
            "Bearer a.b.c\td",
            "Bearer \u{a0}a.b.c",
            "Bearer \u{b}a.b.c",
            "\u{a0}Bearer a.b.c",
            "Bearer a.b.\u{e9}",
            "Bearer \"a.b.c\"",
        ] {
            assert_eq!(token_of(bad), None, "{bad}");
        }
    }

    // Issue 14, item 20.
    #[test]
    fn the_name_of_nothing_is_no_token_yet() {
        for nothing in [
            "Bearer",
            "Bearer ",
            "Bearer undefined",
            "bearer  null ",
            "JWT None",
            "Bearer [object Object]",
        ] {
            assert!(is_no_token_yet(nothing), "{nothing}");
        }
        for other in [
            "",
            "undefined",
            "Basic undefined",
            "Bearer a.b.c",
            "Bearer undefined2",
            "Bearerundefined",
        ] {
            assert!(!is_no_token_yet(other), "{other}");
        }
    }

    #[test]
    fn expires_is_written_as_hasura_reads_it() {
        let at = datetime!(2024-09-04 20:45:07.9 UTC);
        assert_eq!(at.format(EXPIRES_FORM).unwrap(), "Wed, 04 Sep 2024 20:45:07 GMT");
    }
}
