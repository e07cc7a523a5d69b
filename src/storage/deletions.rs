//! The end of a person: the user, everything that hangs on them, and what tells who they were in the audit log.
//!
//! The foreign keys do most of it: whatever refers to `auth.users` goes with the row, in the same transaction, and so do
//! rows of the operator's own tables that say so. Two statements, because the second must see what the first waited for: a
//! restore that was under way may have left its line in the audit log meanwhile.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::opening::moment;
use super::turns::{LOCK, STILL_HOLDS, Turn};
use super::{Db, Error};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Nothing of the person is left but this count and their audit rows.
    Done(Gone),
    /// What had been proved holds no longer, or somebody else was faster; nothing was deleted.
    Overtaken,
    /// A table of the operator's refers to the user and does not let it go; nothing was deleted. Which, for the operator.
    Held(String),
}

/// What went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Wallets.
    pub wallets: i64,
    /// Accounts on networks.
    pub accounts: i64,
    /// Whether there were names and a password.
    pub has_password: bool,
    /// Roles besides `user`.
    pub roles: i64,
    /// Claims that an operator added.
    pub claims: i64,
    /// Sessions that lived.
    pub sessions: i64,
    /// Rows of the audit log that no longer say who it was.
    pub audit_rows: i64,
}

// The counts and addresses are read as they were when the statement began. Hashes as `flow::key_of_user` and `key_of_name`
// make them. What a wallet has used of its limit of log-ins stays for the three minutes that it lasts, and so do spent
// nonces for their hours: otherwise deleting would be a way around the one, and bring an old message back to life.
pub(super) const DELETE: &str = "
with addresses as materialized (
  select array(select address from auth.wallets where user_id = $1) as addresses
),
counted as materialized (
  select
    (select count(*) from auth.wallets where user_id = $1) as wallets,
    (select count(*) from public.accounts where user_id = $1) as accounts,
    exists (select from auth.credentials where user_id = $1) as has_password,
    (select count(*) from auth.user_roles where user_id = $1) as roles,
    (select count(*) from auth.custom_claims where user_id = $1) as claims,
    (select count(*) from auth.sessions where user_id = $1 and ended_at is null) as sessions
),
guesses as (
  delete from auth.guesses
  where name = any (array(
    select sha256(convert_to('user ' || $1::uuid, 'UTF8'))
    union all
    select sha256(convert_to(name, 'UTF8'))
    from auth.credentials c, unnest(array[c.email, c.username]) as name
    where c.user_id = $1 and name is not null
  ))
),
challenges as (
  delete from auth.challenges
  where flow in ('lens', 'tanx')
    and address = any (array(select address from auth.wallets where user_id = $1 and chain = 0))
),
limits as (
  delete from auth.limits
  where subject = 'user:' || $1::uuid
),
gone as (
  delete from auth.users
  where id = $1
  returning id
)
select addresses, counted.*
from gone, addresses, counted";

// What an admin did to an address keeps the admin: only the address is the person's.
pub(super) const FORGET: &str = concat!(
    moment!(),
    ",
about as materialized (
  select id from auth.audit_log where user_id = $2
  union
  select id from auth.audit_log where actor in ('admin', 'admin-secret') and address = any ($3::bytea[])
),
forgotten as (
  update auth.audit_log a
  set address = null,
    ip = case when a.user_id = $2 then null else a.ip end,
    request_id = case when a.user_id = $2 then null else a.request_id end,
    detail = case when a.user_id = $2 then '{}' else a.detail end
  where a.id = any (array(select id from about))
  returning a.id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, detail)
  select now, 'delete_account', 'ok', $2, $4, jsonb_build_object('sessions_ended', $5::bigint)
  from moment
)
select count(*) as audit_rows from forgotten"
);

impl Db {
    /// Deletes a person, in their turn. `actor` is `user`, or `operator`.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer. The person may then be gone or not, and doing it again tells; nobody is
    /// gone by half.
    pub async fn delete_account(&self, turn: &Turn<'_>, actor: &'static str) -> Result<Deleted, Error> {
        match self.repeated(|| self.delete_once(turn, actor)).await {
            Err(error) => held(error).map(Deleted::Held),
            done => done,
        }
    }

    async fn delete_once(&self, turn: &Turn<'_>, actor: &'static str) -> Result<Deleted, Error> {
        let mut connection = self.transactional(&[LOCK, STILL_HOLDS, DELETE, FORGET]).await?;
        let transaction = connection.begin().await?;
        if !turn.take(&transaction).await? {
            return Ok(Deleted::Overtaken);
        }
        let Some(gone) = transaction.query_opt(DELETE, &[&turn.user_id]).await? else {
            return Ok(Deleted::Overtaken);
        };
        let addresses: Vec<&[u8]> = gone.get("addresses");
        let sessions: i64 = gone.get("sessions");
        let forgotten = transaction
            .query_opt(
                FORGET,
                &[&self.clock_offset(), &turn.user_id, &addresses, &actor, &sessions],
            )
            .await?;
        transaction.commit().await?;
        let audit_rows = forgotten.map_or(0, |row| row.get("audit_rows"));
        Ok(Deleted::Done(Gone::read(&gone, audit_rows)))
    }
}

impl Gone {
    fn read(row: &Row, audit_rows: i64) -> Self {
        Self {
            wallets: row.get("wallets"),
            accounts: row.get("accounts"),
            has_password: row.get("has_password"),
            roles: row.get("roles"),
            claims: row.get("claims"),
            sessions: row.get("sessions"),
            audit_rows,
        }
    }
}

/// What held the user, if that is why the statement failed. No table of ours does: all of them let it go.
fn held(error: Error) -> Result<String, Error> {
    let Error::Postgres(fault) = &error else {
        return Err(error);
    };
    let Some(fault) = fault.as_db_error().filter(|fault| {
        [&SqlState::FOREIGN_KEY_VIOLATION, &SqlState::RESTRICT_VIOLATION].contains(&fault.code())
    }) else {
        return Err(error);
    };
    let part = |part: Option<&str>| part.unwrap_or("?").to_owned();
    Ok(format!(
        "{}.{} ({})",
        part(fault.schema()),
        part(fault.table()),
        part(fault.constraint())
    ))
}
