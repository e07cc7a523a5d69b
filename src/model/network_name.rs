//! The name of a network, as it stands in the table `networks` and in requests.

use std::fmt;
use std::str::FromStr;

/// A lower-case letter or digit, then at most 63 of these, hyphens and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkName(String);

/// A text that is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network begins with a lower-case letter or a digit and has at most 64 of these, - and _")]
pub struct NetworkNameError;

impl NetworkName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = NetworkNameError;

    fn from_str(text: &str) -> Result<Self, NetworkNameError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let starts_well = text.bytes().next().is_some_and(plain);
        let goes_on_well = text.bytes().all(|b| plain(b) || b == b'-' || b == b'_');
        if starts_well && goes_on_well && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NetworkNameError)
        }
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_a_plain_name() {
        for good in ["gnosis", "0x", "a-b_c", &"a".repeat(64)] {
            assert_eq!(good.parse::<NetworkName>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "Gnosis", "a b", "é", &"a".repeat(65)] {
            assert_eq!(bad.parse::<NetworkName>(), Err(NetworkNameError), "{bad}");
        }
    }
}
