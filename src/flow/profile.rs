//! What a person sees of their own account, and what a token says.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Error, Service, Tokens};
use crate::model::{Caller, Client, Flow};
use crate::storage::Profile;

/// What a good token of ours says, in the words of the user name flow's document.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    /// The username, where the account has one.
    pub username: Option<String>,
    /// The user's id.
    pub user_id: Uuid,
    /// Until when the token is good.
    pub expires_at: OffsetDateTime,
    /// When its session was opened.
    pub session_opened_at: OffsetDateTime,
}

impl Service {
    /// The caller's own profile, and their id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::SessionEnded`], [`Error::Unavailable`].
    pub async fn profile(&self, caller: Caller) -> Result<(Uuid, Profile), Error> {
        let person = caller
            .person()
            .ok_or(Error::Forbidden("sign in first: this is about the caller"))?;
        self.still_signed_in(person).await?;
        let profile = self.db.profile(person.user_id, None).await?;
        // Somebody who was removed by hand, with their sessions.
        Ok((person.user_id, profile.ok_or(Error::SessionEnded)?))
    }

    /// What a token says, if it is ours, in its time, and of a session that lives.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::SessionEnded`], [`Error::Unavailable`].
    pub async fn verify_token(&self, token: &str) -> Result<VerifiedToken, Error> {
        let verified = self.seen.verify(&self.verifier, token, self.clock.now())?;
        self.authenticate(token, None).await?;
        let profile = self
            .db
            .profile(verified.user_id, Some(verified.session_id))
            .await?
            .ok_or(Error::SessionEnded)?;
        Ok(VerifiedToken {
            username: profile.username,
            user_id: verified.user_id,
            expires_at: verified.expires_at,
            session_opened_at: profile.session_opened_at.ok_or(Error::SessionEnded)?,
        })
    }

    /// Restores a session of the user name flow with its access token, whose `jti` is the refresh token. The token may
    /// have expired; its session may not.
    ///
    /// # Errors
    /// As [`Service::restore`]: whatever is wrong with the token, it is no refresh token.
    pub async fn restore_with_access_token(
        self: &Arc<Self>,
        token: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let id = self
            .verifier
            .id_of_any_age(token, self.clock.now())
            .map_err(|_| Error::RefreshTokenInvalid);
        match id {
            Ok(id) => self.restore(Flow::Username, &id.to_string(), client).await,
            Err(refused) => self.counts.restore(Err(refused)),
        }
    }
}
