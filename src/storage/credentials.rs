//! Names and passwords of accounts: made, added to an account that has none, and replaced.
//!
//! Whoever's password is replaced was perhaps robbed of it, so the account's other sessions end with it.

use uuid::Uuid;

use super::opening::moment;
use super::turns::{Turn, Turned};
use super::{Db, Error};
use crate::model::{AccountName, Client, Email, Username};

/// A name or two and a password, for an account.
pub struct NewCredential<'a> {
    /// The account: the id of a new one, or of one that is there.
    pub user_id: Uuid,
    /// Its e-mail address.
    pub email: Option<&'a Email>,
    /// Its username.
    pub username: Option<&'a Username>,
    /// The password, in PHC form.
    pub password_hash: &'a str,
    /// What the person is called.
    pub name: Option<&'a AccountName>,
    /// Where the person's picture is.
    pub avatar: Option<&'a str>,
    /// Who makes it: `user`, or `operator`.
    pub actor: &'static str,
    /// Where the request came from.
    pub client: &'a Client,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It is so now.
    Done,
    /// Somebody has one of the names; nothing was written.
    Taken,
    /// The account has a password already, or is not there, or is disabled; nothing was written.
    NotPossible,
    /// What had been proved holds no longer; nothing was written.
    Overtaken,
}

/// Another password for an account.
pub struct ChangePassword<'a> {
    /// Whose.
    pub user_id: Uuid,
    /// The hash that is to be replaced, where the old password was the proof.
    pub before: Option<&'a str>,
    /// The new one.
    pub after: &'a str,
    /// The session that goes on; every other one ends.
    pub keep: Option<Uuid>,
    /// Who changes it: `user`, or `operator`.
    pub actor: &'static str,
    /// Where the request came from.
    pub client: &'a Client,
}

// The credentials come first: whether the names are free decides about the rest. The foreign key is looked at when
// the statement ends, and by then the user is there.
pub(super) const REGISTER: &str = concat!(
    moment!(),
    ",
credential as (
  insert into auth.credentials (user_id, email, username, password_hash, password_set_at)
  select $2, $3, $4, $5, now
  from moment
  on conflict do nothing
  returning user_id
),
made as (
  insert into auth.users (id, created_at, name, avatar)
  select user_id, now, $6, $7
  from credential, moment
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, ip, request_id)
  select now, 'create_account', 'ok', user_id, $8, $9, nullif($10, '')
  from credential, moment
)
select user_id from credential"
);

pub(super) const ADD: &str = concat!(
    moment!(),
    ",
person as materialized (
  select u.id
  from auth.users u
  where u.id = $2 and u.disabled_at is null
    and not exists (select from auth.credentials c where c.user_id = u.id)
),
credential as (
  insert into auth.credentials (user_id, email, username, password_hash, password_set_at)
  select person.id, $3, $4, $5, now
  from person, moment
  on conflict do nothing
  returning user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, ip, request_id)
  select now, 'link_password', 'ok', user_id, $6, $7, $8
  from credential, moment
)
select exists (select from person) as possible, exists (select from credential) as done"
);

/// Replaces a password and ends sessions; `$condition` says when.
macro_rules! replace_password {
    ($condition:literal) => {
        concat!(
            moment!(),
            ",
changed as (
  update auth.credentials c
  set password_hash = $3, password_set_at = now
  from moment
  where c.user_id = $2 and ",
            $condition,
            "
  returning c.user_id
),
ended as (
  update auth.sessions s
  set ended_at = now, reason = 'password_changed', salt = null
  from changed, moment
  where s.user_id = changed.user_id and s.ended_at is null and s.id is distinct from $4::uuid
  returning s.id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, ip, request_id, detail)
  select now, 'change_password', 'ok', user_id, $5, $4, $6, nullif($7, ''),
    jsonb_build_object('sessions_ended', (select count(*) from ended))
  from changed, moment
)
select (select count(*) from ended) as ended from changed"
        )
    };
}

pub(super) const CHANGE: &str = replace_password!("c.password_hash = $8::text");

pub(super) const RESET: &str = replace_password!("true");

impl Db {
    /// Makes an account with a password. Only [`Set::Done`] and [`Set::Taken`] come of it.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn register(&self, new: &NewCredential<'_>) -> Result<Set, Error> {
        let row = self
            .query_opt(
                REGISTER,
                &[
                    &self.clock_offset(),
                    &new.user_id,
                    &new.email.map(Email::as_str),
                    &new.username.map(Username::as_str),
                    &new.password_hash,
                    &new.name.map(AccountName::as_str),
                    &new.avatar,
                    &new.actor,
                    &new.client.ip,
                    &new.client.request_id,
                ],
            )
            .await?;
        Ok(if row.is_some() { Set::Done } else { Set::Taken })
    }

    /// Adds names and a password to an account that has none.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn add_credential(&self, new: &NewCredential<'_>, turn: &Turn<'_>) -> Result<Set, Error> {
        let turned = self
            .in_turn(
                turn,
                ADD,
                &[
                    &self.clock_offset(),
                    &new.user_id,
                    &new.email.map(Email::as_str),
                    &new.username.map(Username::as_str),
                    &new.password_hash,
                    &new.actor,
                    &new.client.ip,
                    &new.client.request_id,
                ],
            )
            .await?;
        let Turned::Done(Some(row)) = turned else {
            return Ok(Set::Overtaken);
        };
        Ok(match (row.get("possible"), row.get("done")) {
            (false, _) => Set::NotPossible,
            (true, false) => Set::Taken,
            (true, true) => Set::Done,
        })
    }

    /// Replaces a password and ends every other session of the account; returns how many. `None` when the
    /// account has no password, or what had been proved holds no longer.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn change_password(
        &self,
        change: &ChangePassword<'_>,
        turn: &Turn<'_>,
    ) -> Result<Option<i64>, Error> {
        let offset = self.clock_offset();
        let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = vec![
            &offset,
            &change.user_id,
            &change.after,
            &change.keep,
            &change.actor,
            &change.client.ip,
            &change.client.request_id,
        ];
        let statement = match &change.before {
            Some(before) => {
                values.push(before);
                CHANGE
            }
            None => RESET,
        };
        match self.in_turn(turn, statement, &values).await? {
            Turned::Overtaken => Ok(None),
            Turned::Done(row) => Ok(row.map(|row| row.get("ended"))),
        }
    }
}
