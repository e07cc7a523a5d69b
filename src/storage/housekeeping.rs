//! Rows that have had their time, removed in small batches that skip what another process holds.

use std::time::Duration;

use super::{Db, Error};

/// Rows of one batch.
const BATCH: i64 = 1000;

/// What one sweep removed or wiped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swept {
    /// Nonces, issued or spent.
    pub nonces: u64,
    /// Counts of passwords that were tried, a week ago at the latest.
    pub guesses: u64,
    /// Challenges that nobody answered.
    pub challenges: u64,
    /// Limits that nobody has used lately.
    pub limits: u64,
    /// Salts whose grace time is over.
    pub salts: u64,
    /// Refresh tokens of sessions that ended long ago, or that were spent very many rotations ago.
    pub tokens: u64,
    /// Sessions that ended long ago and have no token left.
    pub sessions: u64,
}

/// Spent tokens by which a session recognises a copy. One older than these is simply unknown; without
/// a bound one client could grow the table for as long as its session lives.
const GENERATIONS: i32 = 1000;

pub(super) const DELETE_ISSUED_NONCES: &str = "
delete from auth.issued_nonces
where hash in (
  select hash from auth.issued_nonces
  where expires_at < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

pub(super) const DELETE_SPENT_NONCES: &str = "
delete from auth.spent_nonces
where (address, hash) in (
  select address, hash from auth.spent_nonces
  where expires_at < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

// What lies in the past means the same as no row.
pub(super) const DELETE_LIMITS: &str = "
delete from auth.limits
where subject in (
  select subject from auth.limits
  where used_until < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

// A count that nobody added to for a week.
pub(super) const DELETE_GUESSES: &str = "
delete from auth.guesses
where (name, client) in (
  select name, client from auth.guesses
  where last_at + interval '7 days' < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

pub(super) const DELETE_CHALLENGES: &str = "
delete from auth.challenges
where (flow, address, minute) in (
  select flow, address, minute from auth.challenges
  where expires_at < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

pub(super) const WIPE_SALTS: &str = "
update auth.sessions
set salt = null
where id in (
  select id from auth.sessions
  where salt is not null
    and rotated_at + make_interval(secs => $3) < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update skip locked
)";

pub(super) const DELETE_OLD_TOKENS: &str = "
delete from auth.refresh_tokens
where hash in (
  select t.hash
  from auth.sessions s
  join auth.refresh_tokens t on t.session_id = s.id
  where s.generation > $2 and t.generation < s.generation - $2
  limit $1
  for update of t skip locked
)";

// Tokens first and in batches of their own: a session may have very many, and the cascade of its
// deletion would take them in one statement.
pub(super) const DELETE_TOKENS: &str = "
delete from auth.refresh_tokens
where hash in (
  select t.hash
  from auth.sessions s
  join auth.refresh_tokens t on t.session_id = s.id
  where least(s.ended_at, s.ends_at, s.last_used_at + s.idle) + make_interval(secs => $3)
    < clock_timestamp() + make_interval(secs => $1)
  limit $2
  for update of t skip locked
)";

pub(super) const DELETE_SESSIONS: &str = "
delete from auth.sessions
where id in (
  select s.id
  from auth.sessions s
  where least(s.ended_at, s.ends_at, s.last_used_at + s.idle) + make_interval(secs => $3)
    < clock_timestamp() + make_interval(secs => $1)
    and not exists (select from auth.refresh_tokens t where t.session_id = s.id)
  limit $2
  for update skip locked
)";

impl Db {
    /// One batch of each kind. Call again while anything was full; `retention` is how long an ended
    /// session is kept so that its tokens are still recognised.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; what was swept before stays swept.
    pub async fn sweep(&self, grace: Duration, retention: Duration) -> Result<Swept, Error> {
        let offset = self.clock_offset();
        let (grace, retention) = (grace.as_secs_f64(), retention.as_secs_f64());
        Ok(Swept {
            nonces: self.execute(DELETE_ISSUED_NONCES, &[&offset, &BATCH]).await?
                + self.execute(DELETE_SPENT_NONCES, &[&offset, &BATCH]).await?,
            guesses: self.execute(DELETE_GUESSES, &[&offset, &BATCH]).await?,
            challenges: self.execute(DELETE_CHALLENGES, &[&offset, &BATCH]).await?,
            limits: self.execute(DELETE_LIMITS, &[&offset, &BATCH]).await?,
            salts: self.execute(WIPE_SALTS, &[&offset, &BATCH, &grace]).await?,
            tokens: self.execute(DELETE_OLD_TOKENS, &[&BATCH, &GENERATIONS]).await?
                + self
                    .execute(DELETE_TOKENS, &[&offset, &BATCH, &retention])
                    .await?,
            sessions: self
                .execute(DELETE_SESSIONS, &[&offset, &BATCH, &retention])
                .await?,
        })
    }
}

impl Swept {
    /// Whether some batch was full, so that there may be more.
    pub fn is_full(&self) -> bool {
        let batch = BATCH.unsigned_abs();
        [
            self.nonces,
            self.challenges,
            self.guesses,
            self.limits,
            self.salts,
            self.tokens,
            self.sessions,
        ]
        .iter()
        .any(|swept| *swept >= batch)
    }
}
