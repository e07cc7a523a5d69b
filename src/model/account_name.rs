//! The name that a person gives an account. It is shown to strangers, so it may not play tricks on
//! them. It is not a login name and need not be unique.

use unicode_normalization::UnicodeNormalization;

use super::invisible::invisible;

/// 1 to 64 code points in NFC that NFKC does not change, with something to see and nothing that hides or reorders text.
///
/// Names that were stored under older rules are read as they are: the rules hold for a name that is set.
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
    /// A character that its reader does not see: it hides or reorders text, or makes a second name that looks the same.
    #[error("the name holds U+{:04X}, a character that is not seen: leave it out", u32::from(*.0))]
    Invisible(char),
    /// A character that Unicode keeps for compatibility: it looks like others, and NFKC replaces it by them.
    #[error("the name holds U+{:04X}, a compatibility character: write the ordinary characters in its place", u32::from(*.0))]
    Compatibility(char),
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
        if let Some(c) = invisible(&name) {
            return Err(AccountNameError::Invisible(c));
        }
        if name.chars().all(is_blank) {
            return Err(AccountNameError::Empty);
        }
        if name.chars().count() > Self::MAX_CODE_POINTS {
            return Err(AccountNameError::TooLong);
        }
        match replaced_by_nfkc(&name) {
            Some(c) => Err(AccountNameError::Compatibility(c)),
            None => Ok(Self(name)),
        }
    }

    /// The name, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nothing to see: white space, and the Braille pattern without a dot.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// The first character where NFKC gives another text than `name`.
fn replaced_by_nfkc(name: &str) -> Option<char> {
    let mut plain = name.nfkc();
    name.chars().find(|c| plain.next() != Some(*c))
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
        for (bad, which) in [
            ("a\nb", '\n'),
            ("a\0", '\0'),
            ("\u{7f}", '\u{7f}'),
            ("\u{202e}live", '\u{202e}'),
            ("a\u{2028}b", '\u{2028}'),
            ("\u{85}", '\u{85}'),
            ("ali\u{200b}ce", '\u{200b}'),
        ] {
            assert_eq!(
                AccountName::parse(bad),
                Err(AccountNameError::Invisible(which)),
                "{bad:?}"
            );
        }
        assert_eq!(
            AccountName::parse("\u{2800} \u{2800}"),
            Err(AccountNameError::Empty)
        );
    }

    // Issue 14, item 15.
    #[test]
    fn a_name_that_nfkc_changes_is_refused_by_its_character() {
        for (bad, which) in [
            ("\u{ff41}lice", '\u{ff41}'),
            ("ali\u{ff43}e", '\u{ff43}'),
            ("\u{1d400}lice", '\u{1d400}'),
            ("o\u{fb03}ce", '\u{fb03}'),
            ("a\u{a0}b", '\u{a0}'),
            ("Acme\u{2122}", '\u{2122}'),
            ("x\u{b2}", '\u{b2}'),
            ("\u{ff71}\u{ff9d}\u{ff85}", '\u{ff71}'),
        ] {
            let refused = AccountName::parse(bad).unwrap_err();
            assert_eq!(refused, AccountNameError::Compatibility(which), "{bad:?}");
            let code_point = format!("U+{:04X}", u32::from(which));
            assert!(refused.to_string().contains(&code_point), "{refused}");
        }
        for good in [
            "Ångström",
            "山田太郎",
            "アンナ",
            "Зоя",
            "name.eth",
            "👩\u{200d}🚀",
            "❤\u{fe0f}",
        ] {
            assert_eq!(AccountName::parse(good).unwrap().as_str(), good);
        }
    }
}
