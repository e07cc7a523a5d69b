//! The roles that there are. Who holds one is the business of `user_roles`.

use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;

use super::{Db, Error};
use crate::model::RoleName;

/// A role that can be granted.
#[derive(Debug, Serialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Accounts to which it is granted.
    pub holders: i64,
    /// Since when it is there.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// What became of a role that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Now,
    /// There was none.
    Unknown,
    /// Somebody holds it, so it stays.
    Held,
}

pub(super) const LIST: &str = "
select r.name, r.created_at, coalesce(held.holders, 0) as holders
from auth.roles r
left join (select role, count(*) as holders from auth.user_roles group by role) as held on held.role = r.name
order by r.name";

/// What became of a role that was to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there from now on.
    Now,
    /// It was there.
    Already,
    /// There is a role whose name differs in letter case alone.
    Beside(String),
}

// `user` and `guest` have no row.
pub(super) const ADD: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
beside as materialized (
  select name
  from (select name from auth.roles union all values ('user'), ('guest')) as known
  where lower(name) = lower($2) and name <> $2
  order by name
  limit 1
),
added as (
  insert into auth.roles (name, created_at)
  select $2, now from moment
  where not exists (select from beside)
  on conflict do nothing
  returning name
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select moment.now, 'add_role', 'ok', 'operator', jsonb_build_object('role', name)
  from added, moment
)
select exists (select from added) as changed,
  exists (select from auth.roles where name = $2) as known,
  (select name from beside) as beside";

// A grant that is under way holds the role's row. It is waited for, and then the foreign key refuses.
pub(super) const REMOVE: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
removed as (
  delete from auth.roles r
  where r.name = $2 and not exists (select from auth.user_roles h where h.role = r.name)
  returning r.name
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select moment.now, 'remove_role', 'ok', 'operator', jsonb_build_object('role', name)
  from removed, moment
)
select exists (select from removed) as changed, exists (select from auth.roles where name = $2) as known";

impl Db {
    /// Every role, by name.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn roles(&self) -> Result<Vec<Role>, Error> {
        let rows = self.query(LIST, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| Role {
                name: row.get("name"),
                holders: row.get("holders"),
                created_at: row.get("created_at"),
            })
            .collect())
    }

    /// Adds a role, unless there is one of that name in any letter case.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn add_role(&self, role: &RoleName) -> Result<Added, Error> {
        let row = self
            .query_one(ADD, &[&self.clock_offset(), &role.as_str()])
            .await?;
        Ok(match row.get::<_, Option<String>>("beside") {
            _ if row.get("changed") => Added::Now,
            // Two such roles may be there from before this was asked.
            Some(other) if !row.get::<_, bool>("known") => Added::Beside(other),
            _ => Added::Already,
        })
    }

    /// Removes a role that nobody holds.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn remove_role(&self, role: &RoleName) -> Result<Removed, Error> {
        match self
            .query_one(REMOVE, &[&self.clock_offset(), &role.as_str()])
            .await
        {
            Ok(row) if row.get("changed") => Ok(Removed::Now),
            Ok(row) if row.get("known") => Ok(Removed::Held),
            Ok(_) => Ok(Removed::Unknown),
            Err(Error::Postgres(error)) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
                Ok(Removed::Held)
            }
            Err(error) => Err(error),
        }
    }
}
