//! A claim that an operator adds to an account's tokens: its name and its value.
//!
//! All values are strings, because Hasura refuses a token with any other `x-hasura-*` claim.

use std::fmt;
use std::str::FromStr;

/// `x-hasura-` and 1 to 64 lower-case letters, digits and hyphens, and none that means something already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimName(String);

/// 1 to 1024 characters, not only blanks, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimValue(String);

/// Why a text is no claim of an operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Not the form of a name.
    #[error("a claim is named x-hasura- and then 1 to 64 lower-case letters, digits and hyphens")]
    Name,
    /// The service sets it.
    #[error("the service sets this claim itself, so no operator does: choose another name")]
    Reserved,
    /// Hasura reads it as something else.
    #[error("Hasura reads this name for itself: choose another one")]
    OfHasura,
    /// Nothing, or nothing but blanks.
    #[error(
        "a claim's value is not empty: permissions would compare with an empty text. Give it a value, or take the claim away with --remove"
    )]
    Empty,
    /// More than 1024 characters.
    #[error("a claim's value has at most 1024 characters")]
    TooLong,
    /// Something that is not text.
    #[error("a claim's value has no control characters")]
    Control,
}

/// Set by the service in every token.
const OF_THE_SERVICE: [&str; 6] = [
    "x-hasura-role",
    "x-hasura-user-id",
    "x-hasura-allowed-roles",
    "x-hasura-default-role",
    "x-hasura-address",
    "x-hasura-session-id",
];

/// Headers with a meaning of their own in Hasura.
const OF_HASURA: [&str; 3] = [
    "x-hasura-admin-secret",
    "x-hasura-access-key",
    "x-hasura-use-backend-only-permissions",
];

impl ClaimName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ClaimValue {
    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClaimName {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        if OF_THE_SERVICE.contains(&text) {
            return Err(ClaimError::Reserved);
        }
        if OF_HASURA.contains(&text) {
            return Err(ClaimError::OfHasura);
        }
        let is_good = |b: u8| -> bool { b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' };
        match text.strip_prefix("x-hasura-") {
            Some(own) if (1..=64).contains(&own.len()) && own.bytes().all(is_good) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ClaimError::Name),
        }
    }
}

impl FromStr for ClaimValue {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        if text.chars().any(char::is_control) {
            return Err(ClaimError::Control);
        }
        if text.trim().is_empty() {
            return Err(ClaimError::Empty);
        }
        if text.chars().count() > 1024 {
            return Err(ClaimError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_hasuras_in_form_and_nobody_elses_in_meaning() {
        let longest = format!("x-hasura-{}", "a".repeat(64));
        for good in ["x-hasura-team", "x-hasura-team-7", &longest] {
            assert_eq!(good.parse::<ClaimName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "team",
            "x-hasura-",
            "x-hasura-Team",
            "x-hasura-a_b",
            &format!("{longest}a"),
        ] {
            assert_eq!(bad.parse::<ClaimName>(), Err(ClaimError::Name), "{bad}");
        }
        for reserved in OF_THE_SERVICE {
            assert_eq!(reserved.parse::<ClaimName>(), Err(ClaimError::Reserved));
        }
        for hasuras in OF_HASURA {
            assert_eq!(hasuras.parse::<ClaimName>(), Err(ClaimError::OfHasura));
        }
    }

    #[test]
    fn a_value_is_short_text() {
        assert_eq!(" a ".parse::<ClaimValue>().unwrap().as_str(), " a ");
        for empty in ["", " ", "\u{3000}"] {
            assert_eq!(empty.parse::<ClaimValue>(), Err(ClaimError::Empty));
        }
        assert!("é".repeat(1024).parse::<ClaimValue>().is_ok());
        assert_eq!("é".repeat(1025).parse::<ClaimValue>(), Err(ClaimError::TooLong));
        assert_eq!("a\nb".parse::<ClaimValue>(), Err(ClaimError::Control));
    }
}
