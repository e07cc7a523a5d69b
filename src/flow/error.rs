//! Everything a flow can refuse, each with a frozen code and a sentence for a stranger.
//!
//! Codes are part of the API: one is never renamed and never split, because a finer code would be
//! an oracle. The cause of a fault of ours travels along as its source and is for the log alone.

use std::sync::Arc;

use crate::model::{AccountNameError, AddressError, EmailError, UsernameError};
use crate::password::{Busy, PasswordTooLong, Weakness};
use crate::rpc;
use crate::siwe::Refusal;
use crate::storage;
use crate::token::{NoSigningKey, TokenFault};

/// Why a flow did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message or its signature was refused; the code is the refusal's own.
    #[error("{0}")]
    Message(#[from] Refusal),
    /// The chain of the message is not an enabled network.
    #[error(
        "the message's chain is not enabled here: sign in on one of the networks that the query `networks` lists"
    )]
    ChainNotSupported,
    /// The nonce was used before, has expired, or was never issued.
    #[error("the nonce was used before or was not issued: ask for a new one and sign a new message")]
    NonceInvalid,
    /// No live session has this refresh token.
    #[error("the refresh token is not valid: sign in again")]
    RefreshTokenInvalid,
    /// The name or the password is wrong; which, nobody learns.
    #[error("the name or the password is wrong")]
    CredentialsInvalid,
    /// What is to be changed wants a fresh proof, and what was given is none.
    #[error(
        "prove afresh who you are: the account's password, or a message that a wallet of yours just signed"
    )]
    ReauthRequired,
    /// Too many tries; nothing was looked at.
    #[error("too many tries: wait {} and try again", humantime::format_duration(std::time::Duration::from_secs(.0.as_secs().max(1))))]
    RateLimited(std::time::Duration),
    /// The operator has closed this way to sign in.
    #[error("this way to sign in is closed here: use another")]
    FlowClosed,
    /// The operator makes the accounts here.
    #[error("registration is closed: ask the operator for an account")]
    RegistrationClosed,
    /// Somebody has it.
    #[error("{0}")]
    AlreadyTaken(&'static str),
    /// No e-mail address.
    #[error("{0}")]
    EmailInvalid(#[from] EmailError),
    /// No username.
    #[error("{0}")]
    UsernameInvalid(#[from] UsernameError),
    /// Fewer characters than a new password must have.
    #[error("{0}")]
    PasswordTooShort(Weakness),
    /// More characters than any password has.
    #[error("{0}")]
    PasswordTooLong(#[from] PasswordTooLong),
    /// A password that may not be set, because somebody would guess it or nobody could type it.
    #[error("{0}")]
    PasswordCompromised(Weakness),
    /// All threads that check passwords are busy, and their queue is full. Trying again is safe.
    #[error("the service cannot answer just now: try again")]
    Busy(#[from] Busy),
    /// An operator has disabled the account.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A network that does not exist.
    #[error("unknown network: {}", .0.join(", "))]
    NetworkUnknown(Vec<String>),
    /// The name cannot be an account's name.
    #[error("{0}")]
    NameInvalid(#[from] AccountNameError),
    /// The address has mixed case and a wrong checksum.
    #[error("{0}")]
    AddressNotChecksummed(AddressError),
    /// The input cannot mean anything.
    #[error("{0}")]
    BadRequest(String),
    /// The access token is not one of ours, or not in its time; which, is for the log alone.
    #[error("the access token is not valid: restore the session, or sign in again")]
    TokenInvalid(#[from] TokenFault),
    /// A credential that holds no token, or more than one.
    #[error("the credential is not one token: send Authorization: Bearer and the access token")]
    NotAToken,
    /// A credential that a client made of a variable that holds no token yet.
    #[error(
        "the client sends a token before it has one (`Bearer undefined`, `Bearer null` or `Bearer` alone): leave the header out until then"
    )]
    TokenNotYet,
    /// The session of the access token has ended, or its account is disabled.
    #[error("the session has ended: sign in again")]
    SessionEnded,
    /// There is no key to sign with; an operator must make one. Trying again is safe.
    #[error("the service cannot answer just now: try again")]
    NoSigningKey(#[from] NoSigningKey),
    /// No node could say what a contract says. Nothing was spent, and trying again is safe.
    #[error("the contract wallet could not be asked just now: try again with the same message")]
    RpcUnavailable(#[from] rpc::Fault),
    /// The database gave no answer. Trying again is safe.
    #[error("the service cannot answer just now: try again")]
    Unavailable(#[source] Arc<storage::Error>),
}

impl Error {
    /// The frozen code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Message(refusal) => refusal.code(),
            Self::ChainNotSupported => "chain_not_supported",
            Self::NonceInvalid => "nonce_invalid",
            Self::RefreshTokenInvalid => "refresh_token_invalid",
            Self::CredentialsInvalid => "credentials_invalid",
            Self::ReauthRequired => "reauth_required",
            Self::RateLimited(_) => "rate_limited",
            Self::FlowClosed => "flow_closed",
            Self::RegistrationClosed => "registration_closed",
            Self::AlreadyTaken(_) => "already_taken",
            Self::EmailInvalid(_) => "email_invalid",
            Self::UsernameInvalid(_) => "username_invalid",
            Self::PasswordTooShort(_) => "password_too_short",
            Self::PasswordTooLong(_) => "password_too_long",
            Self::PasswordCompromised(_) => "password_compromised",
            Self::AccountDisabled => "account_disabled",
            Self::Forbidden(_) => "forbidden",
            Self::NetworkUnknown(_) => "network_unknown",
            Self::NameInvalid(_) => "name_invalid",
            Self::AddressNotChecksummed(_) => "address_not_checksummed",
            Self::BadRequest(_) => "bad_request",
            Self::TokenInvalid(_) | Self::NotAToken | Self::TokenNotYet => "token_invalid",
            Self::SessionEnded => "session_ended",
            Self::RpcUnavailable(_) => "rpc_unavailable",
            Self::NoSigningKey(_) | Self::Unavailable(_) | Self::Busy(_) => "unavailable",
        }
    }
}

impl Error {
    /// What lies behind a fault of ours, for the log alone; `None` for a refusal.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Unavailable(cause) => Some(cause.for_the_log()),
            Self::NoSigningKey(cause) => Some(cause.to_string()),
            Self::RpcUnavailable(fault) => Some(fault.to_string()),
            _ => None,
        }
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

impl From<Weakness> for Error {
    fn from(weakness: Weakness) -> Self {
        match weakness {
            Weakness::TooShort { .. } => Self::PasswordTooShort(weakness),
            Weakness::Control | Weakness::Compromised => Self::PasswordCompromised(weakness),
        }
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Checksum { .. } => Self::AddressNotChecksummed(error),
            other => Self::BadRequest(other.to_string()),
        }
    }
}
