//! The name of a role that an operator may grant. Whether there is such a role is the business of
//! the table `auth.roles`.

use std::fmt;
use std::str::FromStr;

use super::{ADMIN_ROLE, GUEST_ROLE, USER_ROLE};

/// A letter or underscore, then at most 63 letters, digits, underscores and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleName(String);

/// Why a text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleNameError {
    /// Letters that a role's name may not have, too many, or none.
    #[error("a role begins with a letter or _ and has at most 64 letters, digits, _ and -")]
    Malformed,
    /// The role that needs no grant.
    #[error("every account has the role user: it is neither added, granted nor taken away")]
    User,
    /// The role that cannot be granted.
    #[error("guest is the role of requests without a token, and nobody is granted it")]
    Guest,
}

impl RoleName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is Hasura's superuser.
    pub fn is_admin(&self) -> bool {
        self.0 == ADMIN_ROLE
    }
}

impl FromStr for RoleName {
    type Err = RoleNameError;

    fn from_str(text: &str) -> Result<Self, RoleNameError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let goes_on_well = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        match text {
            USER_ROLE => Err(RoleNameError::User),
            GUEST_ROLE => Err(RoleNameError::Guest),
            _ if starts_well && goes_on_well && text.len() <= 64 => Ok(Self(text.to_owned())),
            _ => Err(RoleNameError::Malformed),
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_plain_name_and_is_neither_user_nor_guest() {
        for good in ["admin", "editor", "_x", "Team-7", &"a".repeat(64)] {
            assert_eq!(good.parse::<RoleName>().unwrap().as_str(), good);
        }
        assert!("admin".parse::<RoleName>().unwrap().is_admin());
        assert_eq!("user".parse::<RoleName>(), Err(RoleNameError::User));
        assert_eq!("guest".parse::<RoleName>(), Err(RoleNameError::Guest));
        for bad in ["", "7up", "-x", "a b", "a,b", "rôle", "a'b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<RoleName>(), Err(RoleNameError::Malformed), "{bad}");
        }
    }
}
