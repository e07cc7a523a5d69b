//! The audit log, to be read. It is written by the statements whose changes it records.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::users::address;
use super::{Db, Error};
use crate::model::Address;

/// Which records are wanted; what is absent is not asked.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this user.
    pub user_id: Option<Uuid>,
    /// About this address.
    pub address: Option<Address>,
    /// Of this kind.
    pub action: Option<String>,
    /// Not older than this.
    pub since: Option<Duration>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// Who did what.
#[derive(Debug, Serialize)]
pub struct AuditRecord {
    /// Its number. Numbers grow with time and may have gaps.
    pub id: i64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub action: String,
    /// `ok`, or why not.
    pub result: String,
    /// `user`, `admin`, `admin-secret` or `operator`.
    pub actor: String,
    /// The user who acted, or whom an operator's command was about.
    pub user_id: Option<Uuid>,
    /// The session.
    pub session_id: Option<Uuid>,
    /// The address.
    pub address: Option<Address>,
    /// The client's address.
    pub ip: Option<String>,
    /// The request, as the log names it.
    pub request_id: Option<String>,
    /// What else there is to say.
    pub detail: Value,
}

pub(super) const READ: &str = "
select id, at, action, result, actor, user_id, session_id, address, host(ip) as ip, request_id, detail
from auth.audit_log
where ($2::uuid is null or user_id = $2)
  and ($3::bytea is null or address = $3)
  and ($4::text is null or action = $4)
  and ($5::float8 is null or at > clock_timestamp() + make_interval(secs => $1) - make_interval(secs => $5))
order by id desc
limit $6";

impl Db {
    /// The newest records that fit, the newest first.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, Error> {
        let rows = self
            .query(
                READ,
                &[
                    &self.clock_offset(),
                    &filter.user_id,
                    &filter
                        .address
                        .as_ref()
                        .map(|address| address.as_bytes().as_slice()),
                    &filter.action,
                    &filter.since.map(|since| since.as_secs_f64()),
                    &i64::from(filter.limit),
                ],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(AuditRecord {
                    id: row.get("id"),
                    at: row.get("at"),
                    action: row.get("action"),
                    result: row.get("result"),
                    actor: row.get("actor"),
                    user_id: row.get("user_id"),
                    session_id: row.get("session_id"),
                    address: row.get::<_, Option<&[u8]>>("address").map(address).transpose()?,
                    ip: row.get("ip"),
                    request_id: row.get("request_id"),
                    detail: row.get("detail"),
                })
            })
            .collect()
    }
}
