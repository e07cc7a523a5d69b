//! Texts that the service chose for a wallet to sign, from giving one out to the log-in that spends it.
//!
//! A log-in names an address and no text, so the address's live texts are read first, the one that was
//! signed is found outside, and the statement of the log-in deletes exactly that one.

use std::time::Duration;

use uuid::Uuid;

use super::limits;
use super::opening::{Opening, SessionState, moment, open_session, session_state};
use super::sign_ups::{SignUp, SignUpLimits, sign_up, sign_up_columns};
use super::wallet_owner::{owner_of_wallet, person_of_wallet};
use super::{Db, Error};
use crate::model::{Address, Flow};

/// A log-in with a text that the wallet signed.
#[derive(Debug)]
pub struct ChallengeLogIn {
    /// The session to open; its flow is that of the challenge.
    pub opening: Opening,
    /// The proven address.
    pub address: Address,
    /// The text that it signed.
    pub text: String,
    /// The id of the user, if the address is new.
    pub user_id: Uuid,
    /// The uid to give the user who has none, where the flow shows one.
    pub uid: Option<String>,
    /// What it counts against, if the address is new.
    pub sign_ups: SignUpLimits,
}

/// What became of it.
#[derive(Debug)]
pub enum ChallengeLoggedIn {
    /// The address signs in too often, or it is new and too many such sign up; nothing was written. How long to wait.
    TooMany(Duration),
    /// The account is disabled; nothing was written.
    Disabled,
    /// The challenge has expired, or somebody was faster; nothing was written.
    Spent,
    /// The address is new, and its sign-up has no place yet; nothing was written.
    WantsPlace,
    /// A session.
    Session {
        /// It.
        session: SessionState,
        /// Whether its user came into being with it.
        is_new: bool,
        /// The user's uid; `None` where none was asked for, or the one drawn was taken.
        uid: Option<String>,
    },
}

// The key decides: of two at once for one address both get the text of whoever came first, and there is
// never a second row in one minute. The update changes nothing; it makes the row come back.
pub(super) const ISSUE: &str = concat!(
    moment!(),
    ",
live as materialized (
  select c.text
  from auth.challenges c, moment
  where c.flow = $2 and c.address = $3 and c.expires_at > moment.now
    and c.created_at > moment.now - interval '1 minute'
  order by c.created_at desc
  limit 1
),
made as (
  insert into auth.challenges (flow, address, minute, text, created_at, expires_at)
  select $2, $3, floor(extract(epoch from moment.now) / 60)::bigint, $4, moment.now,
         moment.now + make_interval(secs => $5)
  from moment
  where not exists (select from live)
  on conflict (flow, address, minute) do update set text = challenges.text
  returning text
)
select text from live
union all
select text from made"
);

pub(super) const FIND: &str = concat!(
    moment!(),
    "
select c.text
from auth.challenges c, moment
where c.flow = $2 and c.address = $3 and c.expires_at > moment.now
order by c.created_at desc"
);

// The delete decides: of equal log-ins at one moment one gets the row, the others wait for it and then
// find none.
pub(super) const LOG_IN: &str = concat!(
    moment!(),
    sign_up!(
        "0",
        "exists (
      select from auth.challenges c, moment
      where c.flow = $3 and c.address = $12 and c.text = $14 and c.expires_at > moment.now
    )",
        "$16",
        "$17",
        "$18",
        "$19"
    ),
    owner_of_wallet!(),
    ",
spent as (
  delete from auth.challenges c
  using moment
  where c.flow = $3 and c.address = $12 and c.text = $14 and c.expires_at > moment.now
    and not exists (select from owner where disabled)
    and exists (select from limited)
  returning c.address
)",
    person_of_wallet!(),
    ",
named as (
  insert into auth.tanx_uids (user_id, uid)
  select user_id, $15::text
  from person
  where $15 is not null
  on conflict do nothing
  returning uid
)",
    open_session!(),
    "
select
  exists (select from owner where disabled) as disabled,
  exists (select from limited) as admitted, (select seconds from wait) as wait,
  ",
    sign_up_columns!(),
    ",
  coalesce(
    (select uid from named),
    (select t.uid from auth.tanx_uids t join person on person.user_id = t.user_id where $15 is not null)
  ) as uid,
  ",
    session_state!("session"),
    "
from (values (1)) as always left join session on true"
);

pub(super) const GIVE_UID: &str = "
with named as (
  insert into auth.tanx_uids (user_id, uid)
  values ($1, $2)
  on conflict do nothing
  returning uid
)
select uid from named
union all
select uid from auth.tanx_uids where user_id = $1";

impl Db {
    /// The text for this address to sign: `text`, or the one that was given out within the last minute.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn issue_challenge(
        &self,
        flow: Flow,
        address: Address,
        text: &str,
        life: Duration,
    ) -> Result<String, Error> {
        let row = self
            .query_one(
                ISSUE,
                &[
                    &self.clock_offset(),
                    &flow.as_str(),
                    &address.as_bytes().as_slice(),
                    &text,
                    &life.as_secs_f64(),
                ],
            )
            .await?;
        Ok(row.get("text"))
    }

    /// The texts that this address may still sign, the newest first.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn live_challenges(&self, flow: Flow, address: Address) -> Result<Vec<String>, Error> {
        let rows = self
            .query(
                FIND,
                &[
                    &self.clock_offset(),
                    &flow.as_str(),
                    &address.as_bytes().as_slice(),
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get("text")).collect())
    }

    /// Spends the challenge and opens a session, or says which of the two could not be.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; the challenge may then be spent or not, and a retry tells.
    pub async fn log_in_by_challenge(&self, log_in: &ChallengeLogIn) -> Result<ChallengeLoggedIn, Error> {
        let values = log_in.opening.values(self);
        let sign_ups = log_in.sign_ups.values();
        let row = self
            .query_one(
                LOG_IN,
                &values.and(&[
                    &log_in.address.as_bytes().as_slice(),
                    &log_in.user_id,
                    &log_in.text,
                    &log_in.uid,
                    &sign_ups.client,
                    &sign_ups.cost,
                    &sign_ups.ahead,
                    &sign_ups.has_place,
                ]),
            )
            .await?;
        if row.get("disabled") {
            return Ok(ChallengeLoggedIn::Disabled);
        }
        match SignUp::read(&row, &log_in.sign_ups) {
            SignUp::Allowed => {}
            SignUp::WantsPlace => return Ok(ChallengeLoggedIn::WantsPlace),
            SignUp::NotDue => return Ok(ChallengeLoggedIn::Spent),
            SignUp::TooMany(wait) => return Ok(ChallengeLoggedIn::TooMany(wait)),
        }
        if !row.get::<_, bool>("admitted") {
            return Ok(ChallengeLoggedIn::TooMany(limits::wait(row.get("wait"))));
        }
        if row.get::<_, Option<Uuid>>("session_id").is_none() {
            return Ok(ChallengeLoggedIn::Spent);
        }
        Ok(ChallengeLoggedIn::Session {
            session: SessionState::read(&row)?,
            is_new: row.get("is_new"),
            uid: row.get("uid"),
        })
    }

    /// Gives a user the uid `uid`, unless they have one; the uid that they have then. `None` when somebody
    /// else has it.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn give_uid(&self, user_id: Uuid, uid: &str) -> Result<Option<String>, Error> {
        let row = self.query_opt(GIVE_UID, &[&user_id, &uid]).await?;
        Ok(row.map(|row| row.get("uid")))
    }
}
