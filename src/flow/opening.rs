//! What every flow does when its proof was good: the session it opens, and the tokens of a session.

use std::time::Duration;

use tracing::info;

use super::Service;
use crate::model::{ADMIN_ROLE, Client, Flow};
use crate::secret::Disclosed;
use crate::storage::{Opening, SessionState};
use crate::token::{Identity, Pen, RefreshToken};

/// What a client holds after signing in or restoring.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The JWT for Hasura.
    pub access: Disclosed,
    /// The token for the next restore.
    pub refresh: RefreshToken,
    /// How long that one is good, unless it is used.
    pub refresh_for: Duration,
    /// The session that both belong to.
    pub session: SessionState,
}

impl Service {
    /// The session that a log-in of `flow` is to open, with `refresh` as its first token.
    pub(super) fn opening(&self, flow: Flow, refresh: &RefreshToken, client: &Client) -> Opening {
        Opening {
            flow,
            session_id: self.entropy.uuid(),
            token: refresh.hash(),
            lifetime: self.lifetimes.of(flow),
            most_sessions: self.lifetimes.most_sessions,
            client: client.clone(),
        }
    }

    /// The tokens of a session that was just opened.
    pub(super) fn signed_in(
        &self,
        flow: Flow,
        pen: &Pen<'_>,
        session: SessionState,
        refresh: RefreshToken,
    ) -> Tokens {
        let (user_id, id) = (session.user_id, session.session_id);
        info!(user.id = %user_id, session.id = %id, flow = flow.as_str(), "user {user_id} signed in");
        self.tokens(flow, pen, session, refresh)
    }

    /// The access token of a session, and the refresh token beside it.
    pub(super) fn tokens(
        &self,
        flow: Flow,
        pen: &Pen<'_>,
        session: SessionState,
        refresh: RefreshToken,
    ) -> Tokens {
        let mut extra_roles = session.roles.clone();
        let by_environment = session
            .key_address()
            .is_some_and(|address| self.admins.contains(&address));
        if !flow.may_carry_admin() {
            extra_roles.retain(|role| role != ADMIN_ROLE);
        } else if by_environment && !extra_roles.iter().any(|role| role == ADMIN_ROLE) {
            extra_roles.push(ADMIN_ROLE.to_owned());
        }
        let identity = Identity {
            user_id: session.user_id,
            session_id: Some(session.session_id),
            address: session.address,
            extra_roles,
            custom_claims: session.claims.clone(),
        };
        // A shorter time that was configured since holds at once; a longer one for new sessions.
        let ttl = session.access.min(self.lifetimes.of(flow).access);
        // The user name flow's document has one token, which is access and refresh token at once.
        let id = match flow {
            Flow::Username => refresh.as_token_id(),
            _ => self.entropy.uuid(),
        };
        let now = self.clock.now();
        let access = pen.sign(id, &identity, ttl, now, session.ends_at);
        let left = Duration::try_from(session.ends_at - now).unwrap_or_default();
        Tokens {
            access,
            refresh,
            refresh_for: session.idle.min(left),
            session,
        }
    }
}
