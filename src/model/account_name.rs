//! The name that a person gives an account. It is shown to strangers, so it may not play tricks on
//! them. It is not a login name and need not be unique.

use unicode_normalization::UnicodeNormalization;

/// 1 to 64 code points in NFC, with something to see and nothing that hides or reorders text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName(String);

/// Why a text is no account name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountNameError {
    /// Nothing, or nothing but blanks.
    #[error("the name is empty")]
    Empty,
    /// More than 64 code points in NFC.
    #[error("the name is longer than 64 characters")]
    TooLong,
    /// A control character, a line or paragraph separator, or a direction override.
    #[error("the name holds a control character")]
    Control,
}

impl AccountName {
    /// The most code points a name may have.
    pub const MAX_CODE_POINTS: usize = 64;

    /// Brings `text` into NFC and judges it.
    ///
    /// # Errors
    /// As [`AccountNameError`] says.
    pub fn parse(text: &str) -> Result<Self, AccountNameError> {
        // Composing never lengthens a text by more than a factor of three, so a text far beyond the
        // limit need not be normalised to be refused.
        if text.len() > Self::MAX_CODE_POINTS * 16 {
            return Err(AccountNameError::TooLong);
        }
        let name: String = text.nfc().collect();
        if name.chars().any(hides_or_reorders) {
            return Err(AccountNameError::Control);
        }
        if name.trim().is_empty() {
            return Err(AccountNameError::Empty);
        }
        if name.chars().count() > Self::MAX_CODE_POINTS {
            return Err(AccountNameError::TooLong);
        }
        Ok(Self(name))
    }

    /// The name, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Besides controls: separators that break a line, and the bidirectional overrides and isolates
/// with which one name can be drawn as another. Joiners stay, for emoji and scripts that need them.
fn hides_or_reorders(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_in_nfc_and_bad_ones_are_told_apart() {
        assert_eq!(AccountName::parse("name.eth").unwrap().as_str(), "name.eth");
        assert_eq!(AccountName::parse("e\u{301}").unwrap().as_str(), "\u{e9}");
        assert_eq!(
            AccountName::parse("👩\u{200d}🚀").unwrap().as_str(),
            "👩\u{200d}🚀"
        );
        assert_eq!(
            AccountName::parse(&"e\u{301}".repeat(64))
                .unwrap()
                .as_str()
                .chars()
                .count(),
            64
        );
        assert_eq!(AccountName::parse(""), Err(AccountNameError::Empty));
        assert_eq!(AccountName::parse(" \u{3000}"), Err(AccountNameError::Empty));
        assert_eq!(
            AccountName::parse(&"x".repeat(65)),
            Err(AccountNameError::TooLong)
        );
        assert_eq!(
            AccountName::parse(&"x".repeat(1 << 20)),
            Err(AccountNameError::TooLong)
        );
        for bad in ["a\nb", "a\0", "\u{7f}", "\u{202e}live", "a\u{2028}b", "\u{85}"] {
            assert_eq!(AccountName::parse(bad), Err(AccountNameError::Control), "{bad:?}");
        }
    }
}
