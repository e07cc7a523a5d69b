//! A token that an operator mints: who it is for, and the audit row that says so, as one statement.
//!
//! The row is written before the token is signed: a token without a row must not exist, a row
//! without a token may.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Db, Error, columns};
use crate::model::{Address, Flow};

/// A token to mint.
#[derive(Debug)]
pub struct Mint<'a> {
    /// For whom.
    pub user_id: Uuid,
    /// The one role that it may act as.
    pub role: &'a str,
    /// The session it is to belong to, if any.
    pub session_id: Option<Uuid>,
    /// Its `jti`.
    pub token_id: Uuid,
    /// Its `exp`.
    pub expires_at: OffsetDateTime,
    /// Externally owned accounts that are admins by configuration.
    pub admins: Vec<Address>,
}

/// Whether it may be.
#[derive(Debug)]
pub enum Minting {
    /// There is no such user.
    UnknownUser,
    /// The user is disabled.
    Disabled,
    /// The user has other roles.
    RoleNotHeld(Vec<String>),
    /// The session is not the user's, or has ended.
    SessionNotLive,
    /// The role is `admin`, which no token of a session of this flow carries.
    NotInFlow(String),
    /// It may, and the audit log says so.
    Noted {
        /// The wallet of the session, where there is one.
        address: Option<Address>,
        /// When the session ends, where there is one.
        session_ends: Option<OffsetDateTime>,
        /// Claims that an operator added.
        claims: BTreeMap<String, String>,
    },
}

pub(super) const MINT: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
holder as materialized (
  select u.id, u.disabled_at is not null as disabled,
    array(
      select 'user'
      union
      select r.role from auth.user_roles r where r.user_id = u.id
      union
      select 'admin' from auth.wallets w where w.user_id = u.id and w.chain = 0 and w.address = any($5)
    ) as roles,
    (select coalesce(jsonb_object_agg(c.name, c.value), '{}')
     from auth.custom_claims c where c.user_id = u.id) as claims,
    s.id as session_id, s.ends_at, s.address, s.flow
  from auth.users u
  cross join moment
  left join auth.sessions s
    on s.id = $4 and s.user_id = u.id and s.ended_at is null and s.ends_at > now
  where u.id = $2
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, detail)
  select now, 'mint_token', 'ok', id, 'operator', session_id,
    jsonb_build_object('role', $3::text, 'jti', $6::uuid, 'exp', $7::timestamptz)
  from holder, moment
  where not disabled and $3 = any(roles) and ($4::uuid is null or session_id is not null)
    and ($3 <> 'admin' or flow is null or flow = any($8))
  returning id
)
select disabled, roles, claims, session_id, ends_at, address, flow, exists (select from noted) as noted
from holder";

impl Db {
    /// Notes that a token is minted, if it may be.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; nothing is to be signed then.
    pub async fn note_mint(&self, mint: &Mint<'_>) -> Result<Minting, Error> {
        let admins: Vec<&[u8]> = mint
            .admins
            .iter()
            .map(|address| address.as_bytes().as_slice())
            .collect();
        let admin_flows: Vec<&str> = Flow::ALL
            .into_iter()
            .filter(|flow| flow.may_carry_admin())
            .map(Flow::as_str)
            .collect();
        let row = self
            .query_opt(
                MINT,
                &[
                    &self.clock_offset(),
                    &mint.user_id,
                    &mint.role,
                    &mint.session_id,
                    &admins,
                    &mint.token_id,
                    &mint.expires_at,
                    &admin_flows,
                ],
            )
            .await?;
        let Some(row) = row else {
            return Ok(Minting::UnknownUser);
        };
        if row.get("disabled") {
            return Ok(Minting::Disabled);
        }
        let roles: Vec<String> = row.get("roles");
        if !roles.iter().any(|role| role == mint.role) {
            return Ok(Minting::RoleNotHeld(roles));
        }
        if !row.get::<_, bool>("noted") {
            return match row.get::<_, Option<Uuid>>("session_id") {
                None => Ok(Minting::SessionNotLive),
                Some(_) => Ok(Minting::NotInFlow(row.get("flow"))),
            };
        }
        Ok(Minting::Noted {
            address: columns::address(&row)?,
            session_ends: row.get("ends_at"),
            claims: columns::claims(&row)?,
        })
    }
}
