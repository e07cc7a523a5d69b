//! Wallets of an account beyond the one it began with: added with a fresh proof, and taken away.

use uuid::Uuid;

use super::nonces::{ProofNonce, spend_nonce};
use super::opening::moment;
use super::turns::{Turn, Turned};
use super::{Db, Error, columns};
use crate::model::{Address, ChainId, Client, ContractWallet, Purpose};

/// A wallet for an account. Its message has been verified; its nonce is spent with the link.
#[derive(Debug)]
pub struct LinkWallet<'a> {
    /// The account.
    pub user_id: Uuid,
    /// The proven address.
    pub address: Address,
    /// The contract that said yes, where it was not a key that signed.
    pub contract: Option<ContractWallet>,
    /// The nonce of its message.
    pub nonce: ProofNonce,
    /// What the nonce must have been issued for, in the session of the turn.
    pub purpose: Purpose,
    /// Whether the wallet must be the account's own already: then the nonce is spent as a proof, and nothing linked.
    pub only_as_proof: bool,
    /// Where the request came from.
    pub client: &'a Client,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The wallet is the account's.
    Done,
    /// The wallet is somebody else's, or, as a proof, not the account's; nothing was written.
    NotYours,
    /// The nonce was spent before, or never issued; nothing was written.
    NonceInvalid,
    /// The nonce was not issued for this purpose in this session; nothing was written.
    PurposeMismatch,
    /// What had been proved holds no longer; nothing was written.
    Overtaken,
}

/// A wallet to be taken from an account.
#[derive(Debug)]
pub struct UnlinkWallet<'a> {
    /// The account.
    pub user_id: Uuid,
    /// The wallet.
    pub address: Address,
    /// Its chain, where it is a contract.
    pub contract_on: Option<ChainId>,
    /// The session that goes on, unless the wallet opened it; every other one ends.
    pub keep: Option<Uuid>,
    /// Where the request came from.
    pub client: &'a Client,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone, and so many other sessions ended.
    Done(i64),
    /// It is not the account's.
    NotYours,
    /// The account has no other way in.
    LastWayIn,
    /// What had been proved holds no longer; nothing was written.
    Overtaken,
}

pub(super) const LINK: &str = concat!(
    moment!(),
    ",
owner as materialized (
  select user_id from auth.wallets where address = $3 and chain = $10
),
allowed as materialized (
  select u.id
  from auth.users u
  where u.id = $2 and u.disabled_at is null
    and not exists (select from owner where user_id <> $2)
    and (not $7 or exists (select from owner))
)",
    spend_nonce!(
        address: "$3", hash: "$4", remember_until: "$6",
        must_be_issued: "true", purpose: "$5", session: "$11"
    ),
    ",
linked as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $3, $10, $2, moment.now
  from spent, moment
  where not exists (select from owner)
  -- Of two accounts at once the first has it; the second is told so.
  on conflict (address, chain) do update set created_at = wallets.created_at
  returning user_id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, address, ip, request_id)
  select moment.now, 'link_wallet', 'ok', $2, 'user', $3, $8, $9
  from linked, moment
  where user_id = $2
)
select exists (select from allowed) as allowed, exists (select from spent) as spent,
  not exists (select from nonce_record where fits)
    and not exists (select from auth.spent_nonces s where s.address = $3 and s.hash = $4) as other_purpose,
  exists (select from linked where user_id <> $2) as lost"
);

// The accounts of the address on the networks go with it: whoever signs in with it next is somebody else.
pub(super) const UNLINK: &str = concat!(
    moment!(),
    ",
found as materialized (
  select user_id from auth.wallets where address = $3 and chain = $8 and user_id = $2
),
other_way as materialized (
  select exists (select from auth.credentials where user_id = $2)
    or exists (select from auth.wallets where user_id = $2 and (address, chain) <> ($3, $8)) as other_way
),
gone as (
  delete from auth.wallets w
  using found, other_way
  where other_way and w.address = $3 and w.chain = $8 and w.user_id = $2
  returning w.user_id
),
accounts as (
  delete from public.accounts a
  using gone
  where a.user_id = gone.user_id and a.address = $4
    and ($8::bigint = 0 or a.network in (select n.name from public.networks n where n.chain_id = $8))
),
ended as (
  update auth.sessions s
  set ended_at = now, reason = 'wallet_unlinked', salt = null
  from gone, moment
  where s.user_id = gone.user_id and s.ended_at is null
    -- A session that the wallet opened acts as that address, so it does not go on either.
    and (s.id is distinct from $5::uuid or s.address = $3 and s.wallet_chain = $8)
  returning s.id
),
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor, session_id, address, ip, request_id, detail)
  select now, 'unlink_wallet', 'ok', user_id, 'user', $5, $3, $6, $7,
    jsonb_build_object('sessions_ended', (select count(*) from ended))
  from gone, moment
)
select exists (select from found) as found, other_way, (select count(*) from ended) as ended
from other_way"
);

impl Db {
    /// Spends the nonce and links the wallet, or says which of the two could not be.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn link_wallet(&self, link: &LinkWallet<'_>, turn: &Turn<'_>) -> Result<Linked, Error> {
        let turned = self
            .in_turn(
                turn,
                LINK,
                &[
                    &self.clock_offset(),
                    &link.user_id,
                    &link.address.as_bytes().as_slice(),
                    &link.nonce.hash.as_slice(),
                    &link.purpose.as_str(),
                    &link.nonce.remember_until,
                    &link.only_as_proof,
                    &link.client.ip,
                    &link.client.request_id,
                    &columns::wallet_chain(link.contract.map(|contract| contract.chain)),
                    &turn.session_id,
                ],
            )
            .await?;
        let Turned::Done(Some(row)) = turned else {
            return Ok(Linked::Overtaken);
        };
        Ok(match (row.get("allowed"), row.get("spent"), row.get("lost")) {
            (false, _, _) | (_, _, true) => Linked::NotYours,
            (true, false, _) if row.get("other_purpose") => Linked::PurposeMismatch,
            (true, false, _) => Linked::NonceInvalid,
            (true, true, false) => Linked::Done,
        })
    }

    /// Takes a wallet away and ends every other session, unless it is the last way in.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn unlink_wallet(&self, unlink: &UnlinkWallet<'_>, turn: &Turn<'_>) -> Result<Unlinked, Error> {
        let turned = self
            .in_turn(
                turn,
                UNLINK,
                &[
                    &self.clock_offset(),
                    &unlink.user_id,
                    &unlink.address.as_bytes().as_slice(),
                    &unlink.address.to_string(),
                    &unlink.keep,
                    &unlink.client.ip,
                    &unlink.client.request_id,
                    &columns::wallet_chain(unlink.contract_on),
                ],
            )
            .await?;
        let Turned::Done(Some(row)) = turned else {
            return Ok(Unlinked::Overtaken);
        };
        Ok(match (row.get("found"), row.get("other_way")) {
            (false, _) => Unlinked::NotYours,
            (true, false) => Unlinked::LastWayIn,
            (true, true) => Unlinked::Done(row.get("ended")),
        })
    }
}
