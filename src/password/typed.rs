//! A password as a person typed it. It is not a judgement: what someone logs in with may be anything,
//! and [`Policy`](super::Policy) judges what they want to set.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password in NFKC, wiped from memory when it is dropped.
///
/// One keyboard sends a composed letter and another its parts; both are the same password after NFKC
/// (NIST SP 800-63B-4 section 3.1.1.2).
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// The text is longer than any password may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password is longer than {} characters", Password::MAX_CODE_POINTS)]
pub struct PasswordTooLong;

impl Password {
    /// The most code points a password may have, as typed.
    pub const MAX_CODE_POINTS: usize = 256;

    /// The most bytes a password may have, as typed.
    pub const MAX_BYTES: usize = 1024;

    /// NFKC makes no text longer than this many times its bytes in UTF-8 (Unicode's normalization FAQ).
    const GROWTH: usize = 11;

    /// Brings `text` into NFKC. Nothing is trimmed and nothing cut off: a password that is shortened
    /// in silence matches what its owner never typed.
    ///
    /// # Errors
    /// When there are more code points or bytes than a password may have. That is seen before the
    /// work of normalising.
    pub fn parse(text: &str) -> Result<Self, PasswordTooLong> {
        if text.len() > Self::MAX_BYTES || text.chars().count() > Self::MAX_CODE_POINTS {
            return Err(PasswordTooLong);
        }
        // A string that grows leaves copies of its beginning behind, which nobody wipes.
        let mut password = Zeroizing::new(String::with_capacity(text.len() * Self::GROWTH));
        password.extend(text.nfkc());
        Ok(Self(password))
    }

    /// The text, for the hash and for the policy.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        Password::parse(text).unwrap().expose().to_owned()
    }

    #[test]
    fn two_ways_to_type_one_password_are_one_password() {
        for (one, other) in [
            ("caf\u{e9}", "cafe\u{301}"),
            ("\u{fb01}sh", "fish"),
            ("\u{ff50}\u{ff57}", "pw"),
            ("a\u{3000}b", "a b"),
            ("\u{212b}", "A\u{30a}"),
        ] {
            assert_eq!(parsed(one), parsed(other), "{one} {other}");
        }
    }

    #[test]
    fn blanks_letter_case_and_control_characters_stay_as_they_are() {
        for text in [" a B  ", "", "a\0b\n"] {
            assert_eq!(parsed(text), text);
        }
    }

    #[test]
    fn what_is_too_long_is_refused_and_never_cut() {
        assert_eq!(parsed(&"x".repeat(256)).len(), 256);
        assert_eq!(parsed(&"😀".repeat(256)).len(), 1024);
        assert_eq!(Password::parse(&"x".repeat(257)).unwrap_err(), PasswordTooLong);
        assert_eq!(
            PasswordTooLong.to_string(),
            "the password is longer than 256 characters"
        );
    }

    #[test]
    fn a_text_that_nfkc_swells_moves_in_memory_never() {
        let text = "\u{fdfa}".repeat(256);
        let password = Password::parse(&text).unwrap();
        assert_eq!(password.expose().len(), text.len() * Password::GROWTH);
    }

    #[test]
    fn debug_shows_no_password() {
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(***)");
    }
}
