//! Roles that an operator grants. No request of a client reaches this file.

use tokio_postgres::Row;
use uuid::Uuid;

use super::whose::named_person;
use super::{Db, Error};
use crate::model::{RoleName, Whose};

/// A role for an account.
#[derive(Debug)]
pub struct RoleChange<'a> {
    /// Whose.
    pub whose: &'a Whose,
    /// Which.
    pub role: &'a RoleName,
    /// The id of the user, if the address has none yet.
    pub user_id: Uuid,
}

/// What became of a change to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// There is no such account; nothing was written.
    NoAccount,
    /// There is no such role; nothing was written.
    NoRole,
    /// It was so already; nothing was written.
    Already,
    /// It is so now.
    Now,
    /// It is so now, and the address is new here.
    NowAndNew,
}

impl Changed {
    /// Reads `found`, `changed` and `new`.
    pub(super) fn from_row(row: &Row) -> Self {
        match (row.get("found"), row.get("changed"), row.get("new")) {
            (false, _, _) => Self::NoAccount,
            (true, false, _) => Self::Already,
            (true, true, false) => Self::Now,
            (true, true, true) => Self::NowAndNew,
        }
    }
}

// The lock keeps the role from being removed before the grant is there.
pub(super) const GRANT: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
known as materialized (
  select name from auth.roles where name = $6 for key share
),
found as materialized (
  select user_id from auth.wallets where address = $2 and chain = $3
  union all
  select id from auth.users where id = $4
),
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $2, $3, $5, moment.now
  from known, moment
  where $2 is not null and not exists (select from found)
  on conflict (address, chain) do update set created_at = wallets.created_at
  returning user_id
),
made as (
  insert into auth.users (id, created_at)
  select user_id, moment.now
  from claimed, moment
  where user_id = $5
  returning id
),
person as materialized (
  select user_id from found
  union all
  select user_id from claimed
),
granted as (
  insert into auth.user_roles (user_id, role, granted_at)
  select person.user_id, known.name, moment.now
  from person, known, moment
  on conflict do nothing
  returning user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select moment.now, 'grant_role', 'ok', user_id, 'operator', $2, jsonb_build_object('role', $6::text)
  from granted, moment
)
select exists (select from known) as role_known,
  exists (select from person) as found,
  exists (select from granted) as changed,
  exists (select from made) as new";

pub(super) const REVOKE: &str = concat!(
    named_person!(),
    ",
revoked as (
  delete from auth.user_roles r
  using person
  where r.user_id = person.user_id and r.role = $5
  returning r.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select moment.now, 'revoke_role', 'ok', user_id, 'operator', $2, jsonb_build_object('role', $5::text)
  from revoked, moment
)
select exists (select from auth.roles where name = $5) as role_known,
  exists (select from person) as found,
  exists (select from revoked) as changed,
  false as new"
);

impl Db {
    /// Grants a role; the user comes into being where the address never signed in.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn grant_role(&self, change: &RoleChange<'_>) -> Result<Changed, Error> {
        let row = self
            .query_one(
                GRANT,
                &[
                    &self.clock_offset(),
                    &change
                        .whose
                        .address()
                        .map(|address| address.as_bytes().as_slice()),
                    &change.whose.chain(),
                    &change.whose.user_id(),
                    &change.user_id,
                    &change.role.as_str(),
                ],
            )
            .await?;
        if row.get::<_, bool>("role_known") {
            Ok(Changed::from_row(&row))
        } else {
            Ok(Changed::NoRole)
        }
    }

    /// Takes a role away. Tokens that carry it live on until they expire.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn revoke_role(&self, whose: &Whose, role: &RoleName) -> Result<Changed, Error> {
        let row = self
            .query_one(
                REVOKE,
                &[
                    &self.clock_offset(),
                    &whose.address().map(|address| address.as_bytes().as_slice()),
                    &whose.chain(),
                    &whose.user_id(),
                    &role.as_str(),
                ],
            )
            .await?;
        if row.get::<_, bool>("role_known") {
            Ok(Changed::from_row(&row))
        } else {
            Ok(Changed::NoRole)
        }
    }
}
