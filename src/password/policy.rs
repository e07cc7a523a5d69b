//! What a password must be before it becomes someone's. It asks for length and for not being the first
//! guess, and for nothing else: no digit, no capital letter, no expiry (NIST SP 800-63B-4 section 3.1.1.2).
//! It is not asked at log-in.

use super::{Password, guess};

/// The rule for passwords that are being set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    least: usize,
}

/// Why a password may not be set. None of these quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer code points than the policy asks for.
    #[error("the password is too short: use at least {least} characters, a few words for example")]
    TooShort {
        /// How many it must have.
        least: usize,
    },
    /// A character that cannot be typed again on every keyboard.
    #[error("the password holds a control character: use letters, digits, signs and spaces")]
    Control,
    /// On the list of common passwords, made by a rule of thumb, or a name beside the account.
    #[error("the password is common or easily guessed: choose another")]
    Compromised,
}

impl Policy {
    /// The least that an operator may ask for: what NIST asks of a password beside a second factor, and
    /// what ASVS 5.0 asks of any (6.2.1).
    pub const FLOOR: usize = 8;

    /// What NIST asks of a password that is the only factor.
    pub const DEFAULT: usize = 15;

    /// The most that an operator may ask for: the longest password there is.
    pub const MOST: usize = Password::MAX_CODE_POINTS;

    /// A policy that asks for `least` code points; `None` outside of [`Policy::FLOOR`] to [`Policy::MOST`].
    pub fn new(least: usize) -> Option<Self> {
        (Self::FLOOR..=Self::MOST)
            .contains(&least)
            .then_some(Self { least })
    }

    /// How many code points a password must have.
    pub fn least(self) -> usize {
        self.least
    }

    /// Judges `password`. `known` is what a stranger knows or guesses of the account: its e-mail address,
    /// the local part of that, its username, the name of the service.
    ///
    /// # Errors
    /// The first weakness found.
    pub fn judge(self, password: &Password, known: &[&str]) -> Result<(), Weakness> {
        let text = password.expose();
        if text.chars().count() < self.least {
            return Err(Weakness::TooShort { least: self.least });
        }
        if text.chars().any(char::is_control) {
            return Err(Weakness::Control);
        }
        if guess::is_guessable(text, known) {
            return Err(Weakness::Compromised);
        }
        Ok(())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { least: Self::DEFAULT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Result<(), Weakness> {
        let password = Password::parse(text).unwrap();
        Policy::default().judge(&password, &["anna.meier@example.org", "anna.meier"])
    }

    #[test]
    fn a_long_password_is_accepted_without_any_mixture_of_characters() {
        for text in [
            "correct horse battery staple",
            "лошадь батарея скоба",
            "😀🐎🔋📎🌊🌋🗻🏝🏔🛖🗽🗼🏰🏯⛲",
        ] {
            assert_eq!(judge(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_length_counts_code_points_after_nfkc() {
        let short = Err(Weakness::TooShort { least: 15 });
        assert_eq!(judge("vT9#kq2LmZ81xw"), short);
        assert_eq!(judge("vT9#kq2LmZ81xwé"), Ok(()));
        assert_eq!(judge("vT9#kq2LmZ81xe\u{301}"), short);
        assert_eq!(judge("vT9#kq2LmZ81x\u{fb01}"), Ok(()));
    }

    #[test]
    fn a_control_character_cannot_be_set() {
        for text in [
            "correct\0horse battery",
            "correct horse\nbattery",
            "correct horse \u{9b}31m",
        ] {
            assert_eq!(judge(text), Err(Weakness::Control), "{text:?}");
        }
    }

    #[test]
    fn the_first_guesses_are_refused_without_being_quoted() {
        for text in [
            "passwordpassword",
            "1234567890123456",
            "ANNA.MEIER@example.org",
            "aaaaaaaaaaaaaaaa",
        ] {
            let weakness = judge(text).unwrap_err();
            assert_eq!(weakness, Weakness::Compromised, "{text}");
            assert!(!weakness.to_string().contains(text));
        }
    }

    #[test]
    fn a_policy_asks_for_at_least_8_and_at_most_256() {
        assert_eq!(Policy::new(7), None);
        assert_eq!(Policy::new(8).map(Policy::least), Some(8));
        assert_eq!(Policy::new(256).map(Policy::least), Some(256));
        assert_eq!(Policy::new(257), None);
        assert_eq!(Policy::new(Policy::DEFAULT), Some(Policy::default()));
        let password = Password::parse("kX8!vQ2p").unwrap();
        assert_eq!(Policy::new(8).unwrap().judge(&password, &[]), Ok(()));
    }
}
