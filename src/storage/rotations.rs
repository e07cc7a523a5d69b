//! Many restores as one statement. What each of them does is what `sessions` says; here they share the way to PostgreSQL and
//! the commit, which are most of what a restore costs.
//!
//! It takes only rows that nobody else holds. So it waits for nobody, two of them never wait for each other in a circle,
//! and whoever's session is busy keeps nobody else waiting: that restore is tried again alone, where it may wait.

use std::collections::HashMap;
use std::net::IpAddr;

use super::opening::session_state;
use super::sessions::{may_turn, turn};
use super::{Db, Error, Rotated, Rotation};

// A token of the same session twice in one statement turns it once: whichever comes to nothing is tried again alone.
pub(super) const ROTATE_MANY: &str = concat!(
    "
with free as materialized (
  select asked.hash, asked.salt, asked.successor, asked.ip, asked.request_id, t.generation, s.id
  from unnest($2::bytea[], $3::bytea[], $4::bytea[], $6::text[], $7::inet[], $8::text[])
    as asked (hash, salt, successor, flow, ip, request_id)
  join auth.refresh_tokens t on t.hash = asked.hash
  join auth.sessions s on s.id = t.session_id
  where s.flow = asked.flow
  for no key update of s skip locked
),
turned as (
  update auth.sessions s
  set ",
    turn!("free.generation", "free.salt"),
    "
  from free, auth.users u
  where s.id = free.id
    and ",
    may_turn!("free.generation"),
    "
  returning free.hash as presented, free.salt as own_salt, free.successor, free.ip, free.request_id,
            s.id, s.user_id, s.address, s.wallet_chain, s.checked_at, s.salt, s.generation, s.ended_at, s.access_ttl,
            s.refresh_ttl, s.created_at, s.ends_at
),
head as (
  insert into auth.refresh_tokens (hash, session_id, generation)
  select successor, id, generation
  from turned
  where salt = own_salt
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id)
  select ended_at, 'restore_session', 'refresh_token_reused', user_id, 'user', id, address, ip, request_id
  from turned
  where ended_at is not null
)
select turned.presented, turned.salt, turned.ended_at is not null as reused, ",
    session_state!("turned"),
    "
from turned"
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
