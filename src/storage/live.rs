//! What a token may do right now: one row by its session's id, or nothing if that has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::{Db, Error, columns};
use crate::model::{Address, ChainId, Flow};

/// A session that lives, with what its account may do.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The person.
    pub user_id: Uuid,
    /// How the session was opened; `None` for a flow that this program does not know, such as one of a later release.
    pub flow: Option<Flow>,
    /// The wallet that signed in, where one did.
    pub address: Option<Address>,
    /// Its address as ERC-55 prints it: once, because every request of the session is told.
    pub address_text: Option<String>,
    /// The chain of that wallet, where it is a contract.
    pub contract_on: Option<ChainId>,
    /// Roles besides `user`.
    pub roles: Vec<String>,
    /// Claims that an operator added.
    pub claims: BTreeMap<String, String>,
    /// For how long it lives on if nothing happens.
    pub lives_for: Duration,
}

pub(super) const FIND: &str = "
select s.user_id, s.flow, s.address, s.wallet_chain,
  array(select r.role from auth.user_roles r where r.user_id = s.user_id order by r.role) as roles,
  (select coalesce(jsonb_object_agg(c.name, c.value), '{}')
   from auth.custom_claims c where c.user_id = s.user_id) as claims,
  extract(epoch from least(s.ends_at, s.last_used_at + s.idle)
    - clock_timestamp() - make_interval(secs => $1))::double precision as lives_for
from auth.sessions s
join auth.users u on u.id = s.user_id
where s.id = $2 and s.ended_at is null and u.disabled_at is null";

impl LiveSession {
    /// The externally owned account that signed in, if one did. A contract at the same address is somebody else.
    pub fn key_address(&self) -> Option<Address> {
        self.address.filter(|_| self.contract_on.is_none())
    }
}

impl Db {
    /// The session, if it lives and its account is not disabled.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn live_session(&self, id: Uuid) -> Result<Option<LiveSession>, Error> {
        let row = self.query_opt(FIND, &[&self.clock_offset(), &id]).await?;
        let Some(row) = row else { return Ok(None) };
        // A negative or absurd number of seconds is no duration: the session is over.
        let Ok(lives_for) = Duration::try_from_secs_f64(row.get("lives_for")) else {
            return Ok(None);
        };
        if lives_for.is_zero() {
            return Ok(None);
        }
        let address = columns::address(&row)?;
        Ok(Some(LiveSession {
            user_id: row.get("user_id"),
            flow: row.get::<_, &str>("flow").parse().ok(),
            address,
            address_text: address.map(|address| address.to_string()),
            contract_on: columns::contract_on(&row)?,
            roles: row.get("roles"),
            claims: columns::claims(&row)?,
            lives_for,
        }))
    }
}
