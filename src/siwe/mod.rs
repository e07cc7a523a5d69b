//! Sign-In with Ethereum (ERC-4361): is this text a log-in for us, and did that wallet sign it?
//!
//! Pure: no I/O, no clock, no table. What needs those stays with the caller: whether a nonce was
//! spent, whether a chain is one of ours, what a contract wallet says. The `siwe` crate is not used
//! here; it builds messages for the demo and is the second opinion in tests.
//!
//! ```text
//! text ─caps─▶ flattened ─▶ message (grammar) ─▶ policy (origin, uri, chain, times, nonce) ─▶ signature ─▶ Judgement ─▶ purpose (statement)
//! ```

pub mod check;
mod claim;
mod fault;
mod flattened;
mod grammar;
mod lines;
mod message;
mod origin;
mod policy;
mod purpose;
mod refusal;
pub mod signature;
mod statement;

use time::OffsetDateTime;

pub use claim::{ContractClaim, Judgement};
pub use fault::{Fault, Found};
pub use flattened::restore;
pub use message::{Message, Timestamp};
pub use origin::{Origin, OriginError};
pub use policy::{LONGEST_AGE, MAX_AGE, Policy};
pub use purpose::statement;
pub use refusal::{Refusal, Start, TooLarge};

use crate::model::{Address, ChainId, ContractWallet};
use signature::Signature;

/// The longest message that is read, in bytes.
pub const MESSAGE_CAP: usize = 8 * 1024;
/// The longest signature that is read, in characters of its hexadecimal text.
pub const SIGNATURE_CAP: usize = 16 * 1024;

/// A message that this service accepts and whose signature is its address's own.
///
/// Only [`verify`], [`judge`] and a contract's yes make one, so a function that takes it cannot be reached
/// without the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    address: Address,
    contract: Option<ContractWallet>,
    chain_id: ChainId,
    nonce: String,
    statement: Option<String>,
    domain: String,
    origin: Origin,
    acceptable_until: OffsetDateTime,
}

impl SignedMessage {
    /// Who signed.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The contract that said yes, where it was not the address's key that signed.
    pub fn contract(&self) -> Option<ContractWallet> {
        self.contract
    }

    /// The chain that the session is bound to.
    pub fn chain_id(&self) -> ChainId {
        self.chain_id
    }

    /// The nonce as it stands in the message. Not spent yet: that is one statement of the database.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The domain as it stands in the message, without its scheme.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The listed origin that the domain and the URI belong to.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The instant from which this message is refused as too old or as expired under every policy that a service can
    /// have, plus the skew as a margin for servers whose clocks differ. A spent nonce must be remembered this long.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        self.acceptable_until
    }
}

/// Checks `text` and `signature` as one log-in at the instant `now`, without asking any contract.
///
/// # Errors
/// The first thing that is wrong. A contract's signature is refused as what it is not: a key's.
pub fn verify(
    text: &str,
    signature: &str,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<SignedMessage, Refusal> {
    match judge(text, signature, policy, now)? {
        Judgement::Signed(proof) => Ok(proof),
        Judgement::AsksContract(claim) => Err(claim.refusal()),
    }
}

/// Checks `text` and `signature` as one log-in at the instant `now` (ERC-4361, "Verifying a message"), as far
/// as that can be done without a node.
///
/// The signature comes last because it costs the most; the caps come first because everything else
/// costs in proportion to the length. The hash is over the text that was parsed, never over a text
/// printed from the fields: a printer that drops a line would accept what the wallet did not show.
///
/// The key is tried before any contract is asked, which ERC-6492 advises against because a contract's signature may
/// recover to some other key. Here it must recover to the very address, so nothing foreign passes; and whoever has
/// a key needs no node.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge(
    text: &str,
    signature: &str,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<Judgement, Refusal> {
    if text.len() > MESSAGE_CAP {
        return Err(Refusal::MessageTooLarge(TooLarge::Message));
    }
    if signature.len() > SIGNATURE_CAP {
        return Err(Refusal::MessageTooLarge(TooLarge::Signature));
    }
    let text = restore(text);
    let message = Message::parse(&text)?;
    let origin = policy.admit(&message, now)?;
    let signature = signature::decode(signature)?;
    let hash = signature::hash(message.text);
    let signed = SignedMessage {
        address: message.address,
        contract: None,
        chain_id: message.chain_id,
        nonce: message.nonce.to_owned(),
        statement: message.statement.map(ToOwned::to_owned),
        domain: message.domain.to_owned(),
        origin: origin.clone(),
        acceptable_until: policy.acceptable_until(&message),
    };
    let refusal = match Signature::of_key(&signature).and_then(|key| key.recover(&hash)) {
        Ok(signer) if signer == message.address => {
            policy.admit_of_key(&message, now)?;
            return Ok(Judgement::Signed(signed));
        }
        Ok(_) => Refusal::SignatureInvalid(signature::Invalid::OtherSigner),
        Err(refusal) => refusal,
    };
    Ok(Judgement::AsksContract(ContractClaim {
        signed,
        hash,
        signature,
        refusal,
    }))
}

#[cfg(test)]
mod tests;
