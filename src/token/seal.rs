//! Private keys at rest: AES-256-GCM under KEYS_ENCRYPTION_KEY.
//!
//! It protects a copy of the database, not a process that runs. The kid is authenticated along with
//! the key, so a row's content cannot be moved to another row.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::entropy::Entropy;
use crate::secret::Secret;

/// The layout of what is stored: this byte, the nonce, the ciphertext with its tag.
const VERSION: u8 = 1;

/// Seals and opens private keys.
pub struct KeySeal(LessSafeKey);

/// It does not open: another key, another kid, or changed bytes. The cipher cannot tell which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("KEYS_ENCRYPTION_KEY does not open it: it was sealed under another one")]
pub struct NotOpened;

impl KeySeal {
    /// Under this key.
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals the private key of `kid`. Nonces are random: a collision is a matter of 2^32 keys (NIST
    /// SP 800-38D section 8.3), and there are a few a year.
    pub fn seal(&self, kid: &str, private: &Secret<Vec<u8>>, entropy: &Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        let mut sealed = private.expose().clone();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(kid.as_bytes()),
                &mut sealed,
            )
            .expect("a key is far below the cipher's limit");
        [&[VERSION][..], &nonce, &sealed].concat()
    }

    /// Opens what was sealed for `kid`.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub fn open(&self, kid: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, NotOpened> {
        let (&version, rest) = sealed.split_first().ok_or(NotOpened)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(NotOpened)?;
        if version != VERSION {
            return Err(NotOpened);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOpened)?;
        let mut private = ciphertext.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(kid.as_bytes()), &mut private)
            .map_err(|_| NotOpened)?
            .len();
        private.truncate(length);
        Ok(Secret::new(private))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_under_its_key_and_for_its_kid_alone() {
        let entropy = Entropy::system();
        let seal = KeySeal::new(&Secret::new([7; 32]));
        let private = Secret::new(b"a private key".to_vec());
        let sealed = seal.seal("kid", &private, &entropy);
        assert_eq!(seal.open("kid", &sealed).unwrap().expose(), b"a private key");
        assert_ne!(sealed, seal.seal("kid", &private, &entropy), "a fresh nonce");
        assert!(!sealed.windows(13).any(|window| window == b"a private key"));
        assert!(seal.open("other", &sealed).is_err());
        assert!(KeySeal::new(&Secret::new([8; 32])).open("kid", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open("kid", &changed).is_err(), "byte {at}");
            assert!(seal.open("kid", &sealed[..at]).is_err(), "{at} bytes");
        }
    }
}
