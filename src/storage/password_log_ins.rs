//! A log-in with a password as one statement: the password is still the one that was checked, the account is not
//! disabled, the session opens, and the try that was counted as a miss is taken back.

use uuid::Uuid;

use super::opening::{Opening, SessionState, moment, open_session, session_state};
use super::{Db, Error};

/// Everything such a log-in writes.
pub struct PasswordLogIn<'a> {
    /// The session to open.
    pub opening: Opening,
    /// Whose password was right.
    pub user_id: Uuid,
    /// The hash that it was held against.
    pub password_hash: &'a str,
    /// The hash to keep from now on, where that one was made at a lower cost.
    pub rehashed: Option<&'a str>,
    /// What the tries were counted by.
    pub name: [u8; 32],
    /// Whether this one was counted against the client as well.
    pub counted_on_client: bool,
}

pub(super) const LOG_IN: &str = concat!(
    moment!(),
    ",
person as materialized (
  select c.user_id, null::bytea as address, 0::bigint as wallet_chain, false as is_deployed
  from auth.credentials c
  join auth.users u on u.id = c.user_id
  where c.user_id = $12 and c.password_hash = $13 and u.disabled_at is null
  -- Held until the session is there: whoever changes the password comes before this or after it.
  for key share of u for share of c
),
rehashed as (
  update auth.credentials c
  set password_hash = $14
  from person
  where c.user_id = person.user_id and $14::text is not null
),
-- A stranger's tries are forgotten as well: whoever guessed so far begins anew, and so does the owner abroad.
forgotten as (
  delete from auth.guesses g
  using person
  where g.name = $15::bytea and g.client in ('', coalesce(host($17::inet), ''))
),
taken_back as (
  update auth.guesses g
  set misses = greatest(g.misses - 1, 0)
  from person
  where $16 and g.name = '' and g.client = host($17)
)",
    open_session!(),
    "
select ",
    session_state!("session"),
    "
from session"
);

impl Db {
    /// Opens a session. `None` when the password was changed or the account disabled since it was read.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn log_in_with_password(
        &self,
        log_in: &PasswordLogIn<'_>,
    ) -> Result<Option<SessionState>, Error> {
        let values = log_in.opening.values(self);
        let row = self
            .query_opt(
                LOG_IN,
                &values.and(&[
                    &log_in.user_id,
                    &log_in.password_hash,
                    &log_in.rehashed,
                    &log_in.name.as_slice(),
                    &log_in.counted_on_client,
                    &log_in.opening.client.limited_ip(),
                ]),
            )
            .await?;
        row.map(|row| SessionState::read(&row)).transpose()
    }
}
