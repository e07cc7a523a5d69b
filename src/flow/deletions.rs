//! A person who leaves: their own account, deleted with everything that hangs on it.

use tracing::{info, warn};

use super::credentials::turn;
use super::{Error, FreshProof, Service};
use crate::model::{Caller, Client, Person, Purpose};
use crate::storage::Deleted;

impl Service {
    /// Deletes the caller's account. Returns how many sessions ended with it, the caller's own among them.
    ///
    /// Whoever is disabled deletes nothing: their sessions have ended, and no proof of theirs counts. Otherwise a ban would
    /// be a reason to begin anew.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for nobody, and where a table of the operator's holds on to the account; [`Error::SessionEnded`],
    /// also for whoever finds that it was deleted meanwhile; [`Error::ReauthRequired`]; what [`Service::log_in`] refuses of
    /// a message; [`Error::RateLimited`], [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn delete_account(
        &self,
        proof: FreshProof<'_>,
        caller: Caller,
        client: &Client,
    ) -> Result<i64, Error> {
        let person = self.signed_in_person(caller).await?;
        match self.delete_proven(person, proof, client).await {
            // Nothing is wrong with the proof of an account that somebody has just deleted.
            Err(Error::ReauthRequired) if self.db.profile(person.user_id, None).await?.is_none() => {
                Err(Error::SessionEnded)
            }
            outcome => outcome,
        }
    }

    async fn delete_proven(
        &self,
        person: Person,
        proof: FreshProof<'_>,
        client: &Client,
    ) -> Result<i64, Error> {
        let proven = self
            .prove_afresh(person, proof, Purpose::DeleteAccount, client)
            .await?;
        match self
            .db
            .delete_account(&turn(person, proven.as_deref()), "user")
            .await?
        {
            Deleted::Done(gone) => {
                let ended = gone.sessions;
                self.counts.ended("account_deleted", ended);
                info!(user.id = %person.user_id, ended, "user {} deleted the account", person.user_id);
                Ok(ended)
            }
            Deleted::Overtaken => Err(Error::ReauthRequired),
            Deleted::Held(by) => {
                warn!(user.id = %person.user_id, "user {} cannot delete the account: {by} refers to it", person.user_id);
                Err(Error::Forbidden(
                    "the app keeps what hangs on this account and cannot let it go: ask the operator",
                ))
            }
        }
    }
}
