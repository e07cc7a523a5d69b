//! Restoring a session with its refresh token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tracing::{info, warn};

use super::{Error, Service, Tokens};
use crate::model::{Client, Flow};
use crate::storage::{self, Rotated, Rotation};
use crate::token::{RefreshToken, Salt, TokenHash};

type Outcome = Result<Arc<Rotated>, Arc<storage::Error>>;

type Statement = Shared<BoxFuture<'static, Outcome>>;

/// Statements under way, by the flow and the token they spend: equal requests in one process share one.
///
/// It saves the database the work of many tabs that wake up together. It is no cache: an entry is
/// gone when its statement is done, whether or not anybody waited for it.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashMap<(Flow, TokenHash), Statement>>);

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, HashMap<(Flow, TokenHash), Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Spends `token`, of a session of this flow, for its successor and reads the claims afresh.
    ///
    /// A retry within the grace time gets the same successor, so nobody is signed out by a lost
    /// reply or a second tab. A token that was spent before that ends the session: it was copied,
    /// and the owner cannot be told from the thief.
    ///
    /// # Errors
    /// [`Error::RefreshTokenInvalid`], or [`Error::RateLimited`] or [`Error::Unavailable`], after which the same token
    /// may be presented again.
    pub async fn restore(
        self: &Arc<Self>,
        flow: Flow,
        token: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let presented = RefreshToken::parse(token).ok_or(Error::RefreshTokenInvalid)?;
        let pen = self.signer.pen()?;
        let outcome = self
            .rotate_once(flow, &presented, client)
            .await
            .map_err(Error::Unavailable)?;
        match &*outcome {
            Rotated::Unknown => Err(Error::RefreshTokenInvalid),
            Rotated::TooMany(wait) => Err(Error::RateLimited(*wait)),
            Rotated::Reused { session_id } => {
                warn!(session.id = %session_id, "session {session_id} ended: a spent refresh token came back");
                Err(Error::RefreshTokenInvalid)
            }
            Rotated::Live { session, salt } => {
                let (user_id, id) = (session.user_id, session.session_id);
                info!(user.id = %user_id, session.id = %id, "session {id} restored");
                let refresh = presented.successor(*salt);
                Ok(self.tokens(flow, &pen, session.clone(), refresh))
            }
        }
    }

    async fn rotate_once(self: &Arc<Self>, flow: Flow, presented: &RefreshToken, client: &Client) -> Outcome {
        let statement = {
            let mut under_way = self.restores.lock();
            under_way
                .entry((flow, presented.hash()))
                .or_insert_with(|| self.begin_rotation(flow, presented, client))
                .clone()
        };
        statement.await
    }

    /// Runs on its own task: a client that goes away must not take the others' answer along, and must
    /// not leave it behind either. The task takes its entry out before anybody learns the outcome, so
    /// whoever comes later asks the database.
    fn begin_rotation(self: &Arc<Self>, flow: Flow, presented: &RefreshToken, client: &Client) -> Statement {
        let (service, client, hash) = (Arc::clone(self), client.clone(), presented.hash());
        let salt = Salt::draw(&self.entropy);
        let successor = presented.successor(salt).hash();
        let task = tokio::spawn(async move {
            let _entry = Entry {
                service: &service,
                key: (flow, hash),
            };
            let rotated = service
                .db
                .rotate(&Rotation {
                    presented: hash,
                    salt,
                    successor,
                    grace: service.lifetimes.grace,
                    flow,
                    client: &client,
                })
                .await?;
            // Here and not with each caller, so that of equal requests one looks, and all are told the same.
            if let Rotated::Live { session, .. } = &rotated
                && !service.goes_on(session, &client).await?
            {
                return Ok(Rotated::Unknown);
            }
            Ok(rotated)
        });
        async move {
            match task.await {
                Ok(Ok(rotated)) => Ok(Arc::new(rotated)),
                Ok(Err(error)) => Err(Arc::new(error)),
                Err(_) => Err(Arc::new(storage::Error::Content(
                    "the rotation's task ended early",
                ))),
            }
        }
        .boxed()
        .shared()
    }
}

/// The place of a statement among those under way; gone when its task is, however that ends.
struct Entry<'a> {
    service: &'a Service,
    key: (Flow, TokenHash),
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.service.restores.lock().remove(&self.key);
    }
}
