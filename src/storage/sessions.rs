//! Refreshing a session as one statement: the session row decides which successor a refresh token has.
//!
//! `sessions.generation` counts rotations, and each token knows the generation that it is the newest of.
//! Of callers that present the newest token at the same moment one advances the generation, and its salt
//! stays in the row. The others present a token that was just replaced, and get the salts that lead from it to the newest
//! one: that of the last rotation, and those before it as far as their grace time reaches. A token that was replaced
//! before that is a copy: the session ends.

use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use super::limits;
use super::opening::{SessionState, moment, session_state};
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
    /// How long a replaced token still leads to the newest one.
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
    /// The session is refreshed too often, or the token is retried too often; it stays good. How long to wait.
    TooMany(Duration),
    /// The token had been replaced before the grace time: the session has just been ended.
    Reused {
        /// The session that ended.
        session_id: Uuid,
    },
    /// The session goes on.
    Live {
        /// What its next access token is made of.
        session: SessionState,
        /// The salts that lead from the presented token to the newest one, the last of them first.
        salts: Vec<Salt>,
    },
}

/// What `$presented`, the generation of a token, is to the session `s`, and how long to wait if there were too many of the kind.
/// Joined behind a `now`; takes the grace time as `$5`.
///
/// Sixty restores at once, then one in two seconds, and as many retries. A copy is to be noticed whatever the counts are.
macro_rules! judgement {
    ($presented:literal) => {
        concat!(
            "
  cross join lateral (
    select case
      when ", $presented, " = s.generation then 'newest'
      when s.salt is not null and now - make_interval(secs => $5) < case
        when ", $presented, " = s.generation - 1 then s.rotated_at
        when s.previous_generation = s.generation then s.previous_rotated_at[s.generation - 1 - ", $presented, "]
      end then 'replaced'
      else 'copy'
    end as kind
  ) as judged
  cross join lateral (
    select case kind when 'newest' then s.restores_used_until when 'replaced' then s.retries_used_until end as used_until
  ) as used
  cross join lateral (
    select case
      when used_until > now + interval '118 seconds'
        then extract(epoch from used_until - interval '118 seconds' - now)::double precision
    end as wait
  ) as limited"
        )
    };
}

/// The statement of restores that `$asked` selects: `hash`, `salt`, `successor`, `flow`, `ip` and `request_id` of each. `$lock` says what
/// becomes of one whose session is locked. Takes the clock's offset as `$1` and the grace time as `$5`.
///
/// - `found` reads without a lock, so that what is refused writes nothing. It also takes the clock's only reading: a token is
///   judged by the moment at which it was presented, however long it then waits for its row.
/// - `held` locks the row and judges it as the last rotation left it (READ COMMITTED evaluates it anew after a wait). That is what
///   makes those who lose a race retries and not copies. Verdict and wait come from the same row and the same `now`.
/// - `turned` does what `held` says. The grace time begins here, when the successor exists. Salts of the rotations before are
///   kept as far as theirs reaches; the limit bounds them to 90 in a minute, which is the longest grace time.
macro_rules! rotate {
    ($asked:literal, $lock:literal) => {
        concat!(
            moment!(),
            ",
asked as (",
            $asked,
            "),
found as materialized (
  select asked.*, s.id, t.generation as presented, wait
  from moment
  cross join asked
  join auth.refresh_tokens t on t.hash = asked.hash
  join auth.sessions s on s.id = t.session_id and s.flow = asked.flow
  join auth.users u on u.id = s.user_id",
            judgement!("t.generation"),
            "
  where u.disabled_at is null
    and s.ended_at is null
    and s.ends_at > now
    and s.last_used_at + s.refresh_ttl > now
),
held as materialized (
  select found.hash, found.salt, found.successor, found.ip, found.request_id, s.id, s.generation - found.presented as steps,
         now, kind, limited.wait,
         kind = 'newest' and s.salt is not null and s.rotated_at > now - make_interval(secs => $5) as keeps_salt,
         case when s.previous_generation = s.generation then (
           select count(*)::integer
           from unnest(s.previous_rotated_at) as at
           where at > now - make_interval(secs => $5)
         ) end as kept
  from moment
  cross join found
  join auth.sessions s on s.id = found.id",
            judgement!("found.presented"),
            "
  where found.wait is null and s.ended_at is null
  for no key update of s",
            $lock,
            "
),
turned as (
  update auth.sessions s
  set generation = s.generation + (kind = 'newest')::integer,
      salt = case kind when 'newest' then held.salt when 'replaced' then s.salt end,
      rotated_at = case kind when 'newest' then clock_timestamp() + make_interval(secs => $1) else s.rotated_at end,
      previous_salts = case
        when keeps_salt then array_prepend(s.salt, s.previous_salts[1 : kept])
        when kind = 'replaced' then s.previous_salts
      end,
      previous_rotated_at = case
        when keeps_salt then array_prepend(s.rotated_at, s.previous_rotated_at[1 : kept])
        when kind = 'replaced' then s.previous_rotated_at
      end,
      previous_generation = case
        when keeps_salt then s.generation + 1
        when kind = 'replaced' then s.previous_generation
      end,
      restores_used_until = case kind
        when 'newest' then greatest(s.restores_used_until, now) + interval '2 seconds'
        else s.restores_used_until
      end,
      retries_used_until = case kind
        when 'replaced' then greatest(s.retries_used_until, now) + interval '2 seconds'
        else s.retries_used_until
      end,
      last_used_at = case kind when 'newest' then now else s.last_used_at end,
      ended_at = case kind when 'copy' then now end,
      reason = case kind when 'copy' then 'reuse' end
  from held
  where s.id = held.id and held.wait is null
  returning held.hash, held.successor, held.ip, held.request_id, kind,
            array_prepend(s.salt, s.previous_salts[1 : steps - 1]) as salts, s.id, s.user_id, s.address, s.wallet_chain, s.checked_at,
            s.generation, s.ended_at, s.access_ttl, s.refresh_ttl, s.created_at, s.ends_at
),
head as (
  insert into auth.refresh_tokens (hash, session_id, generation)
  select successor, id, generation
  from turned
  where kind = 'newest'
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id)
  select ended_at, 'restore_session', 'refresh_token_reused', user_id, 'user', id, address, ip, request_id
  from turned
  where kind = 'copy'
)
select found.hash as presented, coalesce(found.wait, held.wait) as wait, turned.kind = 'copy' as reused, turned.salts, ",
            session_state!("turned"),
            "
from found
left join held on held.hash = found.hash
left join turned on turned.hash = found.hash
where coalesce(found.wait, held.wait) is not null or turned.id is not null"
        )
    };
}

pub(super) use {judgement, rotate};

pub(super) const ROTATE: &str = rotate!(
    "
  select $2::bytea as hash, $3::bytea as salt, $4::bytea as successor, $6::text as flow, $7::inet as ip, $8::text as request_id
",
    ""
);

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
        row.map_or(Ok(Rotated::Unknown), |row| Rotated::read(&row))
    }
}

impl Rotated {
    /// Reads a row of a rotation that found its session.
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        if let Some(wait) = row.get("wait") {
            return Ok(Self::TooMany(limits::wait(Some(wait))));
        }
        if row.get("reused") {
            return Ok(Self::Reused {
                session_id: row.get("session_id"),
            });
        }
        let salts = row.get::<_, Vec<Option<&[u8]>>>("salts").into_iter();
        Ok(Self::Live {
            session: SessionState::read(row)?,
            salts: salts
                .map(|salt| salt.and_then(Salt::from_slice))
                .collect::<Option<_>>()
                .ok_or(Error::Content("a session's salts"))?,
        })
    }
}
