//! `KEYS_ENCRYPTION_KEY`: what private signing keys are sealed under in the database.
//!
//! Hasura does not read it. It seals nothing itself; `token` does.

use zeroize::Zeroizing;

use super::strength::weakness;
use super::{Faults, Variables};
use crate::secret::Secret;

const NAME: &str = "KEYS_ENCRYPTION_KEY";
const CURE: &str = "run `openssl rand -hex 32`, and keep it apart from the backups of the database";

/// Reads the key where it is given.
///
/// # Errors
/// A sentence that does not quote it.
pub(super) fn optional(variables: &Variables) -> Result<Option<Secret<[u8; 32]>>, String> {
    let Some(text) = variables.secret(NAME)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("{NAME} is not 64 hexadecimal digits: {CURE}"));
    }
    if weakness(text, 64).is_some() {
        return Err(format!("{NAME} does not look random: {CURE}"));
    }
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key).expect("the digits were counted");
    Ok(Some(Secret::new(key)))
}

/// The sentence for its absence.
pub(super) fn absent() -> String {
    format!("{NAME} is not set, and with a jwk_url the private keys are sealed under it: {CURE}")
}

/// Reads the key for a command that cannot do without.
///
/// # Errors
/// A sentence that does not quote it.
pub fn keys_encryption_key(variables: &Variables) -> Result<Secret<[u8; 32]>, Faults> {
    optional(variables)
        .and_then(|key| key.ok_or_else(absent))
        .map_err(|fault| Faults(vec![fault]))
}
