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

use crate::token::{TokenFault, Verified, Verifier};

/// Tokens kept, and for how long at most.
const CAPACITY: u64 = 200_000;
const LONGEST: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct SeenTokens {
    seen: Cache<[u8; 32], Arc<Verified>>,
    /// Counts changes of the keys, so that a judgement that one has overtaken is not kept.
    changes: AtomicU64,
    hits: Counter,
    misses: Counter,
}

impl SeenTokens {
    pub(super) fn new() -> Self {
        Self {
            seen: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(LONGEST)
                .build(),
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
    ) -> Result<Arc<Verified>, TokenFault> {
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
        let verified = Arc::new(verifier.verify(token, now)?);
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
    use uuid::Uuid;

    const NOW: OffsetDateTime = datetime!(2030-01-01 12:00 UTC);

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
