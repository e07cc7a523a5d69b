//! A restore as one statement: the session row decides which successor a refresh token has.
//!
//! `sessions.generation` counts rotations, and each token knows the generation it is the head of.
//! Of callers that present the head at the same moment one moves the generation on, and its salt
//! stays in the row; the others find themselves one behind, within the grace time, and are told the
//! same salt. Whoever is further behind, or late, holds a copied token: the session ends.

use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use super::limits;
use super::opening::{SessionState, session_state};
use super::{Db, Error};
use crate::model::{Client, Flow};
use crate::token::{Salt, TokenHash};

/// What a restore brings along.
#[derive(Debug)]
pub struct Rotation {
    /// The presented token.
    pub presented: TokenHash,
    /// The salt that this caller drew.
    pub salt: Salt,
    /// The successor under that salt.
    pub successor: TokenHash,
    /// How long a predecessor is still answered.
    pub grace: Duration,
    /// The flow that it must have come from.
    pub flow: Flow,
    /// Where the request came from.
    pub client: Client,
}

/// What became of it.
#[derive(Debug)]
pub enum Rotated {
    /// No live session has this token: unknown, expired, ended, or its account is disabled.
    Unknown,
    /// The session is restored too often; the token stays good. How long to wait.
    TooMany(Duration),
    /// The token had been spent: the session has just been ended.
    Reused {
        /// The session that ended.
        session_id: Uuid,
    },
    /// The session goes on.
    Live {
        /// What its next access token is made of.
        session: SessionState,
        /// The salt of the successor: this caller's, or that of the one who came first.
        salt: Salt,
    },
}

/// What a presented token does to its session `s`, as the assignments of an update: `$generation` is the token's, `$salt`
/// the salt of whoever presents it. Takes the clock's offset as `$1` and the grace time as `$5`.
macro_rules! turn {
    ($generation:literal, $salt:literal) => {
        concat!(
            "generation = s.generation + (", $generation, " = s.generation)::int,
      salt = case
        when ", $generation, " = s.generation then ", $salt, "
        when ", $generation, " = s.generation - 1
          and s.rotated_at + make_interval(secs => $5) > clock_timestamp() + make_interval(secs => $1) then s.salt
      end,
      rotated_at = case
        when ", $generation, " = s.generation then clock_timestamp() + make_interval(secs => $1)
        else s.rotated_at
      end,
      restores_used_until = case
        when ", $generation, " = s.generation then
          greatest(s.restores_used_until, clock_timestamp() + make_interval(secs => $1)) + interval '2 seconds'
        else s.restores_used_until
      end,
      last_used_at = case
        when ", $generation, " = s.generation then clock_timestamp() + make_interval(secs => $1)
        else s.last_used_at
      end,
      ended_at = case
        when ", $generation, " = s.generation
          or ", $generation, " = s.generation - 1 and s.salt is not null
            and s.rotated_at + make_interval(secs => $5) > clock_timestamp() + make_interval(secs => $1) then null
        else clock_timestamp() + make_interval(secs => $1)
      end,
      reason = case
        when ", $generation, " = s.generation
          or ", $generation, " = s.generation - 1 and s.salt is not null
            and s.rotated_at + make_interval(secs => $5) > clock_timestamp() + make_interval(secs => $1) then null
        else 'reuse'
      end"
        )
    };
}

/// Whether the session `s` of the user `u` may be turned by a token of `$generation`. Takes the clock's offset as `$1`.
macro_rules! may_turn {
    ($generation:literal) => {
        concat!(
            "u.id = s.user_id
    and u.disabled_at is null
    and s.ended_at is null
    and s.ends_at > clock_timestamp() + make_interval(secs => $1)
    and s.last_used_at + s.refresh_ttl > clock_timestamp() + make_interval(secs => $1)
    -- Sixty at once, then one in two seconds. A retry rotates nothing, and a copy is to be noticed whatever the count is.
    and (", $generation, " <> s.generation
      or s.restores_used_until <= clock_timestamp() + make_interval(secs => $1) + interval '118 seconds')"
        )
    };
}

pub(super) use {may_turn, turn};

// One UPDATE that joins the token to its session. A caller that waited for the row is judged anew
// on the row as the winner left it (READ COMMITTED), which is what makes the losers retries and not
// thieves. A statement that first reads the token and then updates sees the old generation and
// loses most of its callers.
pub(super) const ROTATE: &str = concat!(
    "
with turned as (
  update auth.sessions s
  set ",
    turn!("t.generation", "$3"),
    "
  from auth.refresh_tokens t, auth.users u
  where t.hash = $2
    and s.id = t.session_id
    and s.flow = $6
    and ",
    may_turn!("t.generation"),
    "
  returning s.id, s.user_id, s.address, s.wallet_chain, s.checked_at, s.salt, s.generation, s.ended_at, s.access_ttl,
            s.refresh_ttl, s.created_at, s.ends_at
),
head as (
  insert into auth.refresh_tokens (hash, session_id, generation)
  select $4, id, generation
  from turned
  where salt = $3
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id)
  select ended_at, 'restore_session', 'refresh_token_reused', user_id, 'user', id, address, $7, $8
  from turned
  where ended_at is not null
)
select turned.salt, turned.ended_at is not null as reused, ",
    session_state!("turned"),
    "
from turned"
);

pub(super) const WAIT: &str = "
select extract(epoch from s.restores_used_until - interval '118 seconds'
  - clock_timestamp() - make_interval(secs => $1))::double precision as wait
from auth.refresh_tokens t
join auth.sessions s on s.id = t.session_id and s.generation = t.generation
where t.hash = $2 and s.flow = $3 and s.ended_at is null
  and s.restores_used_until > clock_timestamp() + make_interval(secs => $1) + interval '118 seconds'";

impl Db {
    /// Spends the presented token for its successor.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; presenting the same token again is safe.
    pub async fn rotate(&self, rotation: &Rotation) -> Result<Rotated, Error> {
        let row = self
            .query_opt(
                ROTATE,
                &[
                    &self.clock_offset(),
                    &rotation.presented.as_bytes(),
                    &rotation.salt.as_bytes(),
                    &rotation.successor.as_bytes(),
                    &rotation.grace.as_secs_f64(),
                    &rotation.flow.as_str(),
                    &rotation.client.ip,
                    &rotation.client.request_id,
                ],
            )
            .await?;
        let Some(row) = row else {
            let limited = self
                .query_opt(
                    WAIT,
                    &[
                        &self.clock_offset(),
                        &rotation.presented.as_bytes(),
                        &rotation.flow.as_str(),
                    ],
                )
                .await?;
            return Ok(match limited {
                None => Rotated::Unknown,
                Some(row) => Rotated::TooMany(limits::wait(row.get("wait"))),
            });
        };
        Rotated::read(&row)
    }
}

impl Rotated {
    /// Reads a row of a rotation that found its session.
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        if row.get("reused") {
            return Ok(Self::Reused {
                session_id: row.get("session_id"),
            });
        }
        Ok(Self::Live {
            session: SessionState::read(row)?,
            salt: Salt::from_slice(row.get("salt")).ok_or(Error::Content("a session's salt"))?,
        })
    }
}
