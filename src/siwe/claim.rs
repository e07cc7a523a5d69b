//! What is left to a contract: a message that is good in every other way, with a signature that no key of its
//! address made. Only the contract at the address can say whose it is, and somebody else has to ask it.

use super::SignedMessage;
use super::refusal::Refusal;
use super::signature;
use crate::model::{Address, ChainId, ContractWallet, Purpose};

/// What the text and the signature alone can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The address's key signed.
    Signed(SignedMessage),
    /// It did not. If there is a contract at the address, it decides.
    AsksContract(ContractClaim),
}

impl Judgement {
    /// Checks the purpose before a contract is asked, which costs requests to a node.
    ///
    /// # Errors
    /// As [`SignedMessage::check_purpose`].
    pub fn check_purpose(&self, purpose: Purpose, site: &str) -> Result<(), Refusal> {
        match self {
            Self::Signed(signed) => signed,
            Self::AsksContract(claim) => &claim.signed,
        }
        .check_purpose(purpose, site)
    }
}

/// A message whose signature is a contract's, if it is anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractClaim {
    pub(super) signed: SignedMessage,
    pub(super) hash: [u8; 32],
    pub(super) signature: Vec<u8>,
    pub(super) refusal: Refusal,
}

impl ContractClaim {
    /// Whose signature it is said to be.
    pub fn address(&self) -> Address {
        self.signed.address
    }

    /// The chain on which to ask: the message's.
    pub fn chain_id(&self) -> ChainId {
        self.signed.chain_id
    }

    /// What was signed: the ERC-191 hash of the text.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The signature, of any length.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether the signature is an ERC-6492 wrapper.
    pub fn is_wrapped(&self) -> bool {
        signature::is_wrapped(&self.signature)
    }

    /// The refusal where no contract can be asked: what the signature is as a key's.
    pub fn refusal(self) -> Refusal {
        self.refusal
    }

    /// The contract said yes.
    pub fn accepted(self, deployed: bool) -> SignedMessage {
        SignedMessage {
            contract: Some(ContractWallet {
                chain: self.signed.chain_id,
                deployed,
            }),
            ..self.signed
        }
    }

    /// The contract did not say yes, or there is none. What the signature is as a key's is said as well: most of them were
    /// meant as one.
    pub fn rejected(self) -> Refusal {
        Refusal::ContractRejected {
            as_key: match self.refusal {
                Refusal::SignatureInvalid(invalid) => Some(invalid),
                _ => None,
            },
        }
    }

    /// The contract is not deployed, and the nodes of its chain cannot check a signature of such a one.
    pub fn undeployed(self) -> Refusal {
        Refusal::ContractNotDeployed
    }
}
