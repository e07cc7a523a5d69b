//! Contract wallets over JSON-RPC: whether the contract at an address says that a signature is its own (ERC-1271),
//! also before it is deployed (ERC-6492).
//!
//! Who answers is a node that an operator chose, and it is trusted: whoever controls it can sign in as any contract of
//! its chain. What can be held against it is: it must serve the chain that it is asked about, a second one must agree
//! where two are configured, and only the one right answer counts. A node that does not answer decides nothing; that
//! is a [`Fault`], never a no. Nothing here sends a transaction.

mod answer;
mod call;
mod chain;
mod fault;
mod node;
mod wrapped;

use std::collections::BTreeMap;

pub use fault::{Fault, WrongChain};

use crate::config::RpcUrl;
use crate::model::{Address, ChainId};
use chain::Chain;

/// What a contract is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The chain it is on.
    pub chain: ChainId,
    /// Its address.
    pub address: Address,
    /// What was signed.
    pub hash: &'a [u8; 32],
    /// The signature.
    pub signature: &'a [u8],
    /// Whether that is an ERC-6492 wrapper.
    pub is_wrapped: bool,
}

/// What the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is its own.
    Accepted {
        /// Whether the contract is there already.
        deployed: bool,
    },
    /// It is not, or there is no contract, or it says something that means neither.
    Rejected,
    /// There is no contract yet, and the chain's nodes cannot run what would create it for the question.
    Unsupported,
}

impl Verdict {
    /// What two nodes say together: only two times yes is yes.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Accepted { deployed: one }, Self::Accepted { deployed: other }) => Self::Accepted {
                deployed: one && other,
            },
            (Self::Rejected, _) | (_, Self::Rejected) => Self::Rejected,
            (Self::Unsupported, _) | (_, Self::Unsupported) => Self::Unsupported,
        }
    }
}

/// The chains whose contracts can be asked.
#[derive(Debug)]
pub struct Chains(BTreeMap<ChainId, Chain>);

/// The client that speaks to nodes could not be made: this machine trusts no certificate, for instance.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the client for ETH_RPC_URLS")]
pub struct SetupError(#[source] reqwest::Error);

impl Chains {
    /// The chains of the configuration. Connects to none.
    ///
    /// # Errors
    /// [`SetupError`], never without a chain.
    pub fn new(urls: &BTreeMap<ChainId, Vec<RpcUrl>>) -> Result<Self, SetupError> {
        if urls.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let client = node::client().map_err(SetupError)?;
        let chains = urls
            .iter()
            .map(|(id, urls)| (*id, Chain::new(*id, urls, &client)));
        Ok(Self(chains.collect()))
    }

    /// Whether contracts of this chain can be asked.
    pub fn serves(&self, chain: ChainId) -> bool {
        self.0.contains_key(&chain)
    }

    /// Asks the contract.
    ///
    /// # Errors
    /// [`Fault`] where that cannot be known now.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Verdict, Fault> {
        self.chain(question.chain)?.ask(question).await
    }

    /// Whether there is code at an address.
    ///
    /// # Errors
    /// [`Fault`] where that cannot be known now.
    pub async fn has_code(&self, chain: ChainId, address: Address) -> Result<bool, Fault> {
        self.chain(chain)?.has_code(address).await
    }

    /// Asks every node which chain it serves. One that does not answer is asked again when it is needed.
    ///
    /// # Errors
    /// [`WrongChain`] for a node that answers with another chain than it is configured for.
    pub async fn check_ids(&self) -> Result<(), WrongChain> {
        let checks = self.0.values().map(|chain| chain.check_ids());
        futures_util::future::try_join_all(checks).await.map(drop)
    }

    fn chain(&self, id: ChainId) -> Result<&Chain, Fault> {
        self.0.get(&id).ok_or_else(|| Fault::no_node(id))
    }
}
