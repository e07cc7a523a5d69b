//! A contract that signs in. Its address means somebody only together with its chain: at the same address on
//! another chain there may be another contract, with another owner.

use super::ChainId;

/// What is known of a contract besides its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractWallet {
    /// The chain it is on.
    pub chain: ChainId,
    /// Whether its code was there already; an ERC-6492 signature may come before it.
    pub deployed: bool,
}
