//! Many restores as one statement. What each of them does is what `sessions` says; here they share the way to PostgreSQL and
//! the commit, which are most of what a restore costs.
//!
//! It takes only rows that nobody else holds. So it waits for nobody, two of them never wait for each other in a circle,
//! and whoever's session is busy keeps nobody else waiting: that restore is tried again alone, where it may wait.

use std::collections::HashMap;
use std::net::IpAddr;

use super::opening::{moment, session_state};
use super::sessions::{judgement, rotate};
use super::{Db, Error, Rotated, Rotation};

// Two tokens of the same session in one statement: one of them advances it, and the other is tried again alone.
pub(super) const ROTATE_MANY: &str = rotate!(
    "
  select hash, salt, successor, flow, ip, request_id
  from unnest($2::bytea[], $3::bytea[], $4::bytea[], $6::text[], $7::inet[], $8::text[])
    as asked (hash, salt, successor, flow, ip, request_id)
",
    " skip locked"
);

impl Db {
    /// Spends the presented tokens for their successors, all or none. `None` for one that must be tried alone: its session
    /// is busy, or there is none that lives.
    ///
    /// The grace time is that of the first. No token may be presented twice.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; presenting the same tokens again is safe.
    pub async fn rotate_many(&self, rotations: &[&Rotation]) -> Result<Vec<Option<Rotated>>, Error> {
        let Some(first) = rotations.first() else {
            return Ok(Vec::new());
        };
        let each = |bytes: fn(&Rotation) -> &[u8]| -> Vec<&[u8]> {
            rotations.iter().map(|rotation| bytes(rotation)).collect()
        };
        let flows: Vec<&str> = rotations.iter().map(|rotation| rotation.flow.as_str()).collect();
        let ips: Vec<Option<IpAddr>> = rotations.iter().map(|rotation| rotation.client.ip).collect();
        let ids: Vec<&str> = rotations
            .iter()
            .map(|rotation| rotation.client.request_id.as_str())
            .collect();
        let rows = self
            .query(
                ROTATE_MANY,
                &[
                    &self.clock_offset(),
                    &each(|rotation| rotation.presented.as_bytes()),
                    &each(|rotation| rotation.salt.as_bytes()),
                    &each(|rotation| rotation.successor.as_bytes()),
                    &first.grace.as_secs_f64(),
                    &flows,
                    &ips,
                    &ids,
                ],
            )
            .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            found.insert(row.get::<_, &[u8]>("presented"), Rotated::read(row)?);
        }
        Ok(rotations
            .iter()
            .map(|rotation| found.remove(rotation.presented.as_bytes()))
            .collect())
    }
}
