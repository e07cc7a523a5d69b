//! How an operator names an account: as `model::Whose` has it, or by what it signs in with beside a password.

use std::fmt;
use std::str::FromStr;

use crate::model::{Email, LoginName, Username, Whose};
use crate::storage::Db;

/// An account, as it was typed.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Whose(Whose),
    Login(LoginName),
}

/// What stands in front of a username, which would otherwise look like a name on a chain.
const USERNAME: &str = "username:";

impl Named {
    /// The account with this name.
    pub(super) async fn find(&self, db: &Db) -> anyhow::Result<Whose> {
        match self {
            Self::Whose(whose) => Ok(*whose),
            Self::Login(name) => match db.find_login(name).await? {
                Some(id) => Ok(Whose::User(id)),
                None => anyhow::bail!("there is no account {self}"),
            },
        }
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(USERNAME) {
            let name = Username::parse(name).map_err(|fault| fault.to_string())?;
            return Ok(Self::Login(LoginName::Username(name)));
        }
        if text.contains('@') {
            let email = Email::parse(text).map_err(|fault| fault.to_string())?;
            return Ok(Self::Login(LoginName::Email(email)));
        }
        text.parse()
            .map(Self::Whose)
            .map_err(|fault: crate::model::WhoseError| {
                format!("{fault}; or an e-mail address, or {USERNAME}NAME")
            })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whose(whose) => whose.fmt(f),
            Self::Login(LoginName::Email(email)) => f.write_str(email.as_str()),
            Self::Login(LoginName::Username(name)) => write!(f, "{USERNAME}{}", name.as_str()),
        }
    }
}
