//! Signing in with a signed message.

use aws_lc_rs::digest;
use time::Duration;

use super::{Error, Service, Tokens};
use crate::config::Nonces;
use crate::model::{Client, Flow, Purpose};
use crate::siwe::{Refusal, SignedMessage};
use crate::storage::{LogIn, LoggedIn, ProofNonce};
use crate::token::RefreshToken;

/// How far this process's clock, which judges messages, may fall behind the database's, which
/// forgets nonces, before a message could be played again.
const CLOCKS_APART: Duration = Duration::hours(2);

impl Service {
    /// Verifies `message` and `signature`, spends the nonce and opens a session.
    ///
    /// Everything that costs nothing is checked first, then a contract is asked if only it can tell; the nonce is spent by the one statement that
    /// also opens the session, so a refused log-in leaves it usable and no two can share it.
    ///
    /// # Errors
    /// [`Error::Message`], [`Error::RpcUnavailable`], [`Error::ChainNotSupported`], [`Error::NonceInvalid`],
    /// [`Error::AccountDisabled`], [`Error::RateLimited`] or [`Error::Unavailable`].
    pub async fn log_in(&self, message: &str, signature: &str, client: &Client) -> Result<Tokens, Error> {
        let outcome = self.log_in_with_message(message, signature, client).await;
        self.counts.log_in(Flow::Siwe, outcome)
    }

    async fn log_in_with_message(
        &self,
        message: &str,
        signature: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        self.is_open(Flow::Siwe)?;
        let proof = self.proven(message, signature, Purpose::SignIn, client).await?;
        // Before the nonce is spent: a service without a key leaves the message good.
        let pen = self.signer.pen()?;
        let refresh = RefreshToken::draw(&self.entropy);
        let mut opening = self.opening(Flow::Siwe, &refresh, client);
        if proof.contract().is_some() {
            opening.lifetime = opening.lifetime.of_contract_wallet();
        }
        let mut log_in = LogIn {
            opening,
            address: proof.address(),
            chain_id: proof.chain_id(),
            contract: proof.contract(),
            nonce: nonce_of(&proof),
            must_be_issued: self.nonces == Nonces::Server,
            user_id: self.entropy.uuid(),
            sign_ups: self.sign_up_limits(client),
        };
        let mut outcome = self.db.log_in(&log_in).await?;
        if matches!(outcome, LoggedIn::WantsPlace) {
            log_in.sign_ups.has_place = true;
            let db = self.db.clone();
            let signing_up = async move { db.log_in(&log_in).await };
            let is_new = |outcome: &LoggedIn| matches!(outcome, LoggedIn::Session { is_new: true, .. });
            outcome = self.sign_up(signing_up, is_new).await?;
        }
        match outcome {
            LoggedIn::ChainNotSupported => Err(Error::ChainNotSupported),
            LoggedIn::Disabled => Err(Error::AccountDisabled),
            LoggedIn::TooMany(wait) => Err(Error::RateLimited(wait)),
            LoggedIn::WantsPlace => unreachable!("a sign-up with a place wants none"),
            LoggedIn::NonceInvalid => Err(Error::NonceInvalid),
            LoggedIn::PurposeMismatch => Err(Refusal::PurposeMismatch(Purpose::SignIn).into()),
            LoggedIn::Session { session, .. } => Ok(self.signed_in(Flow::Siwe, &pen, session, refresh)),
        }
    }
}

/// The nonce of a message, as the statement that the message is good for spends it.
pub(super) fn nonce_of(proof: &SignedMessage) -> ProofNonce {
    ProofNonce {
        hash: nonce_hash(proof.nonce()),
        remember_until: proof.acceptable_until() + CLOCKS_APART,
    }
}

/// What the database knows a nonce by.
pub(super) fn nonce_hash(nonce: &str) -> [u8; 32] {
    digest::digest(&digest::SHA256, nonce.as_bytes())
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}
