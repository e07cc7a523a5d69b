//! A value that must not be seen.
//!
//! It prints as `***`, is compared in constant time, and is wiped when it is dropped. It is not
//! encryption: whoever calls [`Secret::expose`] holds the value.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use zeroize::{Zeroize, Zeroizing};

/// A value that neither `Debug` nor `Display` shows.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether `presented` is the same value. Takes the same time wherever the two differ.
    ///
    /// The digests are compared, so that the time does not tell the length either.
    pub fn matches(&self, presented: &[u8]) -> bool {
        let own = digest::digest(&digest::SHA256, self.0.as_ref());
        let other = digest::digest(&digest::SHA256, presented);
        constant_time::verify_slices_are_equal(own.as_ref(), other.as_ref()).is_ok()
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_and_equals_only_itself() {
        let secret = Secret::new("correct horse".to_owned());
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        assert!(secret.matches(b"correct horse"));
        assert!(!secret.matches(b"correct horsf"));
        assert!(!secret.matches(b""));
    }
}
