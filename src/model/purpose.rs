//! What a signed message is for.

use std::fmt;
use std::str::FromStr;

/// The one action that a message allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Open a session.
    SignIn,
    /// Link the wallet that signs to the caller's account.
    LinkWallet,
    /// Unlink a wallet from the caller's account.
    UnlinkWallet,
    /// Add names and a password to the caller's account.
    SetPassword,
    /// Replace the password of the caller's account.
    ChangePassword,
    /// Delete the caller's account.
    DeleteAccount,
    /// Confirm a protected action. No action accepts it yet.
    Elevate,
    /// Create an API key. No action accepts it yet.
    CreateApiKey,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::SignIn,
        Self::LinkWallet,
        Self::UnlinkWallet,
        Self::SetPassword,
        Self::ChangePassword,
        Self::DeleteAccount,
        Self::Elevate,
        Self::CreateApiKey,
    ];

    /// The name in `v1Nonce` and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::LinkWallet => "link-wallet",
            Self::UnlinkWallet => "unlink-wallet",
            Self::SetPassword => "set-password",
            Self::ChangePassword => "change-password",
            Self::DeleteAccount => "delete-account",
            Self::Elevate => "elevate",
            Self::CreateApiKey => "create-api-key",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "purpose is one of {}",
    Purpose::ALL.map(Purpose::as_str).join(", ")
)]
pub struct PurposeError;

impl FromStr for Purpose {
    type Err = PurposeError;

    fn from_str(text: &str) -> Result<Self, PurposeError> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or(PurposeError)
    }
}
