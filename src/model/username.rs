//! The username that a person logs in with, in the one form it is kept and compared in. It is not the name
//! that others see: that is an [`AccountName`](super::AccountName), which may be in any script.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// 3 to 32 of `a` to `z`, digits, `_`, `-` and `.`, of which the first is a letter or digit.
///
/// There is no `@` in it, so that no username is ever an e-mail address. What is outside of ASCII after
/// NFKC is refused: in Cyrillic letters `аnna` looks like `anna` and would be another person.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

/// Why a text is no username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Fewer than 3 characters or more than 32.
    #[error("the username must have 3 to 32 characters")]
    Length,
    /// Another character than the few, or a sign at the beginning.
    #[error(
        "the username may hold only letters from a to z, digits, _, - and ., and begins with a letter or digit"
    )]
    Characters,
}

impl Username {
    /// The fewest characters of a username.
    pub const MIN: usize = 3;

    /// The most characters of a username.
    pub const MAX: usize = 32;

    /// No character takes more bytes in UTF-8.
    const WIDEST: usize = 4;

    /// Brings `text` into NFKC and lower case and judges it.
    ///
    /// # Errors
    /// As [`UsernameError`] says.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        // A text far beyond the limit need not be normalised to be refused.
        if text.len() > Self::MAX * Self::WIDEST {
            return Err(UsernameError::Length);
        }
        let name: String = text.nfkc().map(|c| c.to_ascii_lowercase()).collect();
        let is_sign = |b: u8| matches!(b, b'_' | b'-' | b'.');
        let is_good = name.bytes().all(|b| b.is_ascii_alphanumeric() || is_sign(b));
        if !is_good || name.bytes().next().is_some_and(is_sign) {
            return Err(UsernameError::Characters);
        }
        if !(Self::MIN..=Self::MAX).contains(&name.len()) {
            return Err(UsernameError::Length);
        }
        Ok(Self(name))
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_any_letter_case_or_width_is_one_name() {
        for text in ["Anna_99", "anna_99", "ANNA_99", "\u{ff21}nna_99"] {
            assert_eq!(Username::parse(text).unwrap().as_str(), "anna_99", "{text}");
        }
        assert_eq!(Username::parse("0.a-").unwrap().as_str(), "0.a-");
    }

    #[test]
    fn letters_that_look_like_others_blanks_signs_and_the_at_are_refused() {
        for text in [
            "\u{430}nna",
            "ann\u{e4}",
            "anna\u{200b}",
            "\u{202e}anna",
            "an na",
            " anna",
            "anna ",
            "anna\n",
            "anna\0",
            "anna@example.org",
            "anna\u{ff20}example.org",
            "_anna",
            "-anna",
            ".anna",
            "an/na",
            "an'na",
        ] {
            assert_eq!(Username::parse(text), Err(UsernameError::Characters), "{text:?}");
        }
    }

    #[test]
    fn a_name_has_3_to_32_characters() {
        assert!(Username::parse("abc").is_ok());
        assert!(Username::parse(&"x".repeat(32)).is_ok());
        assert!(Username::parse(&"\u{ff38}".repeat(32)).is_ok());
        for text in ["", "ab", &"x".repeat(33), &"x".repeat(1 << 20)] {
            assert_eq!(Username::parse(text), Err(UsernameError::Length));
        }
    }

    #[test]
    fn debug_shows_no_name() {
        let name = Username::parse("anna").unwrap();
        assert_eq!(format!("{name:?}"), "Username(***)");
    }
}
