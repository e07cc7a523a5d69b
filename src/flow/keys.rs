//! The signing keys: how a process follows them, and what an operator does to them.
//!
//! The database says which keys there are. Every process reads them when it is told of a change and
//! once a minute in any case, and replaces its ring as a whole. A read that fails leaves the ring as
//! it is: what was good a minute ago is better than nothing.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::Service;
use crate::config::{JwtKeys, Lifetimes};
use crate::entropy::Entropy;
use crate::secret::Secret;
use crate::storage::{self, Db, KeyHistory, Retired};
use crate::token::{KeyPair, KeySeal, KeyState, Keys, NoKey, NoSigningKey, RsaBits, key_algorithm};

/// How long Hasura may keep a set of keys before it asks again.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(60);

/// How often the keys are read when nobody announces a change.
const EVERY: Duration = Duration::from_secs(60);

/// A process may miss the announcement and publish a new key [`EVERY`] later, and Hasura may have
/// asked just before.
const PUBLISHED_FOR: Duration = Duration::from_secs(EVERY.as_secs() + JWKS_MAX_AGE.as_secs());

/// How long a key stays published after it stopped signing: the longest access token that any
/// process may have been configured for, not the one of now, and some minutes for processes that went on
/// signing with it, and for the leeway of clocks.
const KEPT_FOR: Duration = Duration::from_secs(Lifetimes::LONGEST_ACCESS.as_secs() + 600);

/// What reads keys, and one read at a time: a slow one must not put back what a later one replaced.
pub(super) struct KeyReader {
    seal: Option<KeySeal>,
    turn: tokio::sync::Mutex<()>,
}

impl KeyReader {
    /// `None` where the key is shared with Hasura and there is nothing to read.
    pub(super) fn new(keys: &JwtKeys, sealed_under: Option<&Secret<[u8; 32]>>) -> Self {
        let seal = match keys {
            JwtKeys::Shared { .. } => None,
            JwtKeys::Published => sealed_under.map(KeySeal::new),
        };
        Self {
            seal,
            turn: tokio::sync::Mutex::new(()),
        }
    }
}

impl Service {
    /// Reads the signing keys and takes them. Does nothing where HMAC signs.
    ///
    /// # Errors
    /// The database's, when it gave no answer; the keys stay as they are.
    pub async fn reload_keys(&self) -> Result<(), storage::Error> {
        let Some(seal) = &self.keys.seal else {
            return Ok(());
        };
        let _turn = self.keys.turn.lock().await;
        let stored = self.db.live_keys().await?;
        let (keys, faults) = Keys::published(&stored, seal);
        for fault in faults {
            error!(cause = %fault, "a signing key is left out");
        }
        let before = self.key_fault();
        // After the ring: a token that is judged from now on meets the keys of now.
        if self.ring.replace(keys) {
            self.seen.forget();
        }
        match (before, self.key_fault()) {
            (Some(_), None) => info!("the signing keys are read"),
            (before, Some(fault)) if before.as_ref() != Some(&fault) => {
                error!(cause = %fault, "nobody can sign in or restore a session");
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the keys on a task of its own, for whoever hears of a change and must go on listening.
    pub(super) fn reload_keys_soon(self: &Arc<Self>) {
        let service = Arc::clone(self);
        tokio::spawn(async move { service.reload_keys_or_keep().await });
    }

    /// Reads the keys once a minute until the task is dropped, beside what the announcements bring.
    pub async fn keep_keys(self: Arc<Self>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.reload_keys_or_keep().await;
        }
    }

    async fn reload_keys_or_keep(&self) {
        if let Err(error) = self.reload_keys().await {
            warn!(
                error = &error as &dyn std::error::Error,
                "the signing keys stay as they were read before"
            );
        }
    }

    /// Why no token can be signed just now; `None` when one can.
    pub fn key_fault(&self) -> Option<NoSigningKey> {
        self.signer.pen().err()
    }

    /// As [`Self::key_fault`], after a look whether there is a key by now.
    pub async fn missing_key(&self) -> Option<NoSigningKey> {
        self.key_fault()?;
        self.reload_keys_or_keep().await;
        self.key_fault()
    }

    /// The JWK set as JSON: empty where HMAC signs, `None` while the keys were never read.
    pub fn jwks(&self) -> Option<String> {
        self.ring.keys().jwks(self.clock.now())
    }
}

/// What an operator does to the signing keys. It needs no service that runs.
pub struct SigningKeys {
    db: Db,
}

/// Why an operator's change was not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefusal {
    /// No such algorithm.
    #[error("no key can be made for {0:?}: take EdDSA, ES256, ES384, RS256, RS384 or RS512")]
    Algorithm(String),
    /// The library made none.
    #[error("no key was made")]
    NotMade(#[source] NoKey),
    /// The key that signs now was sealed under another KEYS_ENCRYPTION_KEY.
    #[error(
        "the signing key {0} does not open under this KEYS_ENCRYPTION_KEY: the service would not open a new one either; give this command the service's"
    )]
    OtherSeal(String),
    /// There is one already.
    #[error(
        "there is a next key already: `hasura-siwe keys rotate` lets it sign, `hasura-siwe keys retire` removes it"
    )]
    NextExists,
    /// Nothing could sign after it.
    #[error("there is no next key: run `hasura-siwe keys generate`, and rotate two minutes later")]
    NoNext,
    /// Hasura may not know it yet.
    #[error("the next key has not been published for {} s yet, so Hasura may not know it and would refuse its tokens: wait, or insist with --force", PUBLISHED_FOR.as_secs())]
    TooEarly,
    /// No such key.
    #[error("there is no key {0}: see `hasura-siwe keys list`")]
    Unknown(String),
    /// It signs.
    #[error(
        "the key {0} signs: rotate first, or insist with --force, and nobody can sign in until another key is current"
    )]
    Signs(String),
    /// The database gave no answer.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl SigningKeys {
    /// The keys of this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes a key and publishes it; it signs at once where none does.
    ///
    /// # Errors
    /// [`KeyRefusal`].
    pub async fn generate(
        &self,
        algorithm: &str,
        bits: RsaBits,
        sealed_under: &Secret<[u8; 32]>,
        entropy: &Entropy,
    ) -> Result<(String, KeyState), KeyRefusal> {
        let seal = KeySeal::new(sealed_under);
        let known = key_algorithm(algorithm).ok_or_else(|| KeyRefusal::Algorithm(algorithm.to_owned()))?;
        for key in self.db.live_keys().await? {
            if let Some(sealed) = &key.sealed
                && seal.open(&key.kid, sealed).is_err()
            {
                return Err(KeyRefusal::OtherSeal(key.kid));
            }
        }
        let pair = tokio::task::spawn_blocking(move || KeyPair::generate(known, bits))
            .await
            .map_err(|_| KeyRefusal::NotMade(NoKey))?
            .map_err(KeyRefusal::NotMade)?;
        let new = pair.sealed(&seal, entropy);
        // The second attempt is for two operators at once: the slower one's key becomes the next.
        for _ in 0..2 {
            if let Some(state) = self.db.add_key(&new).await? {
                return Ok((new.kid, state));
            }
        }
        Err(KeyRefusal::NextExists)
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// [`KeyRefusal::Storage`].
    pub async fn list(&self) -> Result<Vec<KeyHistory>, KeyRefusal> {
        Ok(self.db.list_keys().await?)
    }

    /// Lets the next key sign; the one before stays published until its last token must have expired.
    ///
    /// # Errors
    /// [`KeyRefusal`]; without `force`, when Hasura may not know the key yet.
    pub async fn rotate(&self, force: bool) -> Result<String, KeyRefusal> {
        let published_for = if force { Duration::ZERO } else { PUBLISHED_FOR };
        if let Some(kid) = self.db.promote_key(published_for, KEPT_FOR).await? {
            return Ok(kid);
        }
        let has_next = self.list().await?.iter().any(|key| key.state == KeyState::Next);
        Err(if has_next {
            KeyRefusal::TooEarly
        } else {
            KeyRefusal::NoNext
        })
    }

    /// Retires a key at once, and its tokens with it. False when it was retired before.
    ///
    /// # Errors
    /// [`KeyRefusal`]; without `force`, when the key signs.
    pub async fn retire(&self, kid: &str, force: bool) -> Result<bool, KeyRefusal> {
        match self.db.retire_key(kid, force).await? {
            Retired::Done => Ok(true),
            Retired::Already => Ok(false),
            Retired::Signs => Err(KeyRefusal::Signs(kid.to_owned())),
            Retired::Unknown => Err(KeyRefusal::Unknown(kid.to_owned())),
        }
    }
}
