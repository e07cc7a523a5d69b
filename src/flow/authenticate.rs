//! Answering for a token: whom it speaks for right now, and in which role.
//!
//! The token says which session it belongs to and until when; what its account may do is read from
//! the session as it is now, so a role that was taken away and a session that ended count at once.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{Error, Service};
use crate::model::{ADMIN_ROLE, Flow, Person, USER_ROLE};
use crate::storage::{Announcement, LiveSession, listen};

/// Whom a request comes from.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The role to act in: the one asked for, or `user`.
    pub role: String,
    /// The session's id.
    pub session_id: Uuid,
    /// The session: the person, the wallet that signed in where one did, and claims that an operator added.
    pub session: Arc<LiveSession>,
    /// When to ask again at the latest: the token's end, or a minute from now.
    pub ask_again_at: OffsetDateTime,
}

/// An open websocket learns of a session's end within this time.
const ASK_AGAIN: Duration = Duration::from_secs(60);

impl Service {
    /// Whom `token` speaks for, in `wanted_role` if one is named.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::SessionEnded`], [`Error::Forbidden`] for a role that the
    /// account has not, or [`Error::Unavailable`] when it cannot be known.
    pub async fn authenticate(&self, token: &str, wanted_role: Option<&str>) -> Result<Authenticated, Error> {
        let now = self.clock.now();
        let verified = self.seen.verify(&self.verifier, token, now)?;
        let session = match self.live.get(verified.session_id, now) {
            Some(known) => known,
            None => self.look_up(verified.session_id, now).await?,
        };
        // A token of a session names its user; another one was never issued by us.
        let session = session
            .filter(|session| session.user_id == verified.user_id)
            .ok_or(Error::SessionEnded)?;
        // A token that an operator minted acts in its one role, whatever else the account may do.
        let only = verified.only_role.as_deref();
        let role = wanted_role.or(only).unwrap_or(USER_ROLE);
        if only.is_some_and(|only| only != role) || !self.may_act_as(&session, role) {
            return Err(Error::Forbidden("the account does not have this role"));
        }
        Ok(Authenticated {
            role: role.to_owned(),
            session_id: verified.session_id,
            session,
            ask_again_at: verified.expires_at.min(now + ASK_AGAIN),
        })
    }

    /// Whether `token` is ours, in its time, and of a session that lives.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be known.
    pub async fn is_good(&self, token: &str) -> Result<bool, Error> {
        match self.authenticate(token, None).await {
            Ok(_) => Ok(true),
            Err(error) if error.cause().is_some() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Refuses a person whose token outlived its session: Hasura in JWT mode lets it through, and what
    /// the token's owner ended must not change anything here. A minted token may have no session.
    pub(super) async fn still_signed_in(&self, person: Person) -> Result<(), Error> {
        let Some(id) = person.session_id else {
            return Ok(());
        };
        let now = self.clock.now();
        let session = match self.live.get(id, now) {
            Some(known) => known,
            None => self.look_up(id, now).await?,
        };
        let own = session.is_some_and(|session| session.user_id == person.user_id);
        own.then_some(()).ok_or(Error::SessionEnded)
    }

    async fn look_up(&self, id: Uuid, now: OffsetDateTime) -> Result<Option<Arc<LiveSession>>, Error> {
        let mark = self.live.mark();
        let answer = self.db.live_session(id).await?.map(Arc::new);
        self.live.keep(id, answer.clone(), mark, now);
        Ok(answer)
    }

    fn may_act_as(&self, session: &LiveSession, role: &str) -> bool {
        let by_environment = || {
            session
                .key_address()
                .is_some_and(|address| self.admins.contains(&address))
        };
        match role {
            USER_ROLE => true,
            ADMIN_ROLE if !session.flow.is_some_and(Flow::may_carry_admin) => false,
            ADMIN_ROLE if by_environment() => true,
            role => session.roles.iter().any(|own| own == role),
        }
    }

    /// Follows what the database announces, on a connection of its own, until the task is dropped.
    pub async fn follow_announcements(self: Arc<Self>) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::time::sleep(pause).await;
            let ended = listen(&self.database, |announcement| {
                match announcement {
                    Announcement::Connected => info!("listening to the database"),
                    Announcement::Heard => {}
                    other => debug!(announcement = ?other, "the database announced a change"),
                }
                // What was announced while nobody listened is not announced again.
                if matches!(announcement, Announcement::Connected | Announcement::KeysChanged) {
                    self.reload_keys_soon();
                }
                self.counts.listening(true);
                self.live.hear(announcement);
            })
            .await;
            self.counts.listening(false);
            self.live.lose_trust();
            if let Err(error) = ended {
                warn!(
                    cause = error.for_the_log(),
                    "not listening to the database: it is asked every time"
                );
            }
            // Soon at first, because a restart of the database is over soon; then with patience.
            pause = (pause * 2).clamp(Duration::from_millis(100), Duration::from_secs(2));
        }
    }
}
