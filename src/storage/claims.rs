//! Claims that an operator adds to the tokens of an account.

use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::whose::named_person;
use super::{Changed, Db, Error};
use crate::model::{ClaimName, ClaimValue, Whose};

/// A claim for an account.
#[derive(Debug)]
pub struct NewClaim<'a> {
    /// Whose.
    pub whose: &'a Whose,
    /// Its name.
    pub name: &'a ClaimName,
    /// Its value.
    pub value: &'a ClaimValue,
    /// The id of the user, if the address has none yet.
    pub user_id: Uuid,
}

pub(super) const SET: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
found as materialized (
  select user_id from auth.wallets where address = $2 and chain = $3
  union all
  select id from auth.users where id = $4
),
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $2, $3, $5, moment.now
  from moment
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
written as (
  insert into auth.custom_claims as c (user_id, name, value)
  select user_id, $6, $7
  from person
  on conflict (user_id, name) do update set value = excluded.value where c.value <> excluded.value
  returning user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select moment.now, 'set_claim', 'ok', user_id, 'operator', $2,
         jsonb_build_object('name', $6::text, 'value', $7::text)
  from written, moment
)
select exists (select from person) as found,
  exists (select from written) as changed,
  exists (select from made) as new";

pub(super) const REMOVE: &str = concat!(
    named_person!(),
    ",
removed as (
  delete from auth.custom_claims c
  using person
  where c.user_id = person.user_id and c.name = $5
  returning c.user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, detail)
  select moment.now, 'remove_claim', 'ok', user_id, 'operator', $2, jsonb_build_object('name', $5::text)
  from removed, moment
)
select exists (select from person) as found, exists (select from removed) as changed, false as new"
);

/// Claims with control characters in their values, from before the database refused them.
#[derive(Clone, Debug)]
pub struct UnsendableClaims {
    /// How many there are.
    pub count: i64,
    /// Some of them: the user's id and the claim's name.
    pub some: Vec<(Uuid, String)>,
}

// The text of the check in migrations/0018_claim_values.sql.
pub(super) const UNSENDABLE: &str = r"
select user_id, name, count(*) over () as count
from auth.custom_claims
where value ~ '[\u0001-\u001f\u007f-\u009f]'
order by user_id, name
limit 3";

impl UnsendableClaims {
    fn of(rows: &[Row]) -> Self {
        Self {
            count: rows.first().map_or(0, |row| row.get("count")),
            some: rows
                .iter()
                .map(|row| (row.get("user_id"), row.get("name")))
                .collect(),
        }
    }
}

/// What [`Db::unsendable_claims`] says, over a connection that a migration has.
///
/// # Errors
/// [`Error`] when the database gave no answer.
pub async fn unsendable_claims(client: &Client) -> Result<UnsendableClaims, Error> {
    Ok(UnsendableClaims::of(&client.query(UNSENDABLE, &[]).await?))
}

impl Db {
    /// What an operator has to set again.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn unsendable_claims(&self) -> Result<UnsendableClaims, Error> {
        Ok(UnsendableClaims::of(&self.query(UNSENDABLE, &[]).await?))
    }

    /// Sets a claim; the user comes into being where the address never signed in.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn set_claim(&self, claim: &NewClaim<'_>) -> Result<Changed, Error> {
        let row = self
            .query_one(
                SET,
                &[
                    &self.clock_offset(),
                    &claim.whose.address().map(|address| address.as_bytes().as_slice()),
                    &claim.whose.chain(),
                    &claim.whose.user_id(),
                    &claim.user_id,
                    &claim.name.as_str(),
                    &claim.value.as_str(),
                ],
            )
            .await?;
        Ok(Changed::from_row(&row))
    }

    /// Removes a claim.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn remove_claim(&self, whose: &Whose, name: &ClaimName) -> Result<Changed, Error> {
        let row = self
            .query_one(
                REMOVE,
                &[
                    &self.clock_offset(),
                    &whose.address().map(|address| address.as_bytes().as_slice()),
                    &whose.chain(),
                    &whose.user_id(),
                    &name.as_str(),
                ],
            )
            .await?;
        Ok(Changed::from_row(&row))
    }
}
