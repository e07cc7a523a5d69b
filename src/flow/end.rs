//! Ending sessions, and listing them: what a signed-in person does about their own.
//!
//! Everything here may be repeated: what has ended stays ended, and ending it again changes nothing.

use tracing::info;
use uuid::Uuid;

use super::{Error, Service};
use crate::model::{Caller, Client, Person};
use crate::storage::{End, Session};

impl Service {
    /// Ends the session that the caller's token belongs to. Returns how many ended, one or none: whoever
    /// signed out may say so again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::BadRequest`] for a token without a session,
    /// [`Error::Unavailable`].
    pub async fn log_out(&self, caller: Caller, client: &Client) -> Result<i64, Error> {
        let person = signed_in(caller)?;
        let session_id = person
            .session_id
            .ok_or_else(|| Error::BadRequest("this token belongs to no session".to_owned()))?;
        self.end(person.user_id, Some(session_id), "logout", client).await
    }

    /// Ends every session of the caller. Returns how many ended.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::Unavailable`].
    pub async fn log_out_everywhere(&self, caller: Caller, client: &Client) -> Result<i64, Error> {
        let person = signed_in(caller)?;
        if self.is_over(person).await? {
            return Ok(0);
        }
        self.end(person.user_id, None, "logout_all", client).await
    }

    /// Ends one session of the caller. Somebody else's is as unknown as one that never was.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::BadRequest`] for what is no id, [`Error::Unavailable`].
    pub async fn end_session(&self, id: &str, caller: Caller, client: &Client) -> Result<i64, Error> {
        let person = signed_in(caller)?;
        let id = Uuid::parse_str(id).map_err(|_| {
            Error::BadRequest("id is not the id of a session: v1Sessions lists them".to_owned())
        })?;
        if self.is_over(person).await? {
            return Ok(0);
        }
        self.end(person.user_id, Some(id), "ended", client).await
    }

    /// The live sessions of the caller, the last used first, and which of them is the caller's own.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::SessionEnded`], [`Error::Unavailable`].
    pub async fn sessions(&self, caller: Caller) -> Result<(Vec<Session>, Option<Uuid>), Error> {
        let person = signed_in(caller)?;
        self.still_signed_in(person).await?;
        let sessions = self.db.live_sessions(person.user_id).await?;
        Ok((sessions, person.session_id))
    }

    /// Whether the caller's own session is over. Such a caller ends nothing any more: it is a retry, which
    /// finds everything ended, or a thief with a token that its owner has ended.
    async fn is_over(&self, person: Person) -> Result<bool, Error> {
        match self.still_signed_in(person).await {
            Err(Error::SessionEnded) => Ok(true),
            other => other.map(|()| false),
        }
    }

    async fn end(
        &self,
        user_id: Uuid,
        session_id: Option<Uuid>,
        reason: &'static str,
        client: &Client,
    ) -> Result<i64, Error> {
        let ended = self
            .db
            .end_sessions(&End {
                user_id,
                session_id,
                reason,
                client,
            })
            .await?;
        self.counts.ended(reason, ended);
        info!(user.id = %user_id, ended, reason, "user {user_id} ended {ended} sessions");
        Ok(ended)
    }
}

fn signed_in(caller: Caller) -> Result<Person, Error> {
    caller.person().ok_or(Error::Forbidden(
        "sign in first: this concerns the caller's own sessions",
    ))
}
