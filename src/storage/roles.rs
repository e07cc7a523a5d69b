//! Roles that an operator grants. No request of a client reaches this file.

use uuid::Uuid;

use super::{Db, Error};
use crate::model::Address;

/// A role for the externally owned account of an address.
#[derive(Debug)]
pub struct RoleChange<'a> {
    /// Whose.
    pub address: Address,
    /// Which.
    pub role: &'a str,
    /// The id of the user, if the address has none yet.
    pub user_id: Uuid,
}

/// What a change of roles changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// It is so now.
    Changed,
    /// It was so already.
    Already,
}

pub(super) const GRANT: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $2, 0, $3, now from moment
  on conflict (address, chain) do update set address = excluded.address
  returning user_id
),
made as (
  insert into auth.users (id, created_at)
  select user_id, now from claimed, moment where user_id = $3
),
granted as (
  insert into auth.user_roles (user_id, role, granted_at)
  select user_id, $4, now from claimed, moment
  on conflict do nothing
  returning user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select now, 'grant_role', 'ok', user_id, 'operator', $2, jsonb_build_object('role', $4::text)
  from granted, moment
)
select exists (select from granted) as changed";

pub(super) const REVOKE: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
revoked as (
  delete from auth.user_roles r
  using auth.wallets w
  where w.address = $2 and w.chain = 0 and r.user_id = w.user_id and r.role = $3
  returning r.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select now, 'revoke_role', 'ok', user_id, 'operator', $2, jsonb_build_object('role', $3::text)
  from revoked, moment
)
select exists (select from revoked) as changed";

impl Db {
    /// Grants a role; the user comes into being where the address never signed in.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn grant_role(&self, change: &RoleChange<'_>) -> Result<Granted, Error> {
        let row = self
            .query_one(
                GRANT,
                &[
                    &self.clock_offset(),
                    &change.address.as_bytes().as_slice(),
                    &change.user_id,
                    &change.role,
                ],
            )
            .await?;
        Ok(if row.get("changed") {
            Granted::Changed
        } else {
            Granted::Already
        })
    }

    /// Takes a role away. Tokens that carry it live on until they expire.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn revoke_role(&self, address: Address, role: &str) -> Result<Granted, Error> {
        let row = self
            .query_one(
                REVOKE,
                &[&self.clock_offset(), &address.as_bytes().as_slice(), &role],
            )
            .await?;
        Ok(if row.get("changed") {
            Granted::Changed
        } else {
            Granted::Already
        })
    }
}
