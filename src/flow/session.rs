//! Restoring a session with its refresh token.

use std::sync::Arc;

use tracing::{info, warn};

use super::{Error, Service, Tokens};
use crate::model::{Client, Flow};
use crate::storage::Rotated;
use crate::token::RefreshToken;

impl Service {
    /// Spends `token`, of a session of this flow, for its successor and reads the claims afresh.
    ///
    /// A token that was the newest one within the grace time leads to the newest one, so neither a lost
    /// reply nor several tabs end a session. A token that was replaced before that ends the session: it was
    /// copied, and the owner cannot be told from the thief.
    ///
    /// # Errors
    /// [`Error::RefreshTokenInvalid`], or [`Error::RateLimited`] or [`Error::Unavailable`], after which the same token
    /// may be presented again.
    pub async fn restore(
        self: &Arc<Self>,
        flow: Flow,
        token: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let outcome = self.restore_session(flow, token, client).await;
        self.counts.restore(outcome)
    }

    async fn restore_session(
        self: &Arc<Self>,
        flow: Flow,
        token: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let presented = RefreshToken::parse(token).ok_or(Error::RefreshTokenInvalid)?;
        let pen = self.signer.pen()?;
        let outcome = self
            .rotate_once(flow, &presented, client)
            .await
            .map_err(Error::Unavailable)?;
        match &outcome.rotated {
            Rotated::Unknown => Err(Error::RefreshTokenInvalid),
            Rotated::TooMany(wait) => Err(Error::RateLimited(*wait)),
            Rotated::Reused { session_id } => {
                warn!(session.id = %session_id, "session {session_id} ended: a spent refresh token came back");
                Err(Error::RefreshTokenInvalid)
            }
            Rotated::Live { session, salts } => {
                let (user_id, id) = (session.user_id, session.session_id);
                info!(user.id = %user_id, session.id = %id, "session {id} restored");
                let tokens = outcome.tokens.get_or_init(|| {
                    let refresh = presented.descendant(salts);
                    self.tokens(flow, &pen, session.clone(), refresh)
                });
                Ok(tokens.clone())
            }
        }
    }
}
