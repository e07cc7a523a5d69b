//! A token that an operator mints, for a support case or a test: one role that the user has, short,
//! and in the audit log before it exists.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Service;
use crate::model::ADMIN_ROLE;
use crate::secret::Disclosed;
use crate::storage::{self, Mint, Minting};
use crate::token::{Identity, Minted, NoSigningKey};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// For whom.
    pub user_id: Uuid,
    /// The one role that it may act as.
    pub role: &'a str,
    /// For how long.
    pub ttl: Duration,
    /// A live session of the user's, without which the webhook refuses the token.
    pub session_id: Option<Uuid>,
}

/// Why nothing was minted.
#[derive(Debug, thiserror::Error)]
pub enum MintRefusal {
    /// Nothing can sign.
    #[error(transparent)]
    NoSigningKey(#[from] NoSigningKey),
    /// Longer than a token of that role lives otherwise.
    #[error("a token with this role lives {} at most", humantime::format_duration(*.0))]
    TooLong(Duration),
    /// No such user.
    #[error("there is no user {0}")]
    UnknownUser(Uuid),
    /// An operator has disabled the user.
    #[error("the user is disabled")]
    Disabled,
    /// The user has other roles.
    #[error("the user does not have this role, but: {}", .0.join(", "))]
    RoleNotHeld(Vec<String>),
    /// Another user's, or ended.
    #[error("the user has no live session of this id")]
    SessionNotLive,
    /// The flow of the session.
    #[error("a session of the flow {0} never acts as admin: its text names no site")]
    NotInFlow(String),
    /// The database gave no answer, so nothing was signed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Service {
    /// Mints a token and says when it expires. The audit row is written first.
    ///
    /// # Errors
    /// [`MintRefusal`].
    pub async fn mint(&self, wanted: Wanted<'_>) -> Result<(Disclosed, OffsetDateTime), MintRefusal> {
        let pen = self.signer.pen()?;
        let longest = self.signer.longest(wanted.role == ADMIN_ROLE);
        if wanted.ttl > longest {
            return Err(MintRefusal::TooLong(longest));
        }
        let now = self.clock.now();
        let (id, asked) = (self.entropy.uuid(), now + wanted.ttl);
        let minting = self
            .db
            .note_mint(&Mint {
                user_id: wanted.user_id,
                role: wanted.role,
                session_id: wanted.session_id,
                token_id: id,
                expires_at: asked,
                admins: self.admins.iter().copied().collect(),
            })
            .await?;
        let (address, session_ends, custom_claims) = match minting {
            Minting::UnknownUser => return Err(MintRefusal::UnknownUser(wanted.user_id)),
            Minting::Disabled => return Err(MintRefusal::Disabled),
            Minting::RoleNotHeld(roles) => return Err(MintRefusal::RoleNotHeld(roles)),
            Minting::SessionNotLive => return Err(MintRefusal::SessionNotLive),
            Minting::NotInFlow(flow) => return Err(MintRefusal::NotInFlow(flow)),
            Minting::Noted {
                address,
                session_ends,
                claims,
            } => (address, session_ends, claims),
        };
        let identity = Identity {
            user_id: wanted.user_id,
            session_id: wanted.session_id,
            address,
            extra_roles: Vec::new(),
            custom_claims,
        };
        let expires_at = session_ends.map_or(asked, |ends| ends.min(asked));
        let token = pen.mint(&Minted {
            id,
            identity: &identity,
            role: wanted.role,
            now,
            expires_at,
        });
        Ok((token, expires_at))
    }
}
