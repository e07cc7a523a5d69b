//! What is known of people, for operators to look at. It only reads, and no secret is among it.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::{Db, Error, columns};
use crate::model::{Address, Whose};

/// A person, in full.
#[derive(Debug, Serialize)]
pub struct User {
    /// The user id.
    pub user_id: Uuid,
    /// Since when the person is known.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when it is disabled, if it is.
    #[serde(with = "rfc3339::option")]
    pub disabled_at: Option<OffsetDateTime>,
    /// What it signs in with beside a password: an e-mail address, a username.
    pub logins: Vec<String>,
    /// Roles besides `user` that were granted.
    pub roles: Vec<String>,
    /// Claims that an operator added.
    pub claims: BTreeMap<String, String>,
}

/// A wallet of a person.
#[derive(Debug, Serialize)]
pub struct Wallet {
    /// Its address.
    pub address: Address,
    /// Its chain; 0 for an externally owned account.
    pub chain: i64,
    /// Since when it is known.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
}

/// An account of a person on one network.
#[derive(Debug, Serialize)]
pub struct Account {
    /// The network.
    pub network: String,
    /// The address, in checksum form.
    pub address: String,
    /// The name that its owner gave it.
    pub name: Option<String>,
    /// When it came into being.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// A session that is not over.
#[derive(Debug, Serialize)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// How it was opened.
    pub flow: String,
    /// When it was opened.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last restored.
    #[serde(with = "rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// When it ends unless it is used.
    #[serde(with = "rfc3339")]
    pub ends_at: OffsetDateTime,
    /// The client's address at the log-in, where it is known.
    pub ip: Option<String>,
    /// The client's own description at the log-in, where it is known.
    pub user_agent: Option<String>,
}

pub(super) const FIND: &str = "
select u.id, u.created_at, u.disabled_at,
  coalesce((select array_remove(array[c.email, c.username], null) from auth.credentials c where c.user_id = u.id), '{}') as logins,
  array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
  (select coalesce(jsonb_object_agg(c.name, c.value), '{}') from auth.custom_claims c where c.user_id = u.id) as claims
from auth.users u
where u.id = $3 or u.id = (select w.user_id from auth.wallets w where w.address = $1 and w.chain = $2)";

pub(super) const WALLETS: &str = "
select address, chain, created_at
from auth.wallets
where user_id = $1
order by chain, address";

pub(super) const ACCOUNTS: &str = "
select a.network, a.address, a.name, a.created_at, a.updated_at
from public.accounts a
join public.networks n on n.name = a.network
where a.user_id = $1
order by n.chain_id, a.address";

pub(super) const SESSIONS: &str = "
select id, flow, created_at, last_used_at, host(ip) as ip, user_agent,
  least(ends_at, last_used_at + idle) as ends_at
from auth.sessions
where user_id = $2 and ended_at is null
  and least(ends_at, last_used_at + idle) > clock_timestamp() + make_interval(secs => $1)
order by last_used_at desc";

impl Db {
    /// A person. `None` when there is no such account.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn find_user(&self, whose: &Whose) -> Result<Option<User>, Error> {
        let address = whose.address().map(|address| address.as_bytes().as_slice());
        let row = self
            .query_opt(FIND, &[&address, &whose.chain(), &whose.user_id()])
            .await?;
        row.map(|row| {
            Ok(User {
                user_id: row.get("id"),
                created_at: row.get("created_at"),
                disabled_at: row.get("disabled_at"),
                logins: row.get("logins"),
                roles: row.get("roles"),
                claims: columns::claims(&row)?,
            })
        })
        .transpose()
    }

    /// A person's wallets.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn wallets(&self, user_id: Uuid) -> Result<Vec<Wallet>, Error> {
        let rows = self.query(WALLETS, &[&user_id]).await?;
        rows.iter()
            .map(|row| {
                Ok(Wallet {
                    address: address(row.get("address"))?,
                    chain: row.get("chain"),
                    created_at: row.get("created_at"),
                })
            })
            .collect()
    }

    /// A person's accounts on the networks.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn accounts(&self, user_id: Uuid) -> Result<Vec<Account>, Error> {
        let rows = self.query(ACCOUNTS, &[&user_id]).await?;
        Ok(rows
            .iter()
            .map(|row| Account {
                network: row.get("network"),
                address: row.get("address"),
                name: row.get("name"),
                created_at: row.get("created_at"),
                updated_at: row.get("updated_at"),
            })
            .collect())
    }

    /// A person's sessions that are not over, the last used first.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn live_sessions(&self, user_id: Uuid) -> Result<Vec<Session>, Error> {
        let rows = self.query(SESSIONS, &[&self.clock_offset(), &user_id]).await?;
        Ok(rows
            .iter()
            .map(|row| Session {
                id: row.get("id"),
                flow: row.get("flow"),
                created_at: row.get("created_at"),
                last_used_at: row.get("last_used_at"),
                ends_at: row.get("ends_at"),
                ip: row.get("ip"),
                user_agent: row.get("user_agent"),
            })
            .collect())
    }
}

/// An address column.
pub(super) fn address(bytes: &[u8]) -> Result<Address, Error> {
    let bytes = bytes.try_into().map_err(|_| Error::Content("an address"))?;
    Ok(Address::from_bytes(bytes))
}
