//! What an operator does to an account as a whole: disabling it, enabling it again, ending its sessions.
//!
//! A disabled user is refused by the statements of log-in and restore themselves. Its sessions are
//! ended besides, so that processes that keep live sessions in memory hear of it.

use uuid::Uuid;

use super::whose::named_person;
use super::{Db, Error};
use crate::model::Whose;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether the account itself was changed.
    pub changed: bool,
    /// How many sessions ended.
    pub sessions: i64,
}

/// What became of sessions that were to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedOut {
    /// There is no such account.
    NoAccount,
    /// The account never had a session with that id, or it was forgotten.
    NoSession,
    /// So many ended now; those that were over stay as they were.
    Ended(i64),
}

// A log-in that saw the user enabled may commit its session after this. It refreshes nothing, and
// ends with the next disable or enable.
pub(super) const DISABLE: &str = concat!(
    named_person!(),
    ",
disabled as (
  update auth.users u
  set disabled_at = moment.now
  from person, moment
  where u.id = person.user_id and u.disabled_at is null
  returning u.id
),
ended as (
  update auth.sessions s
  set ended_at = moment.now, reason = 'disabled', salt = null
  from person, moment
  where s.user_id = person.user_id and s.ended_at is null and s.ends_at > moment.now
  returning s.id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select moment.now, 'disable_account', 'ok', person.user_id, 'operator', $2,
         jsonb_build_object('sessions_ended', (select count(*) from ended))
  from person, moment
  where exists (select from disabled) or exists (select from ended)
)
select exists (select from disabled) as changed, (select count(*) from ended) as sessions
from person"
);

pub(super) const ENABLE: &str = concat!(
    named_person!(),
    ",
enabled as (
  update auth.users u
  set disabled_at = null
  from person
  where u.id = person.user_id and u.disabled_at is not null
  returning u.id
),
ended as (
  update auth.sessions s
  set ended_at = moment.now, reason = 'disabled', salt = null
  from enabled, moment
  where s.user_id = enabled.id and s.ended_at is null and s.ends_at > moment.now
  returning s.id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address)
  select moment.now, 'enable_account', 'ok', enabled.id, 'operator', $2
  from enabled, moment
)
select exists (select from enabled) as changed, (select count(*) from ended) as sessions
from person"
);

// Whether a session lay idle too long is not asked: the service may be configured otherwise than
// this process, and ending one that is over costs nothing.
pub(super) const LOG_OUT: &str = concat!(
    named_person!(),
    ",
ended as (
  update auth.sessions s
  set ended_at = moment.now, reason = 'operator', salt = null
  from person, moment
  where s.user_id = person.user_id
    and ($5::uuid is null or s.id = $5)
    and s.ended_at is null and s.ends_at > moment.now
  returning s.id, s.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address)
  select moment.now, 'end_session', 'ok', ended.user_id, 'operator', ended.id, $2
  from ended, moment
)
select (select count(*) from ended) as sessions,
  $5 is null or exists (select from auth.sessions s where s.id = $5 and s.user_id = person.user_id) as known
from person"
);

impl Db {
    /// Disables an account and ends its sessions. `None` when there is no such account.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn disable(&self, whose: &Whose) -> Result<Option<Ended>, Error> {
        self.switch(DISABLE, whose).await
    }

    /// Lets an account sign in again; sessions that ended stay ended. `None` when there is no such account.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn enable(&self, whose: &Whose) -> Result<Option<Ended>, Error> {
        self.switch(ENABLE, whose).await
    }

    async fn switch(&self, statement: &str, whose: &Whose) -> Result<Option<Ended>, Error> {
        let row = self
            .query_opt(
                statement,
                &[
                    &self.clock_offset(),
                    &whose.address().map(|address| address.as_bytes().as_slice()),
                    &whose.chain(),
                    &whose.user_id(),
                ],
            )
            .await?;
        Ok(row.map(|row| Ended {
            changed: row.get("changed"),
            sessions: row.get("sessions"),
        }))
    }

    /// Ends one session of an account, or all of them.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn log_out(&self, whose: &Whose, session: Option<Uuid>) -> Result<LoggedOut, Error> {
        let row = self
            .query_opt(
                LOG_OUT,
                &[
                    &self.clock_offset(),
                    &whose.address().map(|address| address.as_bytes().as_slice()),
                    &whose.chain(),
                    &whose.user_id(),
                    &session,
                ],
            )
            .await?;
        Ok(match row {
            None => LoggedOut::NoAccount,
            Some(row) if !row.get::<_, bool>("known") => LoggedOut::NoSession,
            Some(row) => LoggedOut::Ended(row.get("sessions")),
        })
    }
}
