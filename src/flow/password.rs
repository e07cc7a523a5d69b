//! Signing in with a password, and making accounts that have one.
//!
//! Whoever is unknown costs the same work and gets the same answer as whoever mistypes. A try is counted before
//! it is looked at, so that many at once are many; see `storage::guesses` for what it counts against.

use aws_lc_rs::digest;
use tracing::info;
use uuid::Uuid;

use super::shares::Share;
use super::{Error, Service, Tokens};
use crate::model::{AccountName, Client, Email, Flow, LoginName, Username};
use crate::password::{Password, PasswordHash};
use crate::storage::{Admitted, Credential, Guess, Guessed, NewCredential, PasswordLogIn, Set};
use crate::token::RefreshToken;

/// An account that a guest wants, as it was asked for.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    /// An e-mail address.
    pub email: Option<&'a str>,
    /// A username.
    pub username: Option<&'a str>,
    /// The password.
    pub password: &'a str,
    /// What the person is called.
    pub name: Option<&'a str>,
}

/// A password that was right.
pub(super) struct Proven {
    pub(super) credential: Credential,
    is_outdated: bool,
    counted_on_client: bool,
    /// Held while the password may have to be hashed anew.
    _share: Share,
}

impl Service {
    /// Signs in with an e-mail address and a password.
    ///
    /// # Errors
    /// [`Error::CredentialsInvalid`], [`Error::RateLimited`], [`Error::AccountDisabled`],
    /// [`Error::PasswordTooLong`], [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn log_in_with_email(
        &self,
        email: &str,
        password: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        // What is no address is nobody's, and says nothing about anybody.
        let name = Email::parse(email).ok().map(LoginName::Email);
        let outcome = self
            .log_in_with_password(Flow::Email, name, password, client)
            .await;
        self.counts.log_in(Flow::Email, outcome)
    }

    /// Signs in with a username and a password.
    ///
    /// # Errors
    /// As [`Service::log_in_with_email`].
    pub async fn log_in_with_username(
        &self,
        username: &str,
        password: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let name = Username::parse(username).ok().map(LoginName::Username);
        let outcome = self
            .log_in_with_password(Flow::Username, name, password, client)
            .await;
        self.counts.log_in(Flow::Username, outcome)
    }

    async fn log_in_with_password(
        &self,
        flow: Flow,
        name: Option<LoginName>,
        password: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let name = name.ok_or(Error::CredentialsInvalid)?;
        self.is_open(flow)?;
        let password = Password::parse(password)?;
        let pen = self.signer.pen()?;
        let key = key_of_name(&name);
        let guess = Guess {
            whose: Guessed::Name(name),
            name: key,
            client: client.clone(),
        };
        let Proven {
            credential,
            is_outdated,
            counted_on_client,
            _share,
        } = self
            .prove_password(guess, password.clone())
            .await?
            .ok_or(Error::CredentialsInvalid)?;
        if credential.disabled {
            return Err(Error::AccountDisabled);
        }
        // Better signed in with the old hash than not at all.
        let rehashed = match is_outdated {
            true => self.hashers.hash(password).await.ok(),
            false => None,
        };
        let refresh = RefreshToken::draw(&self.entropy);
        let session = self
            .db
            .log_in_with_password(&PasswordLogIn {
                opening: self.opening(flow, &refresh, client),
                user_id: credential.user_id,
                password_hash: &credential.password_hash,
                rehashed: rehashed.as_ref().map(PasswordHash::as_str),
                name: key,
                counted_on_client,
            })
            .await?
            .ok_or(Error::CredentialsInvalid)?;
        Ok(self.signed_in(flow, &pen, session, refresh))
    }

    /// Holds a password against the account that `guess` means. `None` when it is wrong or there is no such
    /// account, after the same work.
    pub(super) async fn prove_password(
        &self,
        guess: Guess,
        password: Password,
    ) -> Result<Option<Proven>, Error> {
        let share = self.password_shares.take(&guess.client)?;
        let (admitted, share) = self.admit(guess, share).await?;
        let Admitted {
            credential,
            counted_on_client,
        } = admitted;
        let stored = credential
            .as_ref()
            .map(|credential| PasswordHash::stored(credential.password_hash.clone()));
        let verdict = self.hashers.verify(password, stored).await?;
        Ok(credential.filter(|_| verdict.matches).map(|credential| Proven {
            credential,
            is_outdated: verdict.outdated,
            counted_on_client,
            _share: share,
        }))
    }

    /// Makes an account with a password for a guest, where the operator allows that. Returns its id.
    ///
    /// Asking for a name counts as a try of it: who asks for many is slowed down.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`], [`Error::BadRequest`] without a name, [`Error::EmailInvalid`],
    /// [`Error::UsernameInvalid`], [`Error::NameInvalid`], [`Error::PasswordTooShort`] and its kin,
    /// [`Error::AlreadyTaken`], [`Error::RateLimited`], [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn register(&self, wanted: Registration<'_>, client: &Client) -> Result<Uuid, Error> {
        if !self.passwords.registration_is_open {
            return Err(Error::RegistrationClosed);
        }
        let names = self.names(wanted.email, wanted.username)?;
        let name = wanted.name.map(AccountName::parse).transpose()?;
        let password = self.judged(&names, wanted.password)?;
        let share = self.count_tries(&names, client).await?;
        self.may_register()?;
        let registered = self
            .register_counted(&names, name.as_ref(), password, client)
            .await;
        drop(share);
        if registered.is_err() {
            self.registration_limit.give_back();
        }
        registered
    }

    async fn register_counted(
        &self,
        names: &Names,
        name: Option<&AccountName>,
        password: Password,
        client: &Client,
    ) -> Result<Uuid, Error> {
        let hash = self.hashers.hash(password).await?;
        let user_id = self.entropy.uuid();
        let new = NewCredential {
            user_id,
            email: names.email.as_ref(),
            username: names.username.as_ref(),
            password_hash: hash.as_str(),
            name,
            avatar: None,
            actor: "user",
            client,
        };
        match self.db.register(&new).await? {
            Set::Done => {
                info!(user.id = %user_id, "account {user_id} registered");
                Ok(user_id)
            }
            Set::Taken | Set::NotPossible | Set::Overtaken => Err(Error::AlreadyTaken(TAKEN_NAME)),
        }
    }

    /// Counts a request for these names as tries of them. Returns the client's share of the threads that hash.
    pub(super) async fn count_tries(&self, names: &Names, client: &Client) -> Result<Share, Error> {
        let mut share = self.password_shares.take(client)?;
        for name in names.each() {
            let guess = Guess {
                name: key_of_name(&name),
                whose: Guessed::Name(name),
                client: client.clone(),
            };
            (_, share) = self.admit(guess, share).await?;
        }
        Ok(share)
    }

    /// Reads the names that an account is to have.
    pub(super) fn names(&self, email: Option<&str>, username: Option<&str>) -> Result<Names, Error> {
        let names = Names {
            email: email.map(Email::parse).transpose()?,
            username: username.map(Username::parse).transpose()?,
        };
        if names.email.is_none() && names.username.is_none() {
            return Err(Error::BadRequest(
                "give an e-mail address or a username, or both".to_owned(),
            ));
        }
        Ok(names)
    }

    /// A password that may become that of an account with these names.
    pub(super) fn judged(&self, names: &Names, password: &str) -> Result<Password, Error> {
        let password = Password::parse(password)?;
        let mut known = vec![self.app.name.as_str()];
        known.extend(names.known());
        self.passwords.policy.judge(&password, &known)?;
        Ok(password)
    }
}

pub(super) const TAKEN_NAME: &str = "the e-mail address or the username is taken: choose another, or sign in";

/// The names that an account is to have, one or both.
pub(super) struct Names {
    pub(super) email: Option<Email>,
    pub(super) username: Option<Username>,
}

impl Names {
    fn each(&self) -> impl Iterator<Item = LoginName> {
        let email = self.email.clone().map(LoginName::Email);
        email
            .into_iter()
            .chain(self.username.clone().map(LoginName::Username))
    }

    /// What a stranger would guess first.
    pub(super) fn known(&self) -> Vec<&str> {
        let email = self
            .email
            .iter()
            .flat_map(|email| [email.as_str(), email.local_part()]);
        email.chain(self.username.iter().map(Username::as_str)).collect()
    }
}

/// What the tries of a name are counted by. The name itself is kept nowhere but in its account.
pub fn key_of_name(name: &LoginName) -> [u8; 32] {
    sha256(name.as_str().as_bytes())
}

/// What the tries of somebody who is signed in are counted by. No name is 16 bytes that begin a hash input alike: a
/// prefix keeps the two apart.
pub fn key_of_user(user_id: Uuid) -> [u8; 32] {
    sha256(format!("user {user_id}").as_bytes())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}
