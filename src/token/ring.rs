//! The keys of this moment, shared by whoever signs and whoever verifies.
//!
//! A ring is replaced as a whole, so a request sees the keys before a rotation or those after it.
//! Where the keys come from, and when, is `flow`'s business.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use time::OffsetDateTime;

use super::access::TYPE;
use crate::config::JwtKeys;

/// Why nothing can be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSigningKey {
    /// The keys were never read from the database.
    #[error("the signing keys have not been read from the database yet")]
    NotRead,
    /// The database holds no current key.
    #[error("there is no signing key: run `hasura-siwe keys generate`")]
    None,
    /// The current key is there and cannot be used.
    #[error("the signing key {kid} cannot be used: {reason}")]
    Unusable {
        /// Which.
        kid: String,
        /// Why; it quotes nothing secret.
        reason: String,
    },
}

/// The key that signs.
pub struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    encoding: EncodingKey,
}

/// A key that verifies, by one algorithm and no other (RFC 8725 section 3.1).
pub struct VerificationKey {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// When nothing that it signed can be good any more.
    pub(super) until: Option<OffsetDateTime>,
}

/// All keys of one moment.
pub struct Keys {
    signing: Result<SigningKey, NoSigningKey>,
    by_kid: HashMap<String, VerificationKey>,
    without_kid: Option<VerificationKey>,
}

/// What signer and verifier share.
pub struct KeyRing(RwLock<Arc<Keys>>);

impl SigningKey {
    /// The header of what it signs. A key that Hasura shares needs no name.
    pub(super) fn header(&self) -> Header {
        header(self.algorithm, self.kid.clone())
    }

    pub(super) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
}

/// The only shape that a header of ours has.
pub(super) fn header(algorithm: Algorithm, kid: Option<String>) -> Header {
    let mut header = Header::new(algorithm);
    header.typ = Some(TYPE.to_owned());
    header.kid = kid;
    header
}

impl Keys {
    fn shared(algorithm: Algorithm, secret: &[u8]) -> Self {
        Self {
            signing: Ok(SigningKey {
                kid: None,
                algorithm,
                encoding: EncodingKey::from_secret(secret),
            }),
            by_kid: HashMap::new(),
            without_kid: Some(VerificationKey {
                algorithm,
                decoding: DecodingKey::from_secret(secret),
                until: None,
            }),
        }
    }

    fn unread() -> Self {
        Self {
            signing: Err(NoSigningKey::NotRead),
            by_kid: HashMap::new(),
            without_kid: None,
        }
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> Result<&SigningKey, NoSigningKey> {
        self.signing.as_ref().map_err(Clone::clone)
    }

    /// The key that a token names, or the one for tokens that name none.
    pub(super) fn verification(&self, kid: Option<&str>) -> Option<&VerificationKey> {
        match kid {
            None => self.without_kid.as_ref(),
            Some(kid) => self.by_kid.get(kid),
        }
    }
}

impl KeyRing {
    /// The ring of a configuration: its HMAC key, or nothing until keys are read.
    pub fn of(keys: &JwtKeys) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(match keys {
            JwtKeys::Shared { algorithm, key } => Keys::shared(*algorithm, key.expose().as_bytes()),
            JwtKeys::Published => Keys::unread(),
        }))))
    }

    /// The keys of this moment.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other keys in their place.
    pub fn replace(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}
