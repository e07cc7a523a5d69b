//! Is this token one of ours, whole and in its time?
//!
//! Everything that RFC 8725 asks of a verifier stands here: the algorithm is the key's and never the
//! header's (3.1), the key comes from a fixed map (3.10), issuer and audience are compared (3.8,
//! 3.9), the type is compared (3.11). What the session, the user and the roles are by now is not
//! known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::{Header, Validation};
use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::access::TYPE;
use super::fault::TokenFault;
use super::ring::{KeyRing, header};
use crate::config::JwtSecret;

/// A token is never longer; one of ours has about a tenth of it.
pub const LONGEST: usize = 8 * 1024;
/// A kid is the 43 characters of a thumbprint.
const LONGEST_KID: usize = 64;
/// How far two clocks of ours may be apart. Only verifying knows it; no token is issued for longer.
pub const LEEWAY: Duration = Duration::seconds(30);

/// Judges access tokens.
pub struct Verifier {
    ring: Arc<KeyRing>,
    issuer: String,
    audience: Vec<String>,
    namespace: String,
}

/// What a good token of a session says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// `jti`.
    pub token_id: Uuid,
    /// `sub`.
    pub user_id: Uuid,
    /// The session that it belongs to, which may have ended.
    pub session_id: Uuid,
    /// `iat`.
    pub issued_at: OffsetDateTime,
    /// `exp`.
    pub expires_at: OffsetDateTime,
    /// The role of a request that asks for none.
    pub default_role: String,
    /// Roles that a request may ask for, as they were when the token was issued.
    pub allowed_roles: Vec<String>,
    /// The one role of a token that an operator minted; no other counts, whatever the account has.
    pub only_role: Option<String>,
    /// Every other `x-hasura-*` claim by its name: the user's id and the session's among them.
    pub variables: BTreeMap<String, String>,
}

/// What a good token says, be it of a session or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The session; none in a token that an operator minted without one.
    pub session_id: Option<Uuid>,
    /// `sub`.
    pub user_id: Uuid,
    /// `exp`.
    pub expires_at: OffsetDateTime,
    /// Roles that a request may ask for.
    pub allowed_roles: Vec<String>,
    token_id: Uuid,
    issued_at: OffsetDateTime,
    default_role: String,
    only_role: Option<String>,
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: OneOrMany,
    sub: Uuid,
    jti: Uuid,
    exp: i64,
    nbf: i64,
    iat: i64,
    #[serde(default)]
    only_role: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct HasuraClaims {
    #[serde(rename = "x-hasura-allowed-roles")]
    allowed_roles: Vec<String>,
    #[serde(rename = "x-hasura-default-role")]
    default_role: String,
    #[serde(flatten)]
    variables: BTreeMap<String, String>,
}

impl Verifier {
    /// Takes the bindings of the configuration, and the keys as they will be.
    pub fn new(secret: &JwtSecret, ring: Arc<KeyRing>) -> Self {
        Self {
            ring,
            issuer: secret.issuer.clone(),
            audience: secret.audience.clone(),
            namespace: secret.namespace.clone(),
        }
    }

    /// What `token` says, if it is one of a session of ours and `now` lies in its time.
    ///
    /// # Errors
    /// Why it is not good, for the log alone.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenFault> {
        let checked = self.check(token, now)?;
        Ok(Verified {
            session_id: checked.session_id.ok_or(TokenFault::NoSession)?,
            token_id: checked.token_id,
            user_id: checked.user_id,
            issued_at: checked.issued_at,
            expires_at: checked.expires_at,
            default_role: checked.default_role,
            allowed_roles: checked.allowed_roles,
            only_role: checked.only_role,
            variables: checked.variables,
        })
    }

    /// The `jti` of a token of a session of ours, however long ago it expired.
    ///
    /// # Errors
    /// Why it is not ours, for the log alone.
    pub fn id_of_any_age(&self, token: &str, now: OffsetDateTime) -> Result<Uuid, TokenFault> {
        let claims = self.signed_claims(token, now)?;
        let checked = self.bound_claims(claims, now)?;
        checked.session_id.ok_or(TokenFault::NoSession)?;
        Ok(checked.token_id)
    }

    /// As [`Self::verify`], and takes a token without a session as Hasura in JWT mode does.
    ///
    /// # Errors
    /// Why it is not good.
    pub fn check(&self, token: &str, now: OffsetDateTime) -> Result<Checked, TokenFault> {
        let claims = self.signed_claims(token, now)?;
        let checked = self.bound_claims(claims, now)?;
        // RFC 7519 section 4.1.4: good before exp. The system's clock is not asked.
        if now - checked.expires_at >= LEEWAY {
            return Err(TokenFault::Expired);
        }
        Ok(checked)
    }

    /// Issuer, audience, the beginning of its time, and Hasura's claims: all but its end.
    fn bound_claims(&self, claims: Claims, now: OffsetDateTime) -> Result<Checked, TokenFault> {
        if claims.iss != self.issuer {
            return Err(TokenFault::Issuer);
        }
        let for_us = |name: &String| self.audience.contains(name);
        match &claims.aud {
            OneOrMany::One(one) if for_us(one) => {}
            OneOrMany::Many(many) if many.iter().any(for_us) => {}
            _ => return Err(TokenFault::Audience),
        }
        let moment = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| TokenFault::Claims);
        let (issued_at, expires_at) = (moment(claims.iat)?, moment(claims.exp)?);
        if moment(claims.nbf)?.max(issued_at) - now > LEEWAY {
            return Err(TokenFault::Future);
        }
        self.hasura_claims(claims, issued_at, expires_at)
    }

    /// Everything that needs no claim: size, header, key, algorithm, signature, in this order.
    fn signed_claims(&self, token: &str, now: OffsetDateTime) -> Result<Claims, TokenFault> {
        if token.len() > LONGEST {
            return Err(TokenFault::TooLong);
        }
        let received = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Malformed)?;
        judge_header(&received)?;
        let kid = received.kid.as_deref();
        if kid.is_some_and(|kid| kid.len() > LONGEST_KID) {
            return Err(TokenFault::UnknownKey);
        }
        let keys = self.ring.keys();
        let key = keys.verification(kid).ok_or(TokenFault::UnknownKey)?;
        if key.until.is_some_and(|until| until <= now) {
            return Err(TokenFault::RetiredKey);
        }
        if received.alg != key.algorithm {
            return Err(TokenFault::Algorithm);
        }
        if received != header(key.algorithm, received.kid.clone()) {
            return Err(TokenFault::Header);
        }
        // jsonwebtoken judges times by the system's clock and takes absent claims for good ones, so
        // it is asked for the signature alone. It refuses a claim that is there twice.
        let mut validation = Validation::new(key.algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
            .map(|decoded| decoded.claims)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenFault::Signature,
                jsonwebtoken::errors::ErrorKind::Json(_) => TokenFault::Claims,
                _ => TokenFault::Malformed,
            })
    }

    fn hasura_claims(
        &self,
        mut claims: Claims,
        issued_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<Checked, TokenFault> {
        let hasura = claims.rest.remove(&self.namespace).ok_or(TokenFault::Claims)?;
        let hasura: HasuraClaims = serde_json::from_value(hasura).map_err(|_| TokenFault::Claims)?;
        let id = |name: &str| match hasura.variables.get(name) {
            None => Ok(None),
            Some(text) => Uuid::parse_str(text).map(Some).map_err(|_| TokenFault::Claims),
        };
        if id("x-hasura-user-id")? != Some(claims.sub) || !hasura.allowed_roles.contains(&hasura.default_role)
        {
            return Err(TokenFault::Claims);
        }
        Ok(Checked {
            session_id: id("x-hasura-session-id")?,
            token_id: claims.jti,
            user_id: claims.sub,
            issued_at,
            expires_at,
            default_role: hasura.default_role,
            allowed_roles: hasura.allowed_roles,
            only_role: claims.only_role,
            variables: hasura.variables,
        })
    }
}

fn judge_header(received: &Header) -> Result<(), TokenFault> {
    if received.crit.is_some() {
        return Err(TokenFault::Critical);
    }
    let brings_key = received.jku.is_some()
        || received.jwk.is_some()
        || received.x5u.is_some()
        || received.x5c.is_some()
        || received.x5t.is_some()
        || received.x5t_s256.is_some();
    if brings_key {
        return Err(TokenFault::BringsKey);
    }
    if received.typ.as_deref() != Some(TYPE) {
        return Err(TokenFault::Type);
    }
    Ok(())
}
