//! Who is asking: the admin secret, a token, whom the hook says, or nobody.
//!
//! The order is Hasura's: a secret that was sent is looked at first and decides; only without one
//! does the token or the hook count; only without a token does the unauthorized role. A wrong
//! secret or a bad token never falls back to less.

mod claims;
mod claims_source;
mod hook;
mod jwk;
mod jws;
mod jwt;

use std::collections::BTreeMap;
use std::fmt;

use axum::http::{HeaderMap, HeaderValue};
use serde_json::Value;
use time::OffsetDateTime;

use super::Shared;
use super::fault::Fault;
use super::session::{self, ADMIN, ROLE, Session};

pub(crate) use hook::{Hook, HookMode};
pub(crate) use jwt::JwtConfig;

/// How callers are told apart.
pub(crate) enum AuthMode {
    /// No admin secret is set: everybody is an admin, or whatever role they name.
    Open,
    /// An admin secret is set, and something for those who do not send it.
    Secret { secret: SecretHash, others: Others },
}

/// What counts when no admin secret was sent.
pub(crate) enum Others {
    /// The unauthorized role, if there is one.
    Strangers(Option<String>),
    /// A token; without one the unauthorized role, if there is one.
    Jwt(Box<JwtConfig>, Option<String>),
    /// What the hook says.
    Hook(Hook),
}

/// A request that may go on, and the cookies that its hook sets.
pub(crate) struct Admitted {
    pub(crate) session: Session,
    pub(crate) cookies: Vec<HeaderValue>,
}

/// What the headers alone decide.
enum Decision<'m> {
    Session(Session),
    AskHook(&'m Hook),
}

/// SHA-256 of the admin secret, so that comparing takes the same time for every wrong one.
#[derive(PartialEq, Eq)]
pub(crate) struct SecretHash([u8; 32]);

impl SecretHash {
    fn of(secret: &str) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    fn matches(&self, secret: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &Self::of(secret).0).is_ok()
    }
}

impl fmt::Debug for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Secret { others, .. } => match others {
                Others::Strangers(_) => "Secret",
                Others::Jwt(..) => "SecretAndJwt",
                Others::Hook(_) => "SecretAndHook",
            },
        })
    }
}

impl AuthMode {
    pub(crate) fn secret(secret: &str, others: Others) -> Self {
        Self::Secret {
            secret: SecretHash::of(secret),
            others,
        }
    }

    pub(crate) fn has_secret(&self) -> bool {
        matches!(self, Self::Secret { .. })
    }

    pub(crate) fn has_hook(&self) -> bool {
        matches!(
            self,
            Self::Secret {
                others: Others::Hook(_),
                ..
            }
        )
    }

    pub(crate) fn jwt(&self) -> Option<&JwtConfig> {
        match self {
            Self::Secret {
                others: Others::Jwt(jwt, _),
                ..
            } => Some(jwt),
            _ => None,
        }
    }

    fn decide(&self, headers: &HeaderMap, now: OffsetDateTime) -> Result<Decision<'_>, Fault> {
        let variables = session::from_headers(headers);
        let Self::Secret { secret, others } = self else {
            return Ok(Decision::Session(with_chosen_role(variables)));
        };
        let sent = variables
            .get(session::ADMIN_SECRET)
            .or_else(|| variables.get(session::ACCESS_KEY));
        if let Some(sent) = sent {
            if secret.matches(sent) {
                return Ok(Decision::Session(with_chosen_role(variables)));
            }
            return Err(Fault::new(
                401,
                "access-denied",
                "invalid x-hasura-admin-secret/x-hasura-access-key",
            ));
        }
        let (unauthorized_role, missing) = match others {
            Others::Hook(hook) => return Ok(Decision::AskHook(hook)),
            Others::Jwt(jwt, unauthorized_role) => match jwt.token(headers)? {
                Some(token) => {
                    let session = jwt.session(&token, requested_role(&variables), now)?;
                    return Ok(Decision::Session(session));
                }
                None => (
                    unauthorized_role,
                    Fault::new(
                        400,
                        "invalid-headers",
                        "Missing 'Authorization' or 'Cookie' header in JWT authentication mode",
                    ),
                ),
            },
            Others::Strangers(unauthorized_role) => (
                unauthorized_role,
                Fault::new(
                    401,
                    "access-denied",
                    "x-hasura-admin-secret/x-hasura-access-key required, but not found",
                ),
            ),
        };
        // The role is fixed, but Hasura takes the stranger's other variables as they come.
        let role = unauthorized_role.as_ref().ok_or(missing)?;
        Ok(Decision::Session(Session::new(role, variables)))
    }
}

impl Shared {
    /// Lets a request in, or not. `body` is that of a GraphQL request, for a hook to see.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        body: Option<&Value>,
    ) -> Result<Admitted, Fault> {
        match self.auth.decide(headers, self.clock.now())? {
            Decision::Session(session) => Ok(Admitted {
                session,
                cookies: Vec::new(),
            }),
            Decision::AskHook(hook) => hook.ask(&self.http, headers, body).await,
        }
    }
}

fn requested_role(variables: &BTreeMap<String, String>) -> Option<&str> {
    variables
        .get(ROLE)
        .map(String::as_str)
        .filter(|role| !role.is_empty())
}

fn with_chosen_role(variables: BTreeMap<String, String>) -> Session {
    let role = requested_role(&variables).unwrap_or(ADMIN).to_owned();
    Session::new(role, variables)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn authenticate(mode: &AuthMode, headers: &[(&str, &str)]) -> Result<Session, Fault> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(*name).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        match mode.decide(&headers, OffsetDateTime::UNIX_EPOCH)? {
            Decision::Session(session) => Ok(session),
            Decision::AskHook(_) => panic!("there is no hook"),
        }
    }

    fn strict(unauthorized_role: Option<&str>) -> AuthMode {
        AuthMode::secret("secret", Others::Strangers(unauthorized_role.map(str::to_owned)))
    }

    fn role(mode: &AuthMode, headers: &[(&str, &str)]) -> String {
        authenticate(mode, headers).unwrap().role
    }

    #[test]
    fn without_a_secret_everybody_has_the_role_they_name() {
        assert_eq!(role(&AuthMode::Open, &[]), "admin"); // no_secret_configured_no_header
        assert_eq!(role(&AuthMode::Open, &[("x-hasura-role", "r00t")]), "r00t"); // no_secret_configured_role_header
    }

    #[test]
    fn a_wrong_secret_is_refused_whatever_else_was_sent() {
        let mode = strict(Some("an0nymous"));
        assert_eq!(role(&mode, &[("x-hasura-admin-secret", "secret")]), "admin"); // secret_ok
        for wrong in ["bad secret", ""] {
            let fault = authenticate(&mode, &[("x-hasura-admin-secret", wrong)]).unwrap_err(); // secret_wrong
            assert_eq!((fault.status, fault.code.as_str()), (401, "access-denied"));
            assert_eq!(fault.message, "invalid x-hasura-admin-secret/x-hasura-access-key");
        }
    }

    #[test]
    fn nothing_sent_is_refused_or_unauthorized() {
        let mode = strict(None);
        let fault = authenticate(&mode, &[]).unwrap_err(); // secret_missing_no_unauth_role
        assert_eq!(
            fault.message,
            "x-hasura-admin-secret/x-hasura-access-key required, but not found"
        );
        let mode = strict(Some("guest"));
        let session = authenticate(
            &mode,
            &[
                ("x-hasura-role", "admin"),
                ("x-hasura-user-id", "42"),
                ("X-Hasura-Anything", "x"),
            ],
        )
        .unwrap(); // unauth_role_session_vars_come_from_headers
        assert_eq!(session.role, "guest");
        assert_eq!(session.variable("X-Hasura-User-Id"), Some("42"));
        assert_eq!(session.variable("x-hasura-anything"), Some("x"));
        assert_eq!(session.variable("x-hasura-role"), Some("guest"));
    }

    #[test]
    fn the_admin_secret_is_no_session_variable() {
        let mode = strict(None);
        let session = authenticate(
            &mode,
            &[("x-hasura-admin-secret", "secret"), ("x-hasura-role", "user")],
        )
        .unwrap();
        assert_eq!(session.variables().keys().collect::<Vec<_>>(), ["x-hasura-role"]);
    }
}
