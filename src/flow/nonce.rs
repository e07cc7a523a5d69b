//! Giving out nonces.

use time::OffsetDateTime;

use super::siwe::nonce_hash;
use super::{Error, Service};
use crate::config::Nonces;
use crate::model::Client;

/// A nonce for one message.
#[derive(Debug)]
pub struct IssuedNonce {
    /// 24 characters of hexadecimal: 96 bits (ERC-4361 wants at least 8 alphanumerics).
    pub nonce: String,
    /// Until when a message may carry it.
    pub expires_at: OffsetDateTime,
}

impl Service {
    /// A fresh nonce. Where clients choose their own (the default) it is not kept: it is then as
    /// good as one of theirs, so a client may ask for one without knowing which mode is on. It lives as long as a
    /// message may be old, be it a contract wallet's.
    ///
    /// # Errors
    /// [`Error::RateLimited`] or [`Error::Unavailable`].
    pub async fn issue_nonce(&self, client: &Client) -> Result<IssuedNonce, Error> {
        self.may_ask(client).await?;
        let nonce = hex::encode(self.entropy.bytes::<12>());
        let expires_at = match self.nonces {
            Nonces::Server => self.db.issue_nonce(nonce_hash(&nonce), self.nonce_life).await?,
            Nonces::Client => self.clock.now() + self.nonce_life,
        };
        Ok(IssuedNonce { nonce, expires_at })
    }
}
