//! A value that must not be seen.
//!
//! It prints as `***`, is compared in constant time, and is wiped when it is dropped. It is not
//! encryption: whoever calls [`Secret::expose`] holds the value. What the connection read or will write
//! (its buffers, those of TLS and of the kernel) is not wiped by it.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

/// As a client sends it. There is no way back into JSON: that is [`Disclosed`].
impl<'de> Deserialize<'de> for Secret<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A text that goes to its owner in an answer: an access token, a refresh token. It prints as `***` as well, and is
/// wiped when the answer is written.
#[derive(Clone)]
pub struct Disclosed(Zeroizing<String>);

impl Disclosed {
    /// Takes the text in.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Disclosed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for Disclosed {
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
    fn what_is_disclosed_is_seen_in_its_answer_alone() {
        let token = Disclosed::new("abc".to_owned());
        assert_eq!(format!("{token:?}"), "***");
        assert_eq!(serde_json::to_string(&token).unwrap(), "\"abc\"");
        let read: Secret<String> = serde_json::from_str("\"d\\u0065f\"").unwrap();
        assert_eq!(
            (format!("{read:?}"), read.expose().as_str()),
            ("***".to_owned(), "def")
        );
    }

    #[test]
    fn a_secret_prints_as_stars_and_equals_only_itself() {
        let secret = Secret::new("correct horse".to_owned());
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        assert!(secret.matches(b"correct horse"));
        assert!(!secret.matches(b"correct horsf"));
        assert!(!secret.matches(b""));
    }
}
