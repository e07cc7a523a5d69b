//! The end of every session that was opened before a moment: what a restored backup brings back to life.

use time::OffsetDateTime;

use super::opening::moment;
use super::{Db, Error};

/// Sessions of one statement: each announces its end, and a notification queue is not endless.
const BATCH: i64 = 5000;

pub(super) const END_BEFORE: &str = concat!(
    moment!(),
    ",
ended as (
  update auth.sessions s
  set ended_at = now, reason = 'epoch', salt = null
  from moment
  where s.id in (
    select id from auth.sessions
    where ended_at is null and created_at < $2
    limit $3
    for update skip locked
  )
  returning s.id
)
select count(*) as ended from ended"
);

// Texts and nonces that the backup holds could be used a second time.
pub(super) const FORGET_PROOFS: &str = concat!(
    moment!(),
    ",
challenges as (
  delete from auth.challenges
),
nonces as (
  delete from auth.issued_nonces
)
insert into auth.audit_log (at, action, result, actor, detail)
select now, 'end_before', 'ok', 'operator',
  jsonb_build_object('before', $2::timestamptz, 'sessions_ended', $3::bigint)
from moment"
);

impl Db {
    /// Ends every session that was opened before `before`, and voids every text and nonce that was given out.
    /// Returns how many sessions lived.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; what ended before stays ended, and doing it again is safe.
    pub async fn end_before(&self, before: OffsetDateTime) -> Result<i64, Error> {
        let mut all = 0;
        loop {
            let row = self
                .query_one(END_BEFORE, &[&self.clock_offset(), &before, &BATCH])
                .await?;
            let ended: i64 = row.get("ended");
            all += ended;
            if ended < BATCH {
                break;
            }
        }
        self.execute(FORGET_PROOFS, &[&self.clock_offset(), &before, &all])
            .await?;
        Ok(all)
    }
}
