//! Access tokens: JWTs with the claims that Hasura enforces.
//!
//! RFC 7519, typed `at+jwt` as RFC 9068 section 2.1 has it, with Hasura's claims in their
//! namespace. Every value in there is a string, because Hasura refuses the whole request for any
//! other, and comes from the database or the configuration, never from a request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::ring::{KeyRing, Keys, NoSigningKey};
use crate::config::JwtSecret;
use crate::model::{ADMIN_ROLE, Address, USER_ROLE};
use crate::secret::Disclosed;

/// How far `iat` and `nbf` lie in the past, so that a Hasura whose clock is a little behind does
/// not refuse a token as issued in the future.
const BACKDATED: time::Duration = time::Duration::seconds(5);

/// Who a token speaks for.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account's user.
    pub user_id: Uuid,
    /// The session the token belongs to; none for one that an operator minted without.
    pub session_id: Option<Uuid>,
    /// The wallet that signed in, where one did.
    pub address: Option<Address>,
    /// Roles besides `user`, which everybody has.
    pub extra_roles: Vec<String>,
    /// Claims that an operator added, by full name.
    pub custom_claims: BTreeMap<String, String>,
}

/// The type of our access tokens (RFC 9068 section 2.1).
pub(super) const TYPE: &str = "at+jwt";

/// Signs access tokens with the current key of a ring.
pub struct Signer {
    ring: Arc<KeyRing>,
    namespace: String,
    issuer: String,
    audience: Value,
    ttl: Duration,
    admin_ttl: Duration,
}

/// What an operator mints.
#[derive(Clone, Copy, Debug)]
pub struct Minted<'a> {
    /// `jti`.
    pub id: Uuid,
    /// For whom; its extra roles do not count.
    pub identity: &'a Identity,
    /// The only role.
    pub role: &'a str,
    /// When.
    pub now: OffsetDateTime,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

/// A signer that has its key: what is asked before anything is spent that a token is the answer to.
pub struct Pen<'a> {
    signer: &'a Signer,
    keys: Arc<Keys>,
}

impl Signer {
    /// Takes the keys and the bindings of the configuration. A token that may act as `admin` lives at most
    /// `admin_ttl`, one that an operator mints at most `ttl`.
    pub fn new(secret: &JwtSecret, ring: Arc<KeyRing>, ttl: Duration, admin_ttl: Duration) -> Self {
        Self {
            ring,
            namespace: secret.namespace.clone(),
            issuer: secret.issuer.clone(),
            audience: match secret.audience.as_slice() {
                [one] => json!(one),
                many => json!(many),
            },
            ttl,
            admin_ttl: admin_ttl.min(ttl),
        }
    }

    /// How long a token that an operator mints lives at most.
    pub fn longest(&self, is_admin: bool) -> Duration {
        if is_admin { self.admin_ttl } else { self.ttl }
    }

    /// The key of this moment, ready to sign.
    ///
    /// # Errors
    /// [`NoSigningKey`] when there is none.
    pub fn pen(&self) -> Result<Pen<'_>, NoSigningKey> {
        let keys = self.ring.keys();
        match keys.signing() {
            Ok(_) => Ok(Pen { signer: self, keys }),
            Err(reason) => Err(reason),
        }
    }
}

impl Pen<'_> {
    /// The token `id` for `identity`, issued `now` for `ttl`, that ends no later than its session does.
    pub fn sign(
        &self,
        id: Uuid,
        identity: &Identity,
        ttl: Duration,
        now: OffsetDateTime,
        session_ends: OffsetDateTime,
    ) -> Disclosed {
        let is_admin = identity.extra_roles.iter().any(|role| role == ADMIN_ROLE);
        let ttl = if is_admin {
            ttl.min(self.signer.admin_ttl)
        } else {
            ttl
        };
        let roles: Vec<&str> = std::iter::once(USER_ROLE)
            .chain(identity.extra_roles.iter().map(String::as_str))
            .collect();
        self.encode(
            id,
            identity,
            Roles::All(&roles),
            now,
            (now + ttl).min(session_ends),
        )
    }

    /// A token that may act as one role alone, for an operator.
    pub fn mint(&self, minted: &Minted<'_>) -> Disclosed {
        let Minted {
            id,
            identity,
            role,
            now,
            expires_at,
        } = *minted;
        self.encode(id, identity, Roles::Only(role), now, expires_at)
    }

    fn encode(
        &self,
        id: Uuid,
        identity: &Identity,
        roles: Roles<'_>,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Disclosed {
        let issued = now - BACKDATED;
        let mut claims = json!({
            "iss": self.signer.issuer,
            "aud": self.signer.audience,
            "sub": identity.user_id,
            "jti": id,
            "iat": issued.unix_timestamp(),
            "nbf": issued.unix_timestamp(),
            "exp": expires_at.unix_timestamp(),
            (&self.signer.namespace): hasura_claims(identity, roles),
        });
        if let Roles::Only(role) = roles {
            claims["only_role"] = json!(role);
        }
        let key = self.keys.signing().expect("the pen was made with a key");
        let token = jsonwebtoken::encode(&key.header(), &claims, key.encoding());
        Disclosed::new(token.expect("a key that was tried when it was read signs JSON"))
    }
}

/// What a request with the token may ask for.
#[derive(Clone, Copy)]
enum Roles<'a> {
    /// Any of these, the first by default.
    All(&'a [&'a str]),
    /// This one, and the webhook is told so: it goes by what the account has otherwise.
    Only(&'a str),
}

fn hasura_claims(identity: &Identity, roles: Roles<'_>) -> Map<String, Value> {
    // Custom claims first: were one ever named like one of ours, ours would win.
    let mut claims: Map<String, Value> = identity
        .custom_claims
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let roles = match &roles {
        Roles::All(roles) => roles,
        Roles::Only(role) => std::slice::from_ref(role),
    };
    claims.insert("x-hasura-allowed-roles".into(), json!(roles));
    claims.insert("x-hasura-default-role".into(), json!(roles.first()));
    claims.insert("x-hasura-user-id".into(), json!(identity.user_id));
    if let Some(session_id) = identity.session_id {
        claims.insert("x-hasura-session-id".into(), json!(session_id));
    }
    if let Some(address) = identity.address {
        claims.insert("x-hasura-address".into(), json!(address.to_string()));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2099-01-01 12:00 UTC);

    fn claims(identity: &Identity, session_ends: OffsetDateTime) -> Value {
        let secret =
            JwtSecret::parse(r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#).unwrap();
        let ring = KeyRing::of(&secret.keys);
        let signer = Signer::new(&secret, ring, Duration::from_secs(3600), Duration::from_secs(900));
        let token = signer.pen().unwrap().sign(
            Uuid::from_u128(3),
            identity,
            Duration::from_secs(3600),
            NOW,
            session_ends,
        );
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["hasura"]);
        validation.set_issuer(&["hasura-siwe"]);
        validation.validate_nbf = false;
        let key = DecodingKey::from_secret(b"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A");
        let decoded = jsonwebtoken::decode::<Value>(token.as_str(), &key, &validation).unwrap();
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
        decoded.claims
    }

    fn identity(extra_roles: &[&str]) -> Identity {
        Identity {
            user_id: Uuid::from_u128(1),
            session_id: Some(Uuid::from_u128(2)),
            address: Some(Address::from_bytes([7; 20])),
            extra_roles: extra_roles.iter().map(ToString::to_string).collect(),
            custom_claims: [
                ("x-hasura-team".to_owned(), "a \"quoted\" name".to_owned()),
                ("x-hasura-user-id".to_owned(), "somebody else".to_owned()),
            ]
            .into(),
        }
    }

    #[test]
    fn a_token_carries_what_hasura_wants_as_strings() {
        let claims = claims(&identity(&[]), NOW + Duration::from_secs(86_400));
        let hasura = claims["https://hasura.io/jwt/claims"].as_object().unwrap();
        assert_eq!(hasura["x-hasura-allowed-roles"], json!(["user"]));
        assert_eq!(hasura["x-hasura-default-role"], "user");
        assert_eq!(hasura["x-hasura-user-id"], Uuid::from_u128(1).to_string());
        assert_eq!(hasura["x-hasura-team"], "a \"quoted\" name");
        assert_eq!(
            hasura["x-hasura-address"],
            Address::from_bytes([7; 20]).to_string()
        );
        assert!(
            hasura
                .iter()
                .all(|(name, value)| value.is_string() || name == "x-hasura-allowed-roles")
        );
        assert_eq!(claims["exp"].as_i64().unwrap() - NOW.unix_timestamp(), 3600);
        assert_eq!(NOW.unix_timestamp() - claims["iat"].as_i64().unwrap(), 5);
        assert_eq!(claims["sub"], Uuid::from_u128(1).to_string());
    }

    #[test]
    fn an_admin_token_is_short_and_no_token_outlives_its_session() {
        let admin = claims(&identity(&["admin"]), NOW + Duration::from_secs(86_400));
        assert_eq!(admin["exp"].as_i64().unwrap() - NOW.unix_timestamp(), 900);
        let last = claims(&identity(&[]), NOW + Duration::from_secs(60));
        assert_eq!(last["exp"].as_i64().unwrap() - NOW.unix_timestamp(), 60);
    }
}
