//! On whose behalf Hasura calls.

use uuid::Uuid;

/// Hasura's built-in superuser.
pub const ADMIN_ROLE: &str = "admin";
/// Every signed-in account's role.
pub const USER_ROLE: &str = "user";
/// Whoever has no token.
pub const GUEST_ROLE: &str = "guest";

/// The person behind a call, as far as Hasura's session variables can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular. Also every role that this service did not issue: Hasura copies the
    /// `x-hasura-*` headers of an unauthenticated client into the session variables, so a user id
    /// beside such a role means nothing.
    Guest,
    /// A signed-in account acting as `user`.
    User(Person),
    /// Somebody acting as `admin`: an account with that role, or (nobody) a holder of the admin secret.
    Admin(Option<Person>),
}

/// A signed-in account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user_id: Uuid,
    /// In which session; a token that an operator minted may have none.
    pub session_id: Option<Uuid>,
}

impl Caller {
    /// The account behind the call, whichever role it acts in.
    pub fn person(self) -> Option<Person> {
        match self {
            Self::Guest => None,
            Self::User(person) => Some(person),
            Self::Admin(person) => person,
        }
    }
}
