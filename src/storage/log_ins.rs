//! A log-in as one statement: the nonce spent, the person found or made, the account on its
//! network, the session, its first token and the audit row. All of it or nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Db, Error, columns};
use crate::model::{Address, ChainId, Client};
use crate::token::TokenHash;

/// Everything a log-in writes.
#[derive(Debug)]
pub struct LogIn<'a> {
    /// The proven address.
    pub address: Address,
    /// The chain its message names.
    pub chain_id: ChainId,
    /// SHA-256 of the nonce.
    pub nonce: [u8; 32],
    /// Whether the nonce must be one that the service issued.
    pub nonce_was_issued: bool,
    /// Until when the spent nonce is remembered.
    pub remember_until: OffsetDateTime,
    /// The id of the user, if the address is new.
    pub user_id: Uuid,
    /// The id of the session.
    pub session_id: Uuid,
    /// Its first refresh token.
    pub token: TokenHash,
    /// How long the session may live.
    pub absolute: Duration,
    /// How many sessions the person may have, this one included; the oldest ends for it.
    pub most_sessions: i64,
    /// Where the request came from.
    pub client: &'a Client,
}

/// What became of it.
#[derive(Debug)]
pub enum LoggedIn {
    /// The chain is unknown or switched off; nothing was written.
    ChainNotSupported,
    /// The account is disabled; nothing was written.
    Disabled,
    /// The nonce was spent before, or never issued; nothing was written.
    NonceInvalid,
    /// A session.
    Session {
        /// The person.
        user_id: Uuid,
        /// Roles besides `user`.
        roles: Vec<String>,
        /// Claims that an operator added.
        claims: BTreeMap<String, String>,
        /// When the session ends at the latest.
        ends_at: OffsetDateTime,
    },
}

// The insert into spent_nonces decides: of equal messages at the same moment one gets the row and
// the others wait for it and then get none. Everything after it hangs on its result, so a refused
// log-in leaves the nonce usable. `person` may be somebody else's new row when two first log-ins of
// one address race; its roles are then read by the next refresh.
pub(super) const LOG_IN: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
owner as materialized (
  select w.user_id, u.disabled_at is not null as disabled
  from auth.wallets w
  join auth.users u on u.id = w.user_id
  where w.address = $3 and w.chain = 0
),
allowed as materialized (
  select name
  from public.networks
  where chain_id = $2 and enabled and not exists (select from owner where disabled)
),
issued as (
  delete from auth.issued_nonces n
  using moment, allowed
  where $5 and n.hash = $4 and n.expires_at > moment.now
  returning n.hash
),
spent as (
  insert into auth.spent_nonces (address, hash, expires_at)
  select $3, $4, $6
  from allowed
  where not $5 or exists (select from issued)
  on conflict do nothing
  returning hash
),
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $3, 0, $7, moment.now
  from spent, moment
  where not exists (select from owner)
  on conflict (address, chain) do update set address = excluded.address
  returning user_id
),
made as (
  insert into auth.users (id, created_at)
  select user_id, moment.now
  from claimed, moment
  where user_id = $7
),
person as materialized (
  select user_id from owner, spent
  union all
  select user_id from claimed
),
account as (
  insert into public.accounts (network, address, user_id, created_at, updated_at)
  select allowed.name, $8, person.user_id, moment.now, moment.now
  from allowed, person, moment
  where not exists (select from public.accounts a where a.network = allowed.name and a.address = $8)
  on conflict do nothing
),
session as (
  insert into auth.sessions (id, user_id, flow, address, rotated_at, last_used_at, created_at, ends_at, user_agent, ip)
  select $9, person.user_id, 'siwe', $3, moment.now, moment.now, moment.now,
         moment.now + make_interval(secs => $10), $11, $12
  from person, moment
  returning id, ends_at
),
head as (
  insert into auth.refresh_tokens (hash, session_id, generation)
  select $13, id, 0 from session
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
    offset $15::bigint - 1
  )
  returning s.id, s.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id)
  select moment.now, 'log_in', 'ok', person.user_id, 'user', $9::uuid, $3::bytea, $12::inet, $14
  from person, moment
  union all
  select moment.now, 'end_session', 'cap', capped.user_id, 'user', capped.id, $3, $12, $14
  from capped, moment
)
select
  exists (select from public.networks where chain_id = $2 and enabled) as chain_supported,
  exists (select from owner where disabled) as disabled,
  (select user_id from person) as user_id,
  (select ends_at from session) as ends_at,
  array(select r.role from auth.user_roles r join person p on p.user_id = r.user_id order by r.role) as roles,
  (select coalesce(jsonb_object_agg(c.name, c.value), '{}')
   from auth.custom_claims c join person p on p.user_id = c.user_id) as claims";

impl Db {
    /// Spends the nonce and opens a session, or says which of the two could not be.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; the nonce may then be spent or not, and a retry tells.
    pub async fn log_in(&self, log_in: &LogIn<'_>) -> Result<LoggedIn, Error> {
        let Some(chain) = log_in.chain_id.to_i64() else {
            return Ok(LoggedIn::ChainNotSupported);
        };
        let row = self
            .query_one(
                LOG_IN,
                &[
                    &self.clock_offset(),
                    &chain,
                    &log_in.address.as_bytes().as_slice(),
                    &log_in.nonce.as_slice(),
                    &log_in.nonce_was_issued,
                    &log_in.remember_until,
                    &log_in.user_id,
                    &log_in.address.to_string(),
                    &log_in.session_id,
                    &log_in.absolute.as_secs_f64(),
                    &log_in.client.user_agent,
                    &log_in.client.ip,
                    &log_in.token.as_bytes(),
                    &log_in.client.request_id,
                    &log_in.most_sessions,
                ],
            )
            .await?;
        if !row.get::<_, bool>("chain_supported") {
            return Ok(LoggedIn::ChainNotSupported);
        }
        if row.get("disabled") {
            return Ok(LoggedIn::Disabled);
        }
        let (Some(user_id), Some(ends_at)) = (row.get("user_id"), row.get("ends_at")) else {
            return Ok(LoggedIn::NonceInvalid);
        };
        Ok(LoggedIn::Session {
            user_id,
            ends_at,
            roles: row.get("roles"),
            claims: columns::claims(&row)?,
        })
    }
}
