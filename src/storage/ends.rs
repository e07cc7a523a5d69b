//! Sessions as their owner sees them: which live, and the end of one or of all.
//!
//! An end is final: nothing brings a session back. Whoever keeps live sessions in memory learns of it
//! by a trigger's notification, which comes with the commit.

use std::net::IpAddr;
use std::time::Duration;

use time::OffsetDateTime;
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

/// A live session.
#[derive(Debug)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// How it was opened.
    pub flow: String,
    /// When.
    pub created_at: OffsetDateTime,
    /// When it was last restored.
    pub last_used_at: OffsetDateTime,
    /// When it ends at the latest.
    pub ends_at: OffsetDateTime,
    /// What opened it, where known.
    pub user_agent: Option<String>,
    /// From where, where known.
    pub ip: Option<IpAddr>,
}

/// Nobody reads a longer list.
const MOST_LISTED: i64 = 1000;

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

pub(super) const LIST: &str = "
select id, flow, created_at, last_used_at, ends_at, user_agent, ip
from auth.sessions
where user_id = $2
  and ended_at is null
  and least(ends_at, last_used_at + make_interval(secs => $3)) > clock_timestamp() + make_interval(secs => $1)
order by last_used_at desc, id
limit $4";

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

    /// The live sessions of one person, the last used first.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn sessions_of(&self, user_id: Uuid, idle: Duration) -> Result<Vec<Session>, Error> {
        let rows = self
            .query(
                LIST,
                &[&self.clock_offset(), &user_id, &idle.as_secs_f64(), &MOST_LISTED],
            )
            .await?;
        let session = |row: &tokio_postgres::Row| Session {
            id: row.get("id"),
            flow: row.get("flow"),
            created_at: row.get("created_at"),
            last_used_at: row.get("last_used_at"),
            ends_at: row.get("ends_at"),
            user_agent: row.get("user_agent"),
            ip: row.get("ip"),
        };
        Ok(rows.iter().map(session).collect())
    }
}
