//! Account rows, which Hasura shows to everybody.

use uuid::Uuid;

use super::{Db, Error};
use crate::model::{AccountName, Address, Client};

/// A name for one address on several networks.
#[derive(Debug)]
pub struct NewName<'a> {
    /// Which address.
    pub address: Address,
    /// Where.
    pub networks: &'a [String],
    /// The name.
    pub name: &'a AccountName,
    /// The person who asks, where there is one.
    pub by: Option<Uuid>,
    /// Whether rows of other people may be changed.
    pub any: bool,
    /// Where the request came from.
    pub client: &'a Client,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Renamed {
    /// These networks are not known; nothing was changed.
    UnknownNetworks(Vec<String>),
    /// The person does not exist any more, or is disabled; nothing was changed.
    Disabled,
    /// The address belongs to somebody else or to nobody; nothing was changed.
    NotOwned,
    /// The networks on which an account was there and has the name now, in no order.
    In(Vec<String>),
}

pub(super) const RENAME: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
unknown as materialized (
  select asked.network
  from unnest($4::text[]) as asked (network)
  where not exists (select from public.networks n where n.name = asked.network)
),
person as materialized (
  select u.id
  from auth.users u
  where u.id = $6 and u.disabled_at is null
  -- Held until the row of the audit log is there: whoever deletes the account comes before this or after it.
  for key share
),
caller as materialized (
  select
    $6::uuid is null or exists (select from person) as live,
    $7 or exists (select from auth.wallets w where w.address = $2 and w.user_id = $6) as owner
),
renamed as (
  update public.accounts a
  set name = $5, updated_at = moment.now
  from moment, caller
  where caller.live and caller.owner
    and not exists (select from unknown)
    and a.network = any ($4) and a.address = $3
    and ($7 or a.user_id = $6)
  returning a.network
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, request_id, detail)
  select moment.now, 'update_account', 'ok', $6,
         case when $6 is null then 'admin-secret' when $7 then 'admin' else 'user' end,
         $2, $8, jsonb_build_object('networks', (select coalesce(jsonb_agg(network), '[]') from renamed))
  from moment, caller
  where caller.live and caller.owner and not exists (select from unknown)
)
select live, owner,
  array(select network from unknown order by network) as unknown,
  array(select network from renamed) as renamed
from caller";

impl Db {
    /// Names the accounts of one address, all of them or none.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn rename(&self, new: &NewName<'_>) -> Result<Renamed, Error> {
        let row = self
            .query_one(
                RENAME,
                &[
                    &self.clock_offset(),
                    &new.address.as_bytes().as_slice(),
                    &new.address.to_string(),
                    &new.networks,
                    &new.name.as_str(),
                    &new.by,
                    &new.any,
                    &new.client.request_id,
                ],
            )
            .await?;
        if !row.get::<_, bool>("live") {
            return Ok(Renamed::Disabled);
        }
        let unknown: Vec<String> = row.get("unknown");
        if !unknown.is_empty() {
            return Ok(Renamed::UnknownNetworks(unknown));
        }
        if !row.get::<_, bool>("owner") {
            return Ok(Renamed::NotOwned);
        }
        Ok(Renamed::In(row.get("renamed")))
    }
}
