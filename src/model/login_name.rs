//! What stands beside a password: an e-mail address or a username. No text is both, because only one of them
//! has an `@`.

use super::{Email, Username};

/// The name that an account with a password signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoginName {
    /// An e-mail address.
    Email(Email),
    /// A username.
    Username(Username),
}

impl LoginName {
    /// Its canonical form.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Username(name) => name.as_str(),
        }
    }
}
