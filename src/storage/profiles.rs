//! What a person may see of their own account.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Db, Error};
use crate::model::{Email, LoginName, Username};

/// A person, as they see themselves.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What they are called: the name of their account, or else of their oldest account on a network.
    pub name: Option<String>,
    /// Where their picture is.
    pub avatar: Option<String>,
    /// What they sign in with, where they have a username.
    pub username: Option<String>,
    /// When the session that was asked about was opened, if it is theirs.
    pub session_opened_at: Option<OffsetDateTime>,
}

pub(super) const FIND: &str = "
select u.avatar, c.username, s.created_at as session_opened_at,
  coalesce(u.name, (
    select a.name from public.accounts a where a.user_id = u.id and a.name is not null order by a.created_at limit 1
  )) as name
from auth.users u
left join auth.credentials c on c.user_id = u.id
left join auth.sessions s on s.user_id = u.id and s.id = $2
where u.id = $1";

/// The names that an account with a password signs in with.
#[derive(Clone, Debug, Default)]
pub struct LoginNames {
    /// Its e-mail address.
    pub email: Option<Email>,
    /// Its username.
    pub username: Option<Username>,
}

pub(super) const NAMES: &str = "
select email, username
from auth.credentials
where user_id = $1";

pub(super) const WHO: &str = "
select user_id
from auth.credentials
where email = $1 or username = $2";

impl Db {
    /// The user who signs in with this name.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn find_login(&self, name: &LoginName) -> Result<Option<Uuid>, Error> {
        let (email, username) = match name {
            LoginName::Email(email) => (Some(email.as_str()), None),
            LoginName::Username(name) => (None, Some(name.as_str())),
        };
        let row = self.query_opt(WHO, &[&email, &username]).await?;
        Ok(row.map(|row| row.get("user_id")))
    }

    /// What a user signs in with; no names where the account has no password.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer, or holds what is no name.
    pub async fn login_names(&self, user_id: Uuid) -> Result<LoginNames, Error> {
        let Some(row) = self.query_opt(NAMES, &[&user_id]).await? else {
            return Ok(LoginNames::default());
        };
        let (email, username): (Option<&str>, Option<&str>) = (row.get("email"), row.get("username"));
        Ok(LoginNames {
            email: email
                .map(Email::parse)
                .transpose()
                .map_err(|_| Error::Content("an e-mail address"))?,
            username: username
                .map(Username::parse)
                .transpose()
                .map_err(|_| Error::Content("a username"))?,
        })
    }

    /// The profile of a user, with the beginning of one of their sessions. `None` when there is no such user.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn profile(&self, user_id: Uuid, session_id: Option<Uuid>) -> Result<Option<Profile>, Error> {
        let row = self.query_opt(FIND, &[&user_id, &session_id]).await?;
        Ok(row.map(|row| Profile {
            name: row.get("name"),
            avatar: row.get("avatar"),
            username: row.get("username"),
            session_opened_at: row.get("session_opened_at"),
        }))
    }
}
