//! The ways to sign in. Each is a published API of its own; what follows a log-in is the same for all.

use std::str::FromStr;

/// A way to sign in, as it stands in a session's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// `v1Login`: a Sign-In with Ethereum message (ERC-4361).
    Siwe,
    /// `challenge` and `authenticate`: a text that the service chose, as Lens had it.
    Lens,
    /// `login`: an e-mail address and a password.
    Email,
    /// `tokenAuth`: a user name and a password.
    Username,
    /// `/sapi/v2/auth`: a text that the service chose, over plain HTTP, as tanX has it.
    Tanx,
}

impl Flow {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::Siwe, Self::Lens, Self::Email, Self::Username, Self::Tanx];

    /// The ways that are open unless FLOWS names others: those whose proof is bound to this site.
    pub const DEFAULT: [Self; 3] = [Self::Siwe, Self::Email, Self::Username];

    /// Whether a token of a session that was opened in this way may carry the role `admin`.
    ///
    /// The texts of Lens and tanX bind no site: another site can request one, have its visitor sign it, and sign in here.
    pub fn may_carry_admin(self) -> bool {
        match self {
            Self::Siwe | Self::Email | Self::Username => true,
            Self::Lens | Self::Tanx => false,
        }
    }

    /// Its name in the configuration, the database, the log and the list of sessions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Siwe => "siwe",
            Self::Lens => "lens",
            Self::Email => "email",
            Self::Username => "username",
            Self::Tanx => "tanx",
        }
    }
}

/// A word that names no way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected siwe, lens, email, username or tanx")]
pub struct FlowError;

impl FromStr for Flow {
    type Err = FlowError;

    fn from_str(text: &str) -> Result<Self, FlowError> {
        Self::ALL
            .into_iter()
            .find(|flow| flow.as_str() == text)
            .ok_or(FlowError)
    }
}
