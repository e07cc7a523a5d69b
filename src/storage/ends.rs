//! The end of one of a person's sessions, or of all.
//!
//! An end is final: nothing brings a session back. Whoever keeps live sessions in memory learns of it
//! by a trigger's notification, which comes with the commit.

use uuid::Uuid;

use super::{Db, Error};
use crate::model::Client;

/// Which sessions to end, and why.
#[derive(Debug)]
pub struct End<'a> {
    /// Whose.
    pub user_id: Uuid,
    /// Which of theirs; all, if none is named.
    pub session_id: Option<Uuid>,
    /// A word for the session's row and the audit log.
    pub reason: &'a str,
    /// Where the request came from.
    pub client: &'a Client,
}

pub(super) const END: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
ended as (
  update auth.sessions s
  set ended_at = moment.now, reason = $4, salt = null
  from moment
  where s.user_id = $2
    and ($3::uuid is null or s.id = $3)
    and s.ended_at is null
  returning s.id, s.user_id, s.address
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id)
  select moment.now, 'end_session', $4, ended.user_id, 'user', ended.id, ended.address, $5, $6
  from ended, moment
)
select count(*) as ended from ended";

impl Db {
    /// Ends sessions of one person and returns how many lived.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; ending again is safe.
    pub async fn end_sessions(&self, end: &End<'_>) -> Result<i64, Error> {
        let row = self
            .query_one(
                END,
                &[
                    &self.clock_offset(),
                    &end.user_id,
                    &end.session_id,
                    &end.reason,
                    &end.client.ip,
                    &end.client.request_id,
                ],
            )
            .await?;
        Ok(row.get("ended"))
    }
}
