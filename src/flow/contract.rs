//! Contract wallets: asking one whether a signature is its own, and looking now and then whether it is still there.
//!
//! Both go over the network, so both happen outside any statement: before the one that spends the nonce, and after the
//! one that restored the session.

use tracing::{info, warn};

use super::{Error, Service};
use crate::model::{Client, Purpose};
use crate::rpc::{Question, Verdict, WrongChain};
use crate::siwe::{self, ContractClaim, Judgement, SignedMessage};
use crate::storage::{self, End, SessionState};

/// Why a session ends whose contract is gone.
const GONE: &str = "wallet_gone";

impl Service {
    /// Checks a message, its signature and its statement for `purpose`, by a key or by a contract of a chain whose nodes are
    /// configured. Its nonce is left as it is.
    ///
    /// # Errors
    /// [`Error::Message`], [`Error::RateLimited`], or [`Error::RpcUnavailable`] where only a contract can tell and no node answers.
    pub(super) async fn proven(
        &self,
        message: &str,
        signature: &str,
        purpose: Purpose,
        client: &Client,
    ) -> Result<SignedMessage, Error> {
        let judgement = siwe::judge(message, signature, &self.policy, self.clock.now())?;
        judgement.check_purpose(purpose, &self.app.ascii_name)?;
        match judgement {
            Judgement::Signed(proof) => Ok(proof),
            Judgement::AsksContract(claim) => self.ask_contract(claim, client).await,
        }
    }

    async fn ask_contract(&self, claim: ContractClaim, client: &Client) -> Result<SignedMessage, Error> {
        if !self.chains.serves(claim.chain_id()) {
            return Err(claim.refusal().into());
        }
        // Anybody may send a signature that is no key's, and each costs a node some requests.
        let _share = self.contract_shares.take(client)?;
        self.may_ask(client).await?;
        let question = Question {
            chain: claim.chain_id(),
            address: claim.address(),
            hash: claim.hash(),
            signature: claim.signature(),
            is_wrapped: claim.is_wrapped(),
        };
        match self.chains.ask(&question).await? {
            Verdict::Accepted { deployed } => Ok(claim.accepted(deployed)),
            Verdict::Rejected => Err(claim.rejected().into()),
            Verdict::Unsupported => Err(claim.undeployed().into()),
        }
    }

    /// Whether a session goes on that was just restored. One of a contract ends when its code is gone; that is looked
    /// at once an hour, and a node that does not answer ends nothing.
    ///
    /// What a key or an owner may do is not asked again: the signature is not kept. That is why such a session
    /// ends after a day.
    pub(super) async fn goes_on(
        &self,
        session: &SessionState,
        client: &Client,
    ) -> Result<bool, storage::Error> {
        let (Some(chain), Some(address)) = (session.contract_on, session.address) else {
            return Ok(true);
        };
        if !session.wants_look || !self.chains.serves(chain) {
            return Ok(true);
        }
        // A client that has many such looks under way is looked at with its next restore.
        let Ok(_share) = self.contract_shares.take(client) else {
            return Ok(true);
        };
        if !self.db.claim_look(session.session_id).await? {
            return Ok(true);
        }
        match self.chains.has_code(chain, address).await {
            Ok(true) => Ok(true),
            Ok(false) => {
                let (user_id, id) = (session.user_id, session.session_id);
                let end = End {
                    user_id,
                    session_id: Some(id),
                    reason: GONE,
                    client,
                };
                let ended = self.db.end_sessions(&end).await?;
                self.counts.ended(GONE, ended);
                info!(user.id = %user_id, session.id = %id, "session {id} ended: its contract wallet is gone");
                Ok(false)
            }
            Err(fault) => {
                warn!(cause = %fault, "nobody could look whether a contract wallet is still there: its session goes on");
                Ok(true)
            }
        }
    }

    /// Asks the nodes of ETH_RPC_URLS which chains they serve. One that does not answer is asked again when needed.
    ///
    /// # Errors
    /// [`WrongChain`] for a node of another chain than it is configured for.
    pub async fn check_nodes(&self) -> Result<(), WrongChain> {
        self.chains.check_ids().await
    }
}
