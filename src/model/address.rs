//! An Ethereum address: twenty bytes, printed with the checksum of ERC-55.
//!
//! It is not an identity by itself: a contract's address means something only together with its
//! chain. Names (ENS) are not addresses and are never resolved here.

use std::fmt;
use std::str::FromStr;

use ethers_core::types::H160;
use ethers_core::utils::to_checksum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An Ethereum address. Two spellings of one address are the same value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 20]);

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `0x` and forty hexadecimal digits.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Malformed,
    /// Upper and lower case are mixed, and not as ERC-55 mixes them.
    #[error("the address fails its ERC-55 checksum; a copy error aside, it is written {expected}")]
    Checksum {
        /// The same digits with the right case.
        expected: Address,
    },
}

impl Address {
    /// The address with these bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The twenty bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Takes the checksum form of ERC-55 and both uniform cases: wallets answer `eth_accounts` in
    /// lower case, and many sites put that into the message unchanged. A mixed case that is not the
    /// checksum is refused, for that is what a mistyped digit looks like.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix("0x").ok_or(AddressError::Malformed)?;
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| AddressError::Malformed)?;
        let address = Self(bytes);
        let upper = digits.bytes().any(|b| b.is_ascii_uppercase());
        let lower = digits.bytes().any(|b| b.is_ascii_lowercase());
        if upper && lower && address.to_string() != text {
            return Err(AddressError::Checksum { expected: address });
        }
        Ok(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_checksum(&H160(self.0), None))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKSUM: &str = "0x4a62316623ad457F02cDC5D997deD67a383EC569";

    #[test]
    fn the_checksum_form_and_both_uniform_cases_are_one_address() {
        let address: Address = CHECKSUM.parse().unwrap();
        let lower: Address = CHECKSUM.to_lowercase().parse().unwrap();
        let upper: Address = format!("0x{}", CHECKSUM[2..].to_uppercase()).parse().unwrap();
        assert_eq!((address, address), (lower, upper));
        assert_eq!(lower.to_string(), CHECKSUM);
        assert_eq!(serde_json::to_string(&upper).unwrap(), format!("\"{CHECKSUM}\""));
    }

    #[test]
    fn a_wrong_mixed_case_is_refused_and_told_the_right_one() {
        let error = CHECKSUM.replace("0x4a", "0x4A").parse::<Address>().unwrap_err();
        assert_eq!(
            error,
            AddressError::Checksum {
                expected: CHECKSUM.parse().unwrap()
            }
        );
        assert!(error.to_string().contains(CHECKSUM));
    }

    #[test]
    fn what_is_not_0x_and_forty_digits_is_malformed() {
        let digits = &CHECKSUM[2..];
        for text in [
            "",
            "0x",
            "vitalik.eth",
            digits,
            &format!("0X{digits}"),
            &format!("0x{}", &digits[1..]),
            &format!("0x{digits}0"),
            &format!(" 0x{digits}"),
            &format!("0x{}é", &digits[2..]),
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Malformed), "{text}");
        }
    }
}
