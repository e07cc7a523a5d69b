//! A person and their own ways to sign in: a wallet or a password more, another password, a wallet less.
//!
//! An access token alone changes none of them. Each change wants a fresh proof of what is there (the password, or a
//! message that a wallet of the account signed just now) and of what is added. A message proves one purpose: its statement
//! says what it does, and its nonce was issued for that in the caller's session.

use tracing::info;

use super::password::{Names, TAKEN_NAME, key_of_user};
use super::siwe::nonce_of;
use super::{Error, Service};
use crate::model::{Address, Caller, ChainId, ChainIdError, Client, Person, Purpose};
use crate::password::Password;
use crate::siwe::{Refusal, SignedMessage};
use crate::storage::{
    ChangePassword, Guess, Guessed, LinkWallet, Linked, NewCredential, Set, Turn, UnlinkWallet, Unlinked,
};

/// A message and its signature, for the purpose of the change.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The message.
    pub message: &'a str,
    /// Its signature.
    pub signature: &'a str,
}

/// What proves that the caller is more than the holder of an access token.
#[derive(Clone, Copy)]
pub enum FreshProof<'a> {
    /// The account's password.
    Password(&'a str),
    /// A message, signed by a wallet of the account.
    Wallet(Signed<'a>),
}

/// Names and a password for an account that has none.
#[derive(Clone, Copy)]
pub struct LinkPassword<'a> {
    /// An e-mail address.
    pub email: Option<&'a str>,
    /// A username.
    pub username: Option<&'a str>,
    /// The password.
    pub password: &'a str,
}

const TAKEN_WALLET: &str =
    "the wallet belongs to another account: sign in with it, and unlink it there first";

/// A wallet as a request names it: a key's by its address, a contract's as `CHAIN:ADDRESS`.
fn wallet_named(text: &str) -> Result<(Address, Option<ChainId>), Error> {
    let Some((chain, address)) = text.split_once(':') else {
        return Ok((text.parse()?, None));
    };
    let chain = chain
        .parse()
        .map_err(|fault: ChainIdError| Error::BadRequest(fault.to_string()))?;
    Ok((address.parse()?, Some(chain)))
}

/// The turn of somebody whose password was held against this hash.
pub(super) fn turn(person: Person, password_hash: Option<&str>) -> Turn<'_> {
    Turn {
        user_id: person.user_id,
        session_id: person.session_id,
        password_hash,
        by_operator: false,
    }
}

impl Service {
    /// Links a wallet to the caller's account, which has a password. Returns the address.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, [`Error::SessionEnded`], [`Error::ReauthRequired`] for a wrong password,
    /// what [`Service::log_in`] refuses of a message, [`Error::AlreadyTaken`], [`Error::RateLimited`],
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn link_wallet(
        &self,
        wallet: Signed<'_>,
        password: &str,
        caller: Caller,
        client: &Client,
    ) -> Result<Address, Error> {
        let person = self.signed_in_person(caller).await?;
        let purpose = Purpose::LinkWallet;
        let proof = self
            .proven(wallet.message, wallet.signature, purpose, client)
            .await?;
        let proven = self.reauthenticate(person, password, client).await?;
        match self
            .spend(turn(person, Some(&proven)), &proof, purpose, client)
            .await?
        {
            Linked::Done => {
                info!(user.id = %person.user_id, "user {} linked a wallet", person.user_id);
                Ok(proof.address())
            }
            Linked::NotYours => Err(Error::AlreadyTaken(TAKEN_WALLET)),
            Linked::NonceInvalid => Err(Error::NonceInvalid),
            Linked::PurposeMismatch => Err(Refusal::PurposeMismatch(purpose).into()),
            Linked::Overtaken => Err(Error::ReauthRequired),
        }
    }

    /// Takes a wallet from the caller's account, which keeps another way in, and ends every other session. Returns
    /// how many ended.
    ///
    /// # Errors
    /// As [`Service::link_wallet`]; [`Error::Forbidden`] for a wallet that is not the caller's or is the last way in.
    pub async fn unlink_wallet(
        &self,
        address: &str,
        proof: FreshProof<'_>,
        caller: Caller,
        client: &Client,
    ) -> Result<i64, Error> {
        let person = self.signed_in_person(caller).await?;
        let (address, contract_on) = wallet_named(address)?;
        let proven = self
            .prove_afresh(person, proof, Purpose::UnlinkWallet, client)
            .await?;
        let unlink = UnlinkWallet {
            user_id: person.user_id,
            address,
            contract_on,
            keep: person.session_id,
            client,
        };
        match self
            .db
            .unlink_wallet(&unlink, &turn(person, proven.as_deref()))
            .await?
        {
            Unlinked::Done(ended) => {
                self.counts.ended("wallet_unlinked", ended);
                info!(user.id = %person.user_id, ended, "user {} unlinked a wallet", person.user_id);
                Ok(ended)
            }
            Unlinked::Overtaken => Err(Error::ReauthRequired),
            Unlinked::NotYours => Err(Error::Forbidden("the wallet is not one of yours")),
            Unlinked::LastWayIn => Err(Error::Forbidden(
                "the wallet is the only way into this account: link another or a password first",
            )),
        }
    }

    /// Gives the caller's account, into which a wallet leads, names and a password.
    ///
    /// # Errors
    /// As [`Service::register`] refuses names and passwords, and [`Service::link_wallet`] a message;
    /// [`Error::ReauthRequired`] for a wallet that is not the account's.
    pub async fn link_password(
        &self,
        wanted: LinkPassword<'_>,
        wallet: Signed<'_>,
        caller: Caller,
        client: &Client,
    ) -> Result<(), Error> {
        let person = self.signed_in_person(caller).await?;
        let names = self.names(wanted.email, wanted.username)?;
        let password = self.judged(&names, wanted.password)?;
        // Whether a name is taken is told here as in registering, so asking costs a try here as well.
        let share = self.count_tries(&names, client).await?;
        let hash = self.hashers.hash(password).await?;
        drop(share);
        let proof = FreshProof::Wallet(wallet);
        self.prove_afresh(person, proof, Purpose::SetPassword, client)
            .await?;
        let new = NewCredential {
            user_id: person.user_id,
            email: names.email.as_ref(),
            username: names.username.as_ref(),
            password_hash: hash.as_str(),
            name: None,
            avatar: None,
            actor: "user",
            client,
        };
        match self.db.add_credential(&new, &turn(person, None)).await? {
            Set::Done => {
                info!(user.id = %person.user_id, "user {} linked a password", person.user_id);
                Ok(())
            }
            Set::Taken => Err(Error::AlreadyTaken(TAKEN_NAME)),
            Set::Overtaken => Err(Error::ReauthRequired),
            Set::NotPossible => Err(Error::AlreadyTaken(
                "the account has a password: change it instead",
            )),
        }
    }

    /// Replaces the password of the caller's account and ends every other session. Returns how many ended.
    ///
    /// # Errors
    /// As [`Service::link_wallet`], and as [`Service::register`] refuses passwords; [`Error::Forbidden`] for an
    /// account without one.
    pub async fn change_password(
        &self,
        password: &str,
        proof: FreshProof<'_>,
        caller: Caller,
        client: &Client,
    ) -> Result<i64, Error> {
        let person = self.signed_in_person(caller).await?;
        let names = self.db.login_names(person.user_id).await?;
        let names = Names {
            email: names.email,
            username: names.username,
        };
        let password = self.judged(&names, password)?;
        // The proof last: what it says should be true when it is used.
        let share = self.password_shares.take(client)?;
        let after = self.hashers.hash(password).await?;
        drop(share);
        let before = self
            .prove_afresh(person, proof, Purpose::ChangePassword, client)
            .await?;
        let change = ChangePassword {
            user_id: person.user_id,
            before: before.as_deref(),
            after: after.as_str(),
            keep: person.session_id,
            actor: "user",
            client,
        };
        let turn = turn(person, before.as_deref());
        match self.db.change_password(&change, &turn).await? {
            Some(ended) => {
                self.counts.ended("password_changed", ended);
                info!(user.id = %person.user_id, ended, "user {} changed the password", person.user_id);
                Ok(ended)
            }
            // Changed meanwhile, or there never was one.
            None if before.is_some() => Err(Error::ReauthRequired),
            None => Err(Error::Forbidden("the account has no password: link one first")),
        }
    }

    /// The caller, who is signed in and has not changed too much of late.
    pub(super) async fn signed_in_person(&self, caller: Caller) -> Result<Person, Error> {
        let person = caller.person().ok_or(Error::Forbidden(
            "sign in first: this concerns the caller's own account",
        ))?;
        self.still_signed_in(person).await?;
        self.may_change(person).await?;
        Ok(person)
    }

    /// Takes a fresh proof in. Returns the hash that was the proof, where it was a password.
    pub(super) async fn prove_afresh(
        &self,
        person: Person,
        proof: FreshProof<'_>,
        purpose: Purpose,
        client: &Client,
    ) -> Result<Option<String>, Error> {
        match proof {
            FreshProof::Password(password) => self.reauthenticate(person, password, client).await.map(Some),
            FreshProof::Wallet(signed) => {
                let proof = self
                    .proven(signed.message, signed.signature, purpose, client)
                    .await?;
                match self.spend(turn(person, None), &proof, purpose, client).await? {
                    Linked::Done => Ok(None),
                    Linked::NotYours | Linked::Overtaken => Err(Error::ReauthRequired),
                    Linked::NonceInvalid => Err(Error::NonceInvalid),
                    Linked::PurposeMismatch => Err(Refusal::PurposeMismatch(purpose).into()),
                }
            }
        }
    }

    /// The password of somebody who is signed in. Tries are counted: whoever holds a stolen token may guess.
    async fn reauthenticate(&self, person: Person, password: &str, client: &Client) -> Result<String, Error> {
        let key = key_of_user(person.user_id);
        let guess = Guess {
            whose: Guessed::User(person.user_id),
            name: key,
            client: client.clone(),
        };
        let proven = self
            .prove_password(guess, Password::parse(password)?)
            .await?
            .ok_or(Error::ReauthRequired)?;
        self.db.forget_guesses(key).await?;
        Ok(proven.credential.password_hash)
    }

    async fn spend(
        &self,
        turn: Turn<'_>,
        proof: &SignedMessage,
        purpose: Purpose,
        client: &Client,
    ) -> Result<Linked, Error> {
        let link = LinkWallet {
            user_id: turn.user_id,
            address: proof.address(),
            contract: proof.contract(),
            nonce: nonce_of(proof),
            purpose,
            only_as_proof: purpose != Purpose::LinkWallet,
            client,
        };
        Ok(self.db.link_wallet(&link, &turn).await?)
    }
}
