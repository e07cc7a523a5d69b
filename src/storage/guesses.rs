//! Tries of passwords: which is looked at, and what it counts.
//!
//! The statement that lets a try through also counts it as a miss, so that a thousand at once are a
//! thousand; the log-in that follows a good one takes the count back. Strangers share one count for a name,
//! and a client from whose address the account was used before has one of its own: whoever guesses at
//! somebody's password slows down strangers, and not the owner at home. A client's tries on all names are
//! counted as well, where its address is known.

use std::time::Duration;

use uuid::Uuid;

use super::limits::{self, limited};
use super::opening::{clock, moment};
use super::{Db, Error};
use crate::model::{Client, LoginName};

/// A password to be tried.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Whose it should be.
    pub whose: Guessed,
    /// SHA-256 by which the tries are counted.
    pub name: [u8; 32],
    /// Who tries.
    pub client: Client,
}

/// Whose password is tried.
#[derive(Clone, Debug)]
pub enum Guessed {
    /// That of the account with this name.
    Name(LoginName),
    /// That of the account which is signed in.
    User(Uuid),
}

/// Whether a try is looked at.
#[derive(Debug)]
pub enum Admission {
    /// Not before this much time has passed. Nothing was counted.
    Wait(Duration),
    /// It is, and counts as a miss until a log-in takes that back.
    Admitted(Admitted),
}

/// A try that is looked at.
#[derive(Debug)]
pub struct Admitted {
    /// What to hold the password against, if there is such an account.
    pub credential: Option<Credential>,
    /// Whether it was counted against the client as well, which it is not for one that is known.
    pub counted_on_client: bool,
}

/// What a password is held against.
pub struct Credential {
    /// Whose it is.
    pub user_id: Uuid,
    /// In PHC form.
    pub password_hash: String,
    /// Whether an operator disabled the account.
    pub disabled: bool,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential(of {})", self.user_id)
    }
}

// What is full already is looked at first, so that a refused try counts nowhere: neither the client's own tries when
// the name is at fault, nor the other way round. Then a client's pace, which right passwords count for as well; its
// own count of misses, which has five times as many for nothing, because an office may be behind one address, and is
// forgotten after a quiet hour; and the name's. A try that waited for a row is judged by the time after the wait: of two
// right passwords at once the second waits for the first, whose time is later than the statement's own `moment`.
pub(super) const ADMIT: &str = concat!(
    moment!(),
    ",
credential as materialized (
  select c.user_id, c.password_hash, u.disabled_at is not null as disabled
  from auth.credentials c
  join auth.users u on u.id = c.user_id
  where c.email = $2 or c.username = $3 or c.user_id = $4
),
known as materialized (
  select exists (
    select from auth.sessions s
    join credential c on c.user_id = s.user_id
    where s.ip = $6::inet
  ) as known
),
counts as materialized (
  select g.free_at
  from auth.guesses g, known
  where (g.name, g.client) in (
    ($5, case when known then host($7::inet) else '' end),
    ('', case when not known then host($7::inet) end)
  )
),
free as materialized (
  select not exists (select from counts, moment where free_at > now) as free
)",
    limited!(
        "paced",
        "'tries:' || host($7::inet)",
        "interval '200 milliseconds'",
        "interval '59800 milliseconds'",
        "$7::inet is not null and (select free from free)"
    ),
    ",
of_client as (
  insert into auth.guesses as g (name, client, misses, free_at, last_at)
  select '', host($7::inet), 1, now, now
  from moment, known
  where not known and exists (select from paced)
  on conflict (name, client) do update
  set misses = case when g.last_at + interval '1 hour' < ",
    clock!(),
    " then 1 else g.misses + 1 end,
    free_at = ",
    clock!(),
    " + case
      when g.last_at + interval '1 hour' < ",
    clock!(),
    " then interval '0'
      else auth.guess_delay(least(g.misses + 1, 139) - 40)
    end,
    last_at = ",
    clock!(),
    "
  where g.free_at <= ",
    clock!(),
    "
  returning g.misses
),
of_name as (
  insert into auth.guesses as g (name, client, misses, free_at, last_at)
  select $5::bytea, case when known then host($7::inet) else '' end, 1, now, now
  from moment, known, free
  where free and case
    when $7::inet is null then true
    when known then exists (select from paced)
    else exists (select from of_client)
  end
  on conflict (name, client) do update
  set misses = g.misses + 1, free_at = ",
    clock!(),
    " + auth.guess_delay(g.misses + 1), last_at = ",
    clock!(),
    "
  where g.free_at <= ",
    clock!(),
    "
  returning g.misses
)
select exists (select from of_name) as admitted, exists (select from of_client) as counted_on_client,
  (select extract(epoch from max(until) - (select now from moment))::double precision
   from (
     select free_at as until from counts
     union all
     select l.used_until - interval '59800 milliseconds' from auth.limits l where l.subject = 'tries:' || host($7::inet)
   ) as waits) as wait,
  c.user_id, c.password_hash, c.disabled
from moment left join credential c on true"
);

// Another process may count a try of it at the same moment; that one stays.
pub(super) const UNLOCK: &str = "
delete from auth.guesses
where name = $1";

pub(super) const NOTE_UNLOCK: &str = concat!(
    moment!(),
    "
insert into auth.audit_log (at, action, result, user_id, actor)
select now, 'unlock_account', 'ok', $2, 'operator'
from moment"
);

impl Db {
    /// Notes that an operator had the tries of an account forgotten.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn note_unlock(&self, user_id: Uuid) -> Result<(), Error> {
        self.execute(NOTE_UNLOCK, &[&self.clock_offset(), &user_id])
            .await
            .map(drop)
    }

    /// Forgets the tries of one name, from wherever they came. Returns how many counts there were.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; the counts may then be there or not.
    pub async fn forget_guesses(&self, name: [u8; 32]) -> Result<u64, Error> {
        self.execute(UNLOCK, &[&name.as_slice()]).await
    }

    /// Whether a password may be tried now, and what to hold it against.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; the try may then have been counted.
    pub async fn admit_guess(&self, guess: &Guess) -> Result<Admission, Error> {
        let (email, username, user_id) = match &guess.whose {
            Guessed::Name(LoginName::Email(email)) => (Some(email.as_str()), None, None),
            Guessed::Name(LoginName::Username(name)) => (None, Some(name.as_str()), None),
            Guessed::User(id) => (None, None, Some(*id)),
        };
        let row = self
            .query_one(
                ADMIT,
                &[
                    &self.clock_offset(),
                    &email,
                    &username,
                    &user_id,
                    &guess.name.as_slice(),
                    &guess.client.ip,
                    &guess.client.limited_ip(),
                ],
            )
            .await?;
        if !row.get::<_, bool>("admitted") {
            // Read as it was when the statement began: a count that began since tells nothing yet.
            return Ok(Admission::Wait(limits::wait(row.get("wait"))));
        }
        let credential = row.get::<_, Option<Uuid>>("user_id").map(|user_id| Credential {
            user_id,
            password_hash: row.get("password_hash"),
            disabled: row.get("disabled"),
        });
        Ok(Admission::Admitted(Admitted {
            credential,
            counted_on_client: row.get("counted_on_client"),
        }))
    }
}
