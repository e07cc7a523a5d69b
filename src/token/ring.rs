//! The keys of this moment, shared by whoever signs and whoever verifies.
//!
//! A ring is replaced as a whole, so a request sees the keys before a rotation or those after it.
//! Where the keys come from, and when, is `flow`'s business.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::json;
use time::OffsetDateTime;

use super::access::TYPE;
use super::key_pair::{KeyPair, key_algorithm};
use super::seal::KeySeal;
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
    #[error(transparent)]
    Unusable(#[from] KeyFault),
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and signs nothing yet.
    Next,
    /// Signs.
    Current,
    /// Signs no more; its tokens are good until they expire.
    Retiring,
    /// Good for nothing.
    Retired,
}

/// A published key as the database has it.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// By its JOSE name.
    pub algorithm: String,
    /// The JWK, as JSON.
    pub public: String,
    /// The private half, where it may sign.
    pub sealed: Option<Vec<u8>>,
    /// Where it stands.
    pub state: KeyState,
    /// Since when it signs, if it does or did.
    pub since: Option<OffsetDateTime>,
    /// Until when it is published.
    pub until: Option<OffsetDateTime>,
}

/// A stored key that cannot be used, and why. Nothing secret is quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing key {kid} cannot be used: {reason}")]
pub struct KeyFault {
    /// Which.
    pub kid: String,
    /// Why.
    pub reason: String,
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
    /// What is published of it; nothing of a key that is shared.
    jwk: Option<Jwk>,
}

/// All keys of one moment.
pub struct Keys {
    signing: Result<SigningKey, NoSigningKey>,
    /// Since when a published one signs.
    signs_since: Option<OffsetDateTime>,
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
            signs_since: None,
            by_kid: HashMap::new(),
            without_kid: Some(VerificationKey {
                algorithm,
                decoding: DecodingKey::from_secret(secret),
                until: None,
                jwk: None,
            }),
        }
    }

    fn unread() -> Self {
        Self {
            signing: Err(NoSigningKey::NotRead),
            signs_since: None,
            by_kid: HashMap::new(),
            without_kid: None,
        }
    }

    /// The keys of the database. What cannot be used is left out, and said.
    pub fn published(stored: &[StoredKey], seal: &KeySeal) -> (Self, Vec<KeyFault>) {
        let mut keys = Self {
            signing: Err(NoSigningKey::None),
            signs_since: None,
            by_kid: HashMap::new(),
            without_kid: None,
        };
        let mut faults = Vec::new();
        for row in stored {
            let fault = |reason: String| KeyFault {
                kid: row.kid.clone(),
                reason,
            };
            match verification(row) {
                Ok(key) => drop(keys.by_kid.insert(row.kid.clone(), key)),
                // Nor may it sign: nobody could verify its tokens.
                Err(reason) => {
                    if row.state == KeyState::Current {
                        keys.signing = Err(fault(reason.clone()).into());
                    }
                    faults.push(fault(reason));
                    continue;
                }
            }
            // A key that is next is opened as well: what will be wrong then is better known now.
            let opened = match &row.sealed {
                None => continue,
                Some(sealed) => open(row, sealed, seal).map_err(fault),
            };
            faults.extend(opened.as_ref().err().cloned());
            if row.state == KeyState::Current {
                keys.signs_since = row.since.filter(|_| opened.is_ok());
                keys.signing = opened.map_err(NoSigningKey::Unusable);
            }
        }
        (keys, faults)
    }

    /// The JWK set (RFC 7517 section 5) at `now`, as JSON: never a key that is shared, and nothing that
    /// is retired by then. `None` while the keys were never read: an empty set would be a lie.
    pub fn jwks(&self, now: OffsetDateTime) -> Option<String> {
        if self.signing.as_ref().err() == Some(&NoSigningKey::NotRead) {
            return None;
        }
        let mut published: Vec<(&String, &Jwk)> = self.published_keys(now).collect();
        published.sort_unstable_by_key(|(kid, _)| *kid);
        let keys: Vec<&Jwk> = published.into_iter().map(|(_, jwk)| jwk).collect();
        Some(json!({ "keys": keys }).to_string())
    }

    /// How many keys are in the JWK set at `now`.
    pub fn published_at(&self, now: OffsetDateTime) -> usize {
        self.published_keys(now).count()
    }

    fn published_keys(&self, now: OffsetDateTime) -> impl Iterator<Item = (&String, &Jwk)> {
        self.by_kid
            .iter()
            .filter(move |(_, key)| key.until.is_none_or(|until| until > now))
            .filter_map(|(kid, key)| Some((kid, key.jwk.as_ref()?)))
    }

    /// Since when the key signs that signs now; `None` where it is shared, or there is none.
    pub fn signs_since(&self) -> Option<OffsetDateTime> {
        self.signs_since
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

impl KeyState {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }

    /// The state of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Next, Self::Current, Self::Retiring, Self::Retired]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

fn verification(row: &StoredKey) -> Result<VerificationKey, String> {
    let algorithm = key_algorithm(&row.algorithm).ok_or("its algorithm is none of this program's")?;
    let jwk: Jwk = serde_json::from_str(&row.public).map_err(|_| "its public half is no JWK")?;
    // The algorithm is the row's; a public half that says another was tampered with.
    if jwk.common.key_algorithm != Some(algorithm.into()) || jwk.common.key_id.as_ref() != Some(&row.kid) {
        return Err("its public half is that of another key".to_owned());
    }
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "its public half is no JWK")?;
    if decoding.family() != algorithm.family() {
        return Err("its public half is that of another algorithm".to_owned());
    }
    Ok(VerificationKey {
        algorithm,
        decoding,
        until: row.until,
        jwk: Some(jwk),
    })
}

fn open(row: &StoredKey, sealed: &[u8], seal: &KeySeal) -> Result<SigningKey, String> {
    let algorithm = key_algorithm(&row.algorithm).ok_or("its algorithm is none of this program's")?;
    let private = seal.open(&row.kid, sealed).map_err(|error| error.to_string())?;
    let pair = KeyPair::from_pkcs8(algorithm, private).map_err(|error| error.to_string())?;
    if pair.kid != row.kid {
        return Err("its private half is that of another key".to_owned());
    }
    Ok(SigningKey {
        kid: Some(pair.kid),
        algorithm,
        encoding: pair.encoding,
    })
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

    /// Puts other keys in their place. True when other tokens are good with them.
    pub fn replace(&self, keys: Keys) -> bool {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *place, Arc::new(keys));
        before.by_kid.len() != place.by_kid.len()
            || before.by_kid.keys().any(|kid| !place.by_kid.contains_key(kid))
    }
}
