//! Lists of people, for operators: page by page, and narrowed by what an operator knows of a person. It only reads.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Db, Error};
use crate::model::{Address, Email, RoleName, Username};

/// Which people are listed; what is absent is not asked.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Behind this user id.
    pub after: Option<Uuid>,
    /// With a wallet of this address, on any chain.
    pub address: Option<Address>,
    /// Who sign in with this e-mail address.
    pub email: Option<Email>,
    /// Who sign in with this username.
    pub username: Option<Username>,
    /// With this text in a name, in any letter case.
    pub name: Option<String>,
    /// To whom this role is granted.
    pub role: Option<RoleName>,
    /// Only those who are disabled.
    pub is_disabled: bool,
    /// Known for no longer than this.
    pub since: Option<Duration>,
    /// At most so many.
    pub limit: u32,
}

/// A person, on one line.
#[derive(Debug, Serialize)]
pub struct UserLine {
    /// The user id.
    pub user_id: Uuid,
    /// Addresses of externally owned accounts, and contracts as `CHAIN:ADDRESS`.
    pub wallets: Vec<String>,
    /// What it signs in with beside a password: an e-mail address, a username.
    pub logins: Vec<String>,
    /// Roles besides `user` that were granted.
    pub roles: Vec<String>,
    /// Sessions that are not over.
    pub sessions: i64,
    /// Since when the person is known.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when it is disabled, if it is.
    #[serde(with = "rfc3339::option")]
    pub disabled_at: Option<OffsetDateTime>,
}

// The inner queries do not refer to the outer one, so each runs once.
pub(super) const LIST: &str = "
select u.id, u.created_at, u.disabled_at,
  coalesce((select array_remove(array[c.email, c.username], null) from auth.credentials c where c.user_id = u.id), '{}') as logins,
  array(select case when w.chain = 0 then '' else w.chain || ':' end || encode(w.address, 'hex')
        from auth.wallets w where w.user_id = u.id order by w.chain, w.address) as wallets,
  array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
  (select count(*)
   from auth.sessions s
   where s.user_id = u.id and s.ended_at is null
     and least(s.ends_at, s.last_used_at + s.idle) > clock_timestamp() + make_interval(secs => $1)
  ) as sessions
from auth.users u
where ($2::uuid is null or u.id > $2)
  and ($4::bytea is null or u.id in (select w.user_id from auth.wallets w where w.address = $4))
  and ($5::text is null or u.id in (select c.user_id from auth.credentials c where c.email = $5))
  and ($6::text is null or u.id in (select c.user_id from auth.credentials c where c.username = $6))
  and ($7::text is null or strpos(lower(u.name), lower($7)) > 0
    or u.id in (select a.user_id from public.accounts a where strpos(lower(a.name), lower($7)) > 0))
  and ($8::text is null or u.id in (select r.user_id from auth.user_roles r where r.role = $8))
  and (not $9::boolean or u.disabled_at is not null)
  and ($10::float8 is null or u.created_at > clock_timestamp() + make_interval(secs => $1) - make_interval(secs => $10))
order by u.id
limit $3";

impl Db {
    /// People who fit, in the order of their ids.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn users(&self, filter: &UserFilter) -> Result<Vec<UserLine>, Error> {
        let address = filter
            .address
            .as_ref()
            .map(|address| address.as_bytes().as_slice());
        let rows = self
            .query(
                LIST,
                &[
                    &self.clock_offset(),
                    &filter.after,
                    &i64::from(filter.limit),
                    &address,
                    &filter.email.as_ref().map(Email::as_str),
                    &filter.username.as_ref().map(Username::as_str),
                    &filter.name,
                    &filter.role.as_ref().map(RoleName::as_str),
                    &filter.is_disabled,
                    &filter.since.map(|since| since.as_secs_f64()),
                ],
            )
            .await?;
        rows.iter().map(user_line).collect()
    }
}

fn user_line(row: &Row) -> Result<UserLine, Error> {
    let wallets: Vec<String> = row.get("wallets");
    let wallet = |text: String| {
        // The database knows the digits, and not how ERC-55 writes them.
        let (chain, digits) = text.split_once(':').unwrap_or(("", &text));
        let whose: Address = format!("0x{digits}")
            .parse()
            .map_err(|_| Error::Content("an address"))?;
        Ok(if chain.is_empty() {
            whose.to_string()
        } else {
            format!("{chain}:{whose}")
        })
    };
    Ok(UserLine {
        user_id: row.get("id"),
        wallets: wallets.into_iter().map(wallet).collect::<Result<_, Error>>()?,
        logins: row.get("logins"),
        roles: row.get("roles"),
        sessions: row.get("sessions"),
        created_at: row.get("created_at"),
        disabled_at: row.get("disabled_at"),
    })
}
