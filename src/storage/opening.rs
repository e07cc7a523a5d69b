//! How every log-in ends, written once: the oldest session gives way, and the new one gets its row, its
//! first refresh token and its line in the audit log. A statement of a log-in says only who comes in.

use std::time::Duration;

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Db, Error, columns};
use crate::config::Lifetime;
use crate::model::{Address, ChainId, Client, Flow};
use crate::token::TokenHash;

use std::collections::BTreeMap;

/// The session that a log-in opens.
#[derive(Debug)]
pub struct Opening {
    /// How the person comes in.
    pub flow: Flow,
    /// The id of the session.
    pub session_id: Uuid,
    /// Its first refresh token.
    pub token: TokenHash,
    /// How long it and its tokens live.
    pub lifetime: Lifetime,
    /// How many sessions the person may have, this one included; the oldest ends for it.
    pub most_sessions: i64,
    /// Where the request came from.
    pub client: Client,
}

/// A session, with what its account may do: all that its next tokens are made of.
#[derive(Clone, Debug)]
pub struct SessionState {
    /// The session.
    pub session_id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// The wallet that signed in, where one did.
    pub address: Option<Address>,
    /// The chain of that wallet, where it is a contract.
    pub contract_on: Option<ChainId>,
    /// Whether it is time to look if that contract is still there.
    pub wants_look: bool,
    /// Roles besides `user`.
    pub roles: Vec<String>,
    /// Claims that an operator added.
    pub claims: BTreeMap<String, String>,
    /// How long its access tokens live.
    pub access: Duration,
    /// How long it lives unless it is used.
    pub idle: Duration,
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it ends at the latest.
    pub ends_at: OffsetDateTime,
}

/// The moment that a statement judges by: `moment (now)`. Takes the clock's offset as `$1`.
macro_rules! moment {
    () => {
        "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
)"
    };
}

/// The time right now, later than [`moment`] once a statement has waited. What compares a row's time with the clock after
/// the wait for that row takes this: the row may have been written after `moment` was read.
macro_rules! clock {
    () => {
        "(clock_timestamp() + make_interval(secs => $1))"
    };
}

/// The end of a log-in. Stands behind [`moment`] and a
/// `person (user_id, address, wallet_chain, is_deployed)` of at most one row; takes
/// `$2` to `$11` as [`Opening::values`] gives them; leaves `session`, and whatever the statement selects.
///
/// Whoever wrote `person` decides: without a row nothing happens.
macro_rules! open_session {
    () => {
        ",
session as (
  insert into auth.sessions
    (id, user_id, flow, address, wallet_chain, checked_at, rotated_at, last_used_at, created_at, ends_at, access_ttl,
     refresh_ttl, user_agent, ip)
  select $2::uuid, person.user_id, $3::text, person.address, person.wallet_chain,
         case when person.is_deployed then moment.now end,
         moment.now, moment.now, moment.now, moment.now + make_interval(secs => $7), make_interval(secs => $5),
         make_interval(secs => $6), $9::text, $10::inet
  from person, moment
  returning id, user_id, address, wallet_chain, checked_at, access_ttl, refresh_ttl, created_at, ends_at
),
head as (
  insert into auth.refresh_tokens (hash, session_id, generation)
  select $4::bytea, id, 0 from session
),
capped as (
  update auth.sessions s
  set ended_at = moment.now, reason = 'cap', salt = null
  from moment
  where s.ended_at is null and s.id in (
    select o.id
    from auth.sessions o
    join person p on p.user_id = o.user_id
    where o.ended_at is null and o.ends_at > (select now from moment)
    order by o.created_at desc
    offset $8::bigint - 1
  )
  returning s.id, s.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id, detail)
  select moment.now, 'log_in', 'ok', session.user_id, 'user', session.id, session.address, $10::inet, $11::text,
         jsonb_strip_nulls(jsonb_build_object('flow', $3::text, 'contract_on', nullif(session.wallet_chain, 0)))
  from session, moment
  union all
  select moment.now, 'end_session', 'cap', capped.user_id, 'user', capped.id, person.address, $10::inet, $11::text, '{}'
  from capped, person, moment
)"
    };
}

/// The columns of a [`SessionState`], of the row that `$from` names. Takes the clock's offset as `$1`.
macro_rules! session_state {
    ($from:literal) => {
        concat!(
            $from,
            ".id as session_id, ",
            $from,
            ".user_id, ",
            $from,
            ".address, ",
            $from,
            ".wallet_chain, coalesce(",
            $from,
            ".checked_at + interval '1 hour' <= clock_timestamp() + make_interval(secs => $1), false) as wants_look, ",
            $from,
            ".created_at, ",
            $from,
            ".ends_at, extract(epoch from ",
            $from,
            ".access_ttl)::double precision as access, extract(epoch from ",
            $from,
            ".refresh_ttl)::double precision as idle,
  array(select r.role from auth.user_roles r where r.user_id = ",
            $from,
            ".user_id order by r.role) as roles,
  (select coalesce(jsonb_object_agg(c.name, c.value), '{}')
   from auth.custom_claims c where c.user_id = ",
            $from,
            ".user_id) as claims"
        )
    };
}

pub(super) use {clock, moment, open_session, session_state};

/// The values of `$1` to `$11`, in a form that the driver takes.
pub(super) struct Values<'a> {
    offset: f64,
    session_id: Uuid,
    flow: &'static str,
    token: &'a [u8],
    access: f64,
    idle: f64,
    absolute: f64,
    most_sessions: i64,
    client: &'a Client,
}

impl Opening {
    pub(super) fn values(&self, db: &Db) -> Values<'_> {
        Values {
            offset: db.clock_offset(),
            session_id: self.session_id,
            flow: self.flow.as_str(),
            token: self.token.as_bytes(),
            access: self.lifetime.access.as_secs_f64(),
            idle: self.lifetime.idle.as_secs_f64(),
            absolute: self.lifetime.absolute.as_secs_f64(),
            most_sessions: self.most_sessions,
            client: &self.client,
        }
    }
}

impl<'a> Values<'a> {
    /// These, and what the statement itself takes from `$12` on.
    pub(super) fn and<'b>(&'b self, own: &[&'b (dyn ToSql + Sync)]) -> Vec<&'b (dyn ToSql + Sync)>
    where
        'a: 'b,
    {
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![
            &self.offset,
            &self.session_id,
            &self.flow,
            &self.token,
            &self.access,
            &self.idle,
            &self.absolute,
            &self.most_sessions,
            &self.client.user_agent,
            &self.client.ip,
            &self.client.request_id,
        ];
        values.extend_from_slice(own);
        values
    }
}

impl SessionState {
    /// The externally owned account that signed in, if one did. A contract at the same address is somebody else.
    pub fn key_address(&self) -> Option<Address> {
        self.address.filter(|_| self.contract_on.is_none())
    }

    /// Reads the columns of [`session_state`].
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            session_id: row.get("session_id"),
            user_id: row.get("user_id"),
            address: columns::address(row)?,
            contract_on: columns::contract_on(row)?,
            wants_look: row.get("wants_look"),
            roles: row.get("roles"),
            claims: columns::claims(row)?,
            access: Duration::try_from_secs_f64(row.get("access"))
                .map_err(|_| Error::Content("a session's access_ttl"))?,
            idle: Duration::try_from_secs_f64(row.get("idle"))
                .map_err(|_| Error::Content("a session's refresh_ttl"))?,
            created_at: row.get("created_at"),
            ends_at: row.get("ends_at"),
        })
    }
}
