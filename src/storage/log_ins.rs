//! A log-in with a signed message as one statement: the nonce spent, the person found or made, the account
//! on its network, and the session. All of it or nothing.

use std::time::Duration;

use uuid::Uuid;

use super::limits;
use super::nonces::{ProofNonce, spend_nonce};
use super::opening::{Opening, SessionState, moment, open_session, session_state};
use super::sign_ups::{SignUp, SignUpLimits, sign_up, sign_up_columns};
use super::wallet_owner::{owner_of_wallet, person_of_wallet};
use super::{Db, Error, columns};
use crate::model::{Address, ChainId, ContractWallet};

/// Everything a log-in writes.
#[derive(Debug)]
pub struct LogIn {
    /// The session to open.
    pub opening: Opening,
    /// The proven address.
    pub address: Address,
    /// The chain its message names.
    pub chain_id: ChainId,
    /// The contract that said yes, where it was not a key that signed.
    pub contract: Option<ContractWallet>,
    /// The nonce of its message.
    pub nonce: ProofNonce,
    /// Whether that must be one that the service issued.
    pub must_be_issued: bool,
    /// The id of the user, if the address is new.
    pub user_id: Uuid,
    /// What it counts against then.
    pub sign_ups: SignUpLimits,
}

/// What became of it.
#[derive(Debug)]
pub enum LoggedIn {
    /// The chain is unknown or switched off; nothing was written.
    ChainNotSupported,
    /// The account is disabled; nothing was written.
    Disabled,
    /// The address signs in too often, or it is new and too many such sign up; nothing was written. How long to wait.
    TooMany(Duration),
    /// The nonce was spent before, or never issued; nothing was written.
    NonceInvalid,
    /// The nonce was issued for another purpose; nothing was written.
    PurposeMismatch,
    /// The address is new, and its sign-up has no place yet; nothing was written.
    WantsPlace,
    /// A session.
    Session {
        /// It.
        session: SessionState,
        /// Whether its user came into being with it.
        is_new: bool,
    },
}

// Everything hangs on `spent`, so a refused log-in leaves the nonce usable.
pub(super) const LOG_IN: &str = concat!(
    moment!(),
    sign_up!(
        "$19",
        "exists (select from public.networks where chain_id = $15 and enabled)
    and not exists (select from auth.spent_nonces n where n.address = $12::bytea and n.hash = $16)
    and not exists (select from auth.issued_nonces n where n.hash = $16 and n.purpose <> 'sign-in')
    and (not $17 or exists (
      select from auth.issued_nonces n, moment where n.hash = $16 and n.expires_at > moment.now
    ))",
        "$21",
        "$22",
        "$23",
        "$24"
    ),
    owner_of_wallet!("$19"),
    ",
allowed as materialized (
  select name
  from public.networks
  where chain_id = $15 and enabled and not exists (select from owner where disabled)
    and exists (select from limited)
)",
    spend_nonce!(
        address: "$12", hash: "$16", remember_until: "$18",
        must_be_issued: "$17", purpose: "'sign-in'", session: "null"
    ),
    person_of_wallet!("$19", "$20"),
    ",
account as (
  insert into public.accounts (network, address, user_id, created_at, updated_at)
  select allowed.name, $14, person.user_id, moment.now, moment.now
  from allowed, person, moment
  -- The row of somebody who was deleted just now may still be seen: it is gone.
  where not exists (
    select from public.accounts a
    where a.network = allowed.name and a.address = $14 and a.user_id = person.user_id
  )
  on conflict do nothing
)",
    open_session!(),
    "
select
  exists (select from public.networks where chain_id = $15 and enabled) as chain_supported,
  exists (select from owner where disabled) as disabled,
  exists (select from nonce_record where not fits) as other_purpose,
  exists (select from limited) as admitted, (select seconds from wait) as wait,
  ",
    sign_up_columns!(),
    ",
  ",
    session_state!("session"),
    "
from (values (1)) as always left join session on true"
);

impl Db {
    /// Spends the nonce and opens a session, or says which of the two could not be.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; the nonce may then be spent or not, and a retry tells.
    pub async fn log_in(&self, log_in: &LogIn) -> Result<LoggedIn, Error> {
        let Some(chain) = log_in.chain_id.to_i64() else {
            return Ok(LoggedIn::ChainNotSupported);
        };
        let values = log_in.opening.values(self);
        let sign_ups = log_in.sign_ups.values();
        let row = self
            .query_one(
                LOG_IN,
                &values.and(&[
                    &log_in.address.as_bytes().as_slice(),
                    &log_in.user_id,
                    &log_in.address.to_string(),
                    &chain,
                    &log_in.nonce.hash.as_slice(),
                    &log_in.must_be_issued,
                    &log_in.nonce.remember_until,
                    &columns::wallet_chain(log_in.contract.map(|contract| contract.chain)),
                    &log_in.contract.is_some_and(|contract| contract.deployed),
                    &sign_ups.client,
                    &sign_ups.cost,
                    &sign_ups.ahead,
                    &sign_ups.has_place,
                ]),
            )
            .await?;
        if !row.get::<_, bool>("chain_supported") {
            return Ok(LoggedIn::ChainNotSupported);
        }
        if row.get("disabled") {
            return Ok(LoggedIn::Disabled);
        }
        match SignUp::read(&row, &log_in.sign_ups) {
            SignUp::Allowed => {}
            SignUp::WantsPlace => return Ok(LoggedIn::WantsPlace),
            SignUp::NotDue if row.get("other_purpose") => return Ok(LoggedIn::PurposeMismatch),
            SignUp::NotDue => return Ok(LoggedIn::NonceInvalid),
            SignUp::TooMany(wait) => return Ok(LoggedIn::TooMany(wait)),
        }
        if !row.get::<_, bool>("admitted") {
            return Ok(LoggedIn::TooMany(limits::wait(row.get("wait"))));
        }
        if row.get::<_, Option<Uuid>>("session_id").is_none() {
            return Ok(match row.get("other_purpose") {
                true => LoggedIn::PurposeMismatch,
                false => LoggedIn::NonceInvalid,
            });
        }
        Ok(LoggedIn::Session {
            session: SessionState::read(&row)?,
            is_new: row.get("is_new"),
        })
    }
}
