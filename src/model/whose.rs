//! How an operator names an account: by an address, by a contract's address on its chain, or by the
//! user's id. It says nothing about whether there is such an account.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::{Address, AddressError, ChainId, ChainIdError};

/// What stands for chain 0 in `auth.wallets`: an externally owned account, whichever chain it signs on.
const ANY_CHAIN: i64 = 0;

/// An account, as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The account that owns a wallet.
    Wallet {
        /// Its address.
        address: Address,
        /// Its chain; 0 for an externally owned account.
        chain: i64,
    },
    /// The account with this user id.
    User(Uuid),
}

/// Why a text names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhoseError {
    /// None of the three forms.
    #[error("expected an address (0x…), a contract as CHAIN:ADDRESS, or a user id (a UUID)")]
    Malformed,
    /// An address with a fault.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The chain in front of a contract's address.
    #[error(transparent)]
    Chain(#[from] ChainIdError),
}

impl Whose {
    /// The address that was typed, if one was.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Wallet { address, .. } => Some(address),
            Self::User(_) => None,
        }
    }

    /// The chain of that address.
    pub fn chain(&self) -> i64 {
        match self {
            Self::Wallet { chain, .. } => *chain,
            Self::User(_) => ANY_CHAIN,
        }
    }

    /// The user id that was typed, if one was.
    pub fn user_id(&self) -> Option<Uuid> {
        match self {
            Self::Wallet { .. } => None,
            Self::User(id) => Some(*id),
        }
    }
}

impl FromStr for Whose {
    type Err = WhoseError;

    fn from_str(text: &str) -> Result<Self, WhoseError> {
        if text.starts_with("0x") {
            return Ok(Self::Wallet {
                address: text.parse()?,
                chain: ANY_CHAIN,
            });
        }
        if let Some((chain, address)) = text.split_once(':') {
            let chain: ChainId = chain.parse()?;
            return Ok(Self::Wallet {
                address: address.parse()?,
                chain: chain.to_i64().ok_or(ChainIdError)?,
            });
        }
        // The hyphenated form alone: the other spellings of a UUID are how no output of ours looks.
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self::User(id)),
            _ => Err(WhoseError::Malformed),
        }
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet {
                address,
                chain: ANY_CHAIN,
            } => address.fmt(f),
            Self::Wallet { address, chain } => write!(f, "{chain}:{address}"),
            Self::User(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_three_names_and_each_is_printed_as_it_is_read() {
        for text in [
            "0x4a62316623ad457F02cDC5D997deD67a383EC569",
            "137:0x4a62316623ad457F02cDC5D997deD67a383EC569",
            "d1789988-2406-4937-bc3d-2f9e039e7e1b",
        ] {
            assert_eq!(text.parse::<Whose>().unwrap().to_string(), text);
        }
        for (text, expected) in [
            ("vitalik.eth", WhoseError::Malformed),
            ("", WhoseError::Malformed),
            ("d178998824064937bc3d2f9e039e7e1b", WhoseError::Malformed),
            ("0x4a", AddressError::Malformed.into()),
            (
                "0:0x4a62316623ad457F02cDC5D997deD67a383EC569",
                ChainIdError.into(),
            ),
            ("137:vitalik.eth", AddressError::Malformed.into()),
        ] {
            assert_eq!(text.parse::<Whose>(), Err(expected), "{text}");
        }
    }
}
