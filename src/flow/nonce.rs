//! Issuing nonces, each for one purpose.

use time::OffsetDateTime;
use uuid::Uuid;

use super::siwe::nonce_hash;
use super::{Error, Service};
use crate::config::Nonces;
use crate::model::{Caller, Client, Purpose, PurposeError};
use crate::siwe::statement;

/// A nonce for one message.
#[derive(Debug)]
pub struct IssuedNonce {
    /// 24 characters of hexadecimal: 96 bits (ERC-4361 wants at least 8 alphanumerics).
    pub nonce: String,
    /// Until when a message may carry it.
    pub expires_at: OffsetDateTime,
    /// The statement of the message. One that signs in may have another.
    pub statement: String,
}

impl Service {
    /// A fresh nonce for `purpose`, which is to sign in where none is named.
    ///
    /// A nonce for signing in is not kept where clients choose their own (the default): it is then as good as one of theirs, so
    /// a client may ask for one without knowing which mode is on. A nonce for any other purpose is kept in both modes, for the
    /// caller's session. A nonce lives as long as a message may be old, be it a contract
    /// wallet's.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for an unknown purpose; [`Error::Forbidden`] or [`Error::SessionEnded`] if a purpose wants a session
    /// and the caller has none; [`Error::RateLimited`] or [`Error::Unavailable`].
    pub async fn issue_nonce(
        &self,
        purpose: Option<&str>,
        caller: Caller,
        client: &Client,
    ) -> Result<IssuedNonce, Error> {
        let purpose = purpose
            .map_or(Ok(Purpose::SignIn), str::parse)
            .map_err(|error: PurposeError| Error::BadRequest(error.to_string()))?;
        let session_id = match purpose {
            Purpose::SignIn => None,
            _ => Some(self.session_of(caller).await?),
        };
        self.may_ask(client).await?;
        let nonce = hex::encode(self.entropy.bytes::<12>());
        let is_kept = session_id.is_some() || self.nonces == Nonces::Server;
        let expires_at = if is_kept {
            let hash = nonce_hash(&nonce);
            self.db
                .issue_nonce(hash, self.nonce_life, purpose, session_id)
                .await?
        } else {
            self.clock.now() + self.nonce_life
        };
        Ok(IssuedNonce {
            nonce,
            expires_at,
            statement: statement(purpose, &self.app.ascii_name),
        })
    }

    /// The live session of the caller.
    async fn session_of(&self, caller: Caller) -> Result<Uuid, Error> {
        let person = caller.person().ok_or(Error::Forbidden(
            "sign in first: a nonce for this purpose belongs to the caller's session",
        ))?;
        let session_id = person.session_id.ok_or(Error::Forbidden(
            "the access token belongs to no session: sign in, and ask with that session's token",
        ))?;
        self.still_signed_in(person).await?;
        Ok(session_id)
    }
}
