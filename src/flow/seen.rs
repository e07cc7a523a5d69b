//! Tokens that were verified, so that a signature is checked once and not at every request.
//!
//! Kept by the token's SHA-256, never by the token. What has ended or changed since is not known
//! here; `live` knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest;
use metrics::{Counter, counter};
use moka::sync::Cache;
use time::OffsetDateTime;
use uuid::Uuid;

use super::memory;
use crate::token::{TokenFault, Verifier};

/// How long a token is kept at most.
const LONGEST: Duration = Duration::from_secs(300);

/// What is kept of a verified token: the few things that a request asks for, so that many fit into memory.
#[derive(Debug)]
pub(super) struct SeenToken {
    pub(super) user_id: Uuid,
    pub(super) session_id: Uuid,
    pub(super) expires_at: OffsetDateTime,
    /// The one role of a token that an operator minted.
    pub(super) only_role: Option<Box<str>>,
}

type Seen = Cache<[u8; 32], Arc<SeenToken>>;

#[derive(Debug)]
pub(super) struct SeenTokens {
    seen: Seen,
    /// Counts changes of the keys, so that a judgement that one has overtaken is not kept.
    changes: AtomicU64,
    hits: Counter,
    misses: Counter,
}

/// A cache that is bounded in bytes and in age.
fn cache() -> Seen {
    Cache::builder()
        .weigher(|_, token: &Arc<SeenToken>| token.weight())
        .max_capacity(memory::OF_TOKENS)
        .time_to_live(LONGEST)
        .build()
}

impl SeenToken {
    fn weight(&self) -> u32 {
        memory::entry(size_of::<Self>() + self.only_role.as_deref().map_or(0, memory::text))
    }
}

impl SeenTokens {
    pub(super) fn new() -> Self {
        Self {
            seen: cache(),
            changes: AtomicU64::new(0),
            hits: counter!("hasura_siwe_token_cache_lookups_total", "result" => "hit"),
            misses: counter!("hasura_siwe_token_cache_lookups_total", "result" => "miss"),
        }
    }

    /// How many tokens are kept.
    pub(super) fn len(&self) -> u64 {
        self.seen.entry_count()
    }

    /// What a token says, if it is ours and in its time.
    pub(super) fn verify(
        &self,
        verifier: &Verifier,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<SeenToken>, TokenFault> {
        let digest = digest::digest(&digest::SHA256, token.as_bytes());
        let key: [u8; 32] = digest.as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some(verified) = self.seen.get(&key)
            && now < verified.expires_at
        {
            self.hits.increment(1);
            return Ok(verified);
        }
        self.misses.increment(1);
        let before = self.changes.load(Ordering::SeqCst);
        // The verifier knows the leeway at the end of a token's time, and says why one is refused.
        let verified = verifier.verify(token, now)?;
        let verified = Arc::new(SeenToken {
            user_id: verified.user_id,
            session_id: verified.session_id,
            expires_at: verified.expires_at,
            only_role: verified.only_role.map(String::into_boxed_str),
        });
        self.seen.insert(key, Arc::clone(&verified));
        // Checked after the insert: a change that comes now drops the entry itself.
        if self.changes.load(Ordering::SeqCst) != before {
            self.seen.invalidate(&key);
        }
        Ok(verified)
    }

    /// To be called when keys have changed: a retired key's tokens are no longer good.
    pub(super) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.seen.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JwtSecret;
    use crate::token::{Identity, KeyRing, Signer};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2030-01-01 12:00 UTC);

    // Issue 14, item 4.
    #[test]
    fn a_flood_of_tokens_fills_the_cache_to_its_bytes_and_no_further() {
        let cache = cache();
        let flood = 100_000_u32;
        for number in 0..flood {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            let token = SeenToken {
                user_id: Uuid::nil(),
                session_id: Uuid::nil(),
                expires_at: NOW,
                only_role: Some("moderator".into()),
            };
            cache.insert(key, Arc::new(token));
        }
        cache.run_pending_tasks();
        let (kept, bytes) = (cache.entry_count(), cache.weighted_size());
        assert!(bytes <= memory::OF_TOKENS, "{bytes} bytes");
        assert!(kept > 40_000 && kept < u64::from(flood), "{kept} tokens");
        assert!(bytes / kept > 600, "{bytes} bytes of {kept} tokens");
    }

    #[test]
    fn a_signature_is_checked_once_until_the_keys_change() {
        let secret = r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#;
        let secret = JwtSecret::parse(secret).unwrap();
        let ring = KeyRing::of(&secret.keys);
        let hour = Duration::from_secs(3600);
        let signer = Signer::new(&secret, Arc::clone(&ring), hour, hour);
        let identity = Identity {
            user_id: Uuid::from_u128(1),
            session_id: Some(Uuid::from_u128(2)),
            address: None,
            extra_roles: Vec::new(),
            custom_claims: Default::default(),
        };
        let token = signer
            .pen()
            .unwrap()
            .sign(Uuid::from_u128(3), &identity, hour, NOW, NOW + hour);
        let token = token.as_str();
        let (verifier, seen) = (Verifier::new(&secret, ring), SeenTokens::new());
        let first = seen.verify(&verifier, token, NOW).unwrap();
        assert!(Arc::ptr_eq(&first, &seen.verify(&verifier, token, NOW).unwrap()));
        seen.forget();
        assert!(!Arc::ptr_eq(&first, &seen.verify(&verifier, token, NOW).unwrap()));
        // What was good once is judged again when its time is over.
        assert!(seen.verify(&verifier, token, NOW + hour * 2).is_err());
    }
}
