//! An EIP-155 chain id: which Ethereum network a message or a contract wallet belongs to.
//!
//! Whether the service accepts a chain is the business of its `networks` table, not of this file.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A chain id, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId(NonZeroU64);

/// A text or a number that is no chain id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chain id is a decimal number from 1 to 18446744073709551615 without sign or leading zero")]
pub struct ChainIdError;

impl ChainId {
    /// Ethereum's main network.
    pub const ETHEREUM: Self = Self(NonZeroU64::MIN);

    /// The chain with this number, if it is not zero.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number as PostgreSQL's `bigint`. `None` above 2^63 - 1, where no row can match anyway.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.get()).ok()
    }
}

impl TryFrom<i64> for ChainId {
    type Error = ChainIdError;

    fn try_from(number: i64) -> Result<Self, ChainIdError> {
        u64::try_from(number).ok().and_then(Self::new).ok_or(ChainIdError)
    }
}

impl FromStr for ChainId {
    type Err = ChainIdError;

    /// Takes one spelling per number. `u64`'s own parser also takes `+1` and `01`, which other
    /// implementations read differently or not at all.
    fn from_str(text: &str) -> Result<Self, ChainIdError> {
        if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ChainIdError);
        }
        text.parse().ok().and_then(Self::new).ok_or(ChainIdError)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_id_has_one_spelling() {
        assert_eq!("1".parse(), Ok(ChainId::ETHEREUM));
        assert_eq!(
            "18446744073709551615".parse(),
            Ok(ChainId::new(u64::MAX).unwrap())
        );
        for text in [
            "",
            "0",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1e0",
            "0x1",
            "1.0",
            "١",
            "18446744073709551616",
        ] {
            assert_eq!(text.parse::<ChainId>(), Err(ChainIdError), "{text}");
        }
        assert!("1".repeat(78).parse::<ChainId>().is_err(), "as long as 2^256");
    }

    #[test]
    fn a_chain_id_fits_a_bigint_or_says_that_it_does_not() {
        assert_eq!(ChainId::new(137).unwrap().to_i64(), Some(137));
        assert_eq!(ChainId::new(u64::MAX).unwrap().to_i64(), None);
        assert_eq!(ChainId::try_from(137), Ok(ChainId::new(137).unwrap()));
        assert!(ChainId::try_from(0).is_err() && ChainId::try_from(-1).is_err());
    }
}
