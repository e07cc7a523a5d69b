//! The chains that accounts live on, and which of them may sign in.

use serde::Serialize;

use super::{Db, Error};
use crate::model::NetworkName;

/// A network.
#[derive(Debug, Serialize)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its EIP-155 chain id.
    pub chain_id: i64,
    /// Whether a message that names its chain may sign in.
    pub enabled: bool,
}

pub(super) const LIST: &str = "select name, chain_id, enabled from public.networks order by chain_id";

pub(super) const ADD: &str = "
with added as (
  insert into public.networks (name, chain_id)
  values ($2, $3)
  on conflict do nothing
  returning name, chain_id
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select clock_timestamp() + make_interval(secs => $1), 'add_network', 'ok', 'operator',
         jsonb_build_object('network', name, 'chain_id', chain_id)
  from added
)
select exists (select from added) as changed";

pub(super) const SWITCH: &str = "
with switched as (
  update public.networks
  set enabled = $3
  where name = $2 and enabled <> $3
  returning name
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select clock_timestamp() + make_interval(secs => $1),
         case when $3 then 'enable_network' else 'disable_network' end, 'ok', 'operator',
         jsonb_build_object('network', name)
  from switched
)
select exists (select from switched) as changed, exists (select from public.networks where name = $2) as known";

impl Db {
    /// Every network, by chain id.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn networks(&self) -> Result<Vec<Network>, Error> {
        let rows = self.query(LIST, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| Network {
                name: row.get("name"),
                chain_id: row.get("chain_id"),
                enabled: row.get("enabled"),
            })
            .collect())
    }

    /// Adds a network, enabled. False when its name or its chain id is taken.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn add_network(&self, name: &NetworkName, chain_id: i64) -> Result<bool, Error> {
        let row = self
            .query_one(ADD, &[&self.clock_offset(), &name.as_str(), &chain_id])
            .await?;
        Ok(row.get("changed"))
    }

    /// Opens or closes a network for log-ins. `None` when there is none of that name, and false when
    /// it was so already.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn switch_network(&self, name: &NetworkName, enabled: bool) -> Result<Option<bool>, Error> {
        let row = self
            .query_one(SWITCH, &[&self.clock_offset(), &name.as_str(), &enabled])
            .await?;
        Ok(row.get::<_, bool>("known").then(|| row.get("changed")))
    }
}
