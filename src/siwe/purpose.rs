//! The statement of a message for each purpose: the sentence that the wallet shows to its owner.
//!
//! A message for a purpose carries its statement word for word. A message that signs in may carry any statement except these, so
//! that a signature never does what its text does not say. The account is not named: its owner knows neither its id nor, in
//! general, which name a wallet may show; the nonce ties the message to the session.

use super::SignedMessage;
use super::refusal::Refusal;
use crate::model::Purpose;

/// What stands before and after the name of the site.
fn sentence(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::SignIn => ("Sign in to ", "."),
        Purpose::LinkWallet => ("Link this wallet to your account at ", "."),
        Purpose::UnlinkWallet => ("Unlink a wallet from your account at ", "."),
        Purpose::SetPassword => ("Set a password for your account at ", "."),
        Purpose::ChangePassword => ("Change the password of your account at ", "."),
        Purpose::DeleteAccount => ("Delete your account at ", " for good."),
        Purpose::Elevate => ("Confirm a protected action in your account at ", "."),
        Purpose::CreateApiKey => ("Create an API key for your account at ", "."),
    }
}

/// The statement for `purpose` on the site that is called `site`, which is printable ASCII.
pub fn statement(purpose: Purpose, site: &str) -> String {
    let (before, after) = sentence(purpose);
    format!("{before}{site}{after}")
}

/// Whether a statement begins like that of a purpose other than signing in, whatever site it names.
fn names_other_purpose(statement: &str) -> bool {
    Purpose::ALL
        .into_iter()
        .filter(|purpose| *purpose != Purpose::SignIn)
        .any(|purpose| {
            let (before, _) = sentence(purpose);
            statement
                .get(..before.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(before))
        })
}

impl SignedMessage {
    /// Checks that the statement of the message allows it to be used for `purpose` on `site`. Whether its nonce was issued for
    /// that purpose is for the database to say.
    ///
    /// # Errors
    /// [`Refusal::PurposeMismatch`].
    pub fn check_purpose(&self, purpose: Purpose, site: &str) -> Result<(), Refusal> {
        let found = self.statement.as_deref();
        let fits = match purpose {
            Purpose::SignIn => !found.is_some_and(names_other_purpose),
            purpose => found == Some(&statement(purpose, site)),
        };
        fits.then_some(()).ok_or(Refusal::PurposeMismatch(purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::super::grammar::is_statement;
    use super::*;

    #[test]
    fn each_statement_is_one_of_the_grammar_and_only_its_own_purpose_begins_like_it() {
        for purpose in Purpose::ALL {
            let text = statement(purpose, "app.example.com");
            assert!(is_statement(&text), "{text}");
            assert!(text.contains("app.example.com"), "{text}");
            assert_eq!(names_other_purpose(&text), purpose != Purpose::SignIn, "{text}");
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
        }
        assert!(names_other_purpose("DELETE your account at another.example"));
        for other in ["", "Delete", "Sign in with Ethereum to the app.", "Link this"] {
            assert!(!names_other_purpose(other), "{other}");
        }
        assert!("delete".parse::<Purpose>().is_err());
    }
}
