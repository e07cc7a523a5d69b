//! Rows that an index shows to have had their time, removed in small batches that skip what another process holds.
//! Sessions have no such index: `aging` goes through them.

use super::{Db, Error};

/// Rows of one batch.
const BATCH: i64 = 1000;

/// What one batch of each kind removed.
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
}

// A nonce of another purpose is known for longer than it is good: a message that was signed with it may pass for that long, and
// must not sign in where clients choose their own nonces.
pub(super) const DELETE_ISSUED_NONCES: &str = "
delete from auth.issued_nonces
where hash in (
  select hash from auth.issued_nonces
  where expires_at < clock_timestamp() + make_interval(secs => $1)
    and (purpose = 'sign-in' or expires_at < clock_timestamp() + make_interval(secs => $1) - interval '15 minutes')
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

impl Db {
    /// One batch of each kind. Call again while anything was full.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; what was swept before stays swept.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        let offset = self.clock_offset();
        Ok(Swept {
            nonces: self.execute(DELETE_ISSUED_NONCES, &[&offset, &BATCH]).await?
                + self.execute(DELETE_SPENT_NONCES, &[&offset, &BATCH]).await?,
            guesses: self.execute(DELETE_GUESSES, &[&offset, &BATCH]).await?,
            challenges: self.execute(DELETE_CHALLENGES, &[&offset, &BATCH]).await?,
            limits: self.execute(DELETE_LIMITS, &[&offset, &BATCH]).await?,
        })
    }
}

impl Swept {
    /// How many rows that were.
    pub fn rows(&self) -> u64 {
        self.nonces + self.challenges + self.guesses + self.limits
    }

    /// Whether some batch was full, so that there may be more.
    pub fn is_full(&self) -> bool {
        let batch = BATCH.unsigned_abs();
        [self.nonces, self.challenges, self.guesses, self.limits]
            .iter()
            .any(|swept| *swept >= batch)
    }
}
