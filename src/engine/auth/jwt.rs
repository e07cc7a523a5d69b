//! HASURA_GRAPHQL_JWT_SECRET, and the judgement of a token by it.
//!
//! What is not supported is refused by name. Times are judged by the engine's clock.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::claims;
use super::claims_source::ClaimsSource;
use super::jwk::KeySet;
use super::jws::{Key, Token};
use crate::clock::Clock;
use crate::engine::aeson;
use crate::engine::fault::Fault;
use crate::engine::session::Session;

/// A verified form of the JWT secret.
pub(crate) struct JwtConfig {
    keys: Keys,
    claims: ClaimsSource,
    audience: Vec<String>,
    issuer: Option<String>,
    allowed_skew: i64,
    header: TokenHeader,
}

/// One key of the setting, or those of a URL.
enum Keys {
    Fixed([Key; 1]),
    Fetched(Arc<KeySet>),
}

#[derive(Clone, Default)]
enum TokenHeader {
    #[default]
    Authorization,
    Cookie(String),
    Custom(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "type")]
    kind: Option<String>,
    key: Option<String>,
    jwk_url: Option<String>,
    claims_namespace: Option<String>,
    claims_namespace_path: Option<String>,
    claims_format: Option<String>,
    claims_map: Option<Map<String, Value>>,
    audience: Option<OneOrMany>,
    issuer: Option<String>,
    allowed_skew: Option<i64>,
    header: Option<RawHeader>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
}

impl JwtConfig {
    /// Reads the JSON text; a field that is not known is refused by name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let keys = match (&raw.key, &raw.jwk_url) {
            (None, None) => return Err("key and jwk_url both cannot be empty".to_owned()),
            (Some(_), Some(_)) => return Err("key, jwk_url both cannot be present".to_owned()),
            (Some(key), None) => {
                let kind = raw.kind.as_deref().ok_or("key \"type\" not found")?;
                Keys::Fixed([Key::from_setting(kind, key)?])
            }
            (None, Some(url)) => Keys::Fetched(KeySet::at(url)?),
        };
        Ok(Self {
            keys,
            claims: ClaimsSource::read(
                raw.claims_namespace,
                raw.claims_namespace_path,
                raw.claims_format.as_deref(),
                raw.claims_map,
            )?,
            audience: match raw.audience {
                None => Vec::new(),
                Some(OneOrMany::One(one)) => vec![one],
                Some(OneOrMany::Many(many)) => many,
            },
            issuer: raw.issuer,
            allowed_skew: raw.allowed_skew.unwrap_or(0).abs(),
            header: raw.header.map(token_header).transpose()?.unwrap_or_default(),
        })
    }

    /// What `/v1alpha1/config` shows of it.
    pub(crate) fn shown(&self) -> Value {
        self.claims.shown()
    }

    /// Fetches the keys, where they come from a URL.
    pub(crate) async fn start(&self, http: &reqwest::Client, clock: &Clock) -> Result<(), String> {
        match &self.keys {
            Keys::Fixed(_) => Ok(()),
            Keys::Fetched(set) => set.start(http, clock).await,
        }
    }

    /// The token of a request; `None` when there is none.
    pub(super) fn token(&self, headers: &HeaderMap) -> Result<Option<String>, Fault> {
        let text = |name: &str| {
            headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        match &self.header {
            TokenHeader::Authorization => {
                let Some(value) = text(header::AUTHORIZATION.as_str()) else {
                    return Ok(None);
                };
                let words: Vec<&str> = value.split_ascii_whitespace().collect();
                match words[..] {
                    ["Bearer", token] => {
                        // Hasura's answer says nothing of the cause, and stays as it is.
                        if matches!(token, "undefined" | "null") {
                            tracing::warn!(
                                "a client sends `Bearer {token}`: it sends a token before it has one"
                            );
                        }
                        Ok(Some(token.to_owned()))
                    }
                    _ => Err(Fault::new(
                        400,
                        "invalid-headers",
                        "Malformed Authorization header",
                    )),
                }
            }
            TokenHeader::Cookie(name) => Ok(text(header::COOKIE.as_str()).and_then(|cookies| {
                cookies
                    .split(';')
                    .filter_map(|cookie| cookie.trim().split_once('='))
                    .find(|(found, _)| found == name)
                    .map(|(_, token)| token.to_owned())
            })),
            TokenHeader::Custom(name) => Ok(text(name)),
        }
    }

    /// The session that a token gives.
    pub(super) fn session(
        &self,
        token: &str,
        requested_role: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Session, Fault> {
        let claims = self.verify(token).and_then(|claims| {
            self.check_times(&claims, now)?;
            self.check_names(&claims)?;
            Ok(claims)
        });
        let claims = claims
            .map_err(|problem| Fault::new(400, "invalid-jwt", format!("Could not verify JWT: {problem}")))?;
        claims::session(&self.claims, &claims, requested_role)
    }

    fn verify(&self, token: &str) -> Result<Value, String> {
        let token = Token::read(token)?;
        let claims = &token.claims;
        for name in ["sub", "iss", "jti"] {
            if claims.get(name).is_some_and(|value| !value.is_string()) {
                let kind = aeson::kind(&claims[name]);
                return Err(format!(
                    "JWTClaimsSetDecodeError \"Error in $.{name}: parsing StringOrURI failed, expected String, \
                     but encountered {kind}\""
                ));
            }
        }
        match &self.keys {
            Keys::Fixed(key) => token.verify(key)?,
            Keys::Fetched(set) => token.verify(&set.keys())?,
        }
        Ok(token.claims)
    }

    fn check_times(&self, claims: &Value, now: OffsetDateTime) -> Result<(), String> {
        let now = now.unix_timestamp_nanos() as f64 / 1e9;
        let skew = self.allowed_skew as f64;
        let instant = |name: &str| {
            match claims.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| {
                let kind = aeson::kind(value);
                format!(
                    "JWTClaimsSetDecodeError \"Error in $.{name}: parsing NumericDate failed, expected Number, \
                     but encountered {kind}\""
                )
            }),
        }
        };
        let (expires, issued, not_before) = (instant("exp")?, instant("iat")?, instant("nbf")?);
        if expires.is_some_and(|at| now >= at + skew) {
            return Err("JWTExpired".to_owned());
        }
        if issued.is_some_and(|at| at > now + skew) {
            return Err("JWTIssuedAtFuture".to_owned());
        }
        if not_before.is_some_and(|at| at > now + skew) {
            return Err("JWTNotYetValid".to_owned());
        }
        Ok(())
    }

    /// A token without `iss` or `aud` passes, as it does in Hasura's library.
    fn check_names(&self, claims: &Value) -> Result<(), String> {
        if let (Some(expected), Some(found)) = (&self.issuer, claims.get("iss"))
            && found.as_str() != Some(expected)
        {
            return Err("JWTNotInIssuer".to_owned());
        }
        if !self.audience.is_empty()
            && let Some(found) = claims.get("aud")
        {
            let accepted = |one: &Value| {
                one.as_str()
                    .is_some_and(|one| self.audience.iter().any(|known| known == one))
            };
            let any = found
                .as_array()
                .map_or_else(|| accepted(found), |list| list.iter().any(accepted));
            if !any {
                return Err("JWTNotInAudience".to_owned());
            }
        }
        Ok(())
    }
}

fn token_header(raw: RawHeader) -> Result<TokenHeader, String> {
    match (raw.kind.as_str(), raw.name) {
        ("Authorization", None) => Ok(TokenHeader::Authorization),
        ("Cookie", Some(name)) => Ok(TokenHeader::Cookie(name)),
        ("CustomHeader", Some(name)) => Ok(TokenHeader::Custom(name.to_ascii_lowercase())),
        ("Cookie" | "CustomHeader", None) => Err("header: key \"name\" not found".to_owned()),
        (other, _) => Err(format!(
            "header: expected 'type' is Authorization (without a name), Cookie or CustomHeader, found {other}"
        )),
    }
}
