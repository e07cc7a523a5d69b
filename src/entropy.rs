//! Randomness, as a value that is passed in.
//!
//! Everything an attacker must not guess is drawn here: refresh tokens, salts, nonces, ids. So is the jitter between two
//! runs of a statement. It is not a source of sampling.

use std::sync::Arc;

use uuid::Uuid;

/// Fills a slice.
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// A source of unguessable bytes.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

impl Entropy {
    /// The operating system's generator.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
        Self(Arc::new(|bytes| {
            getrandom::fill(bytes).expect("the operating system gives randomness");
        }))
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A version-4 UUID: 122 random bits (RFC 9562 section 5.4).
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}
