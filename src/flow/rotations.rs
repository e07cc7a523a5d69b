//! Restores on their way to the database: equal ones share a place, and those that come while others are under way go
//! together.
//!
//! One statement runs at a time. Whoever comes when none does goes at once and alone; otherwise it waits for the next,
//! with all who wait, and shares its commit. So a process that has little to do answers as fast as the database, and one to
//! which thousands of clients come back at once does several times as many restores as it could one by one. It is no
//! cache: an entry is gone when its statement is done, whether or not anybody waited for it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::{Service, Tokens};
use crate::model::{Client, Flow};
use crate::storage::{self, Rotated, Rotation};
use crate::token::{RefreshToken, Salt, TokenHash};
use crate::trace;

/// What became of a restore, for everybody who asked for the same.
pub(super) type Outcome = Result<Arc<Restored>, Arc<storage::Error>>;

/// What a statement said, and the tokens that were made of it.
pub(super) struct Restored {
    pub(super) rotated: Rotated,
    /// Signed once for all who share the statement: the database counts statements, and so it counts access tokens.
    pub(super) tokens: OnceLock<Tokens>,
}

type Answer = Shared<BoxFuture<'static, Outcome>>;

/// Statements that run at a time. Two would share less, and wait for each other's commits: with two a process did four
/// fifths of what it does with one, and several processes together two thirds.
const STATEMENTS: usize = 1;

/// One that takes longer waits for a row, a standby or a line, and those who come meanwhile do not wait with it.
const PATIENCE: Duration = Duration::from_millis(25);

/// Restores of one statement, at most: its time stays a few milliseconds.
const MOST: usize = 64;

/// The restores of a process.
#[derive(Default)]
pub(super) struct Rotations(Mutex<UnderWay>);

#[derive(Default)]
struct UnderWay {
    /// By the flow and the token that they spend.
    answers: HashMap<(Flow, TokenHash), Answer>,
    /// Those that no statement has taken yet.
    waiting: Vec<Waiting>,
    statements: usize,
}

impl Restored {
    fn of(rotated: Rotated) -> Arc<Self> {
        Arc::new(Self {
            rotated,
            tokens: OnceLock::new(),
        })
    }
}

/// A restore, and who is to be told.
struct Waiting {
    rotation: Rotation,
    tell: oneshot::Sender<Outcome>,
    entry: Entry,
    /// The request that asked first, where it is traced.
    span: Span,
}

/// The place among the answers; gone when the statement is done, however that ends.
struct Entry {
    service: Arc<Service>,
    key: (Flow, TokenHash),
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.service.rotations.lock().answers.remove(&self.key);
    }
}

impl Rotations {
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// The restores of the next statement.
    fn next(&mut self) -> Vec<Waiting> {
        let many = self.waiting.len().min(MOST);
        self.waiting.drain(..many).collect()
    }
}

impl Waiting {
    /// The entry goes first, so whoever comes later asks the database.
    fn tell(self, outcome: Outcome) {
        let Self { tell, entry, .. } = self;
        // Here, where it is once, and not with each who asked.
        if let Ok(outcome) = &outcome
            && matches!(outcome.rotated, Rotated::Reused { .. })
        {
            entry.service.counts.reuse();
        }
        drop(entry);
        // Whoever asked may have gone away.
        let _ = tell.send(outcome);
    }
}

impl Service {
    /// Spends `presented` once for all who present it at this moment.
    pub(super) async fn rotate_once(
        self: &Arc<Self>,
        flow: Flow,
        presented: &RefreshToken,
        client: &Client,
    ) -> Outcome {
        let key = (flow, presented.hash());
        let (answer, statement) = {
            let mut under_way = self.rotations.lock();
            match under_way.answers.get(&key) {
                Some(answer) => (answer.clone(), None),
                None => {
                    let (waiting, answer) = self.waiting(key, presented, client);
                    under_way.answers.insert(key, answer.clone());
                    under_way.waiting.push(waiting);
                    let is_free = under_way.statements < STATEMENTS;
                    under_way.statements += usize::from(is_free);
                    (answer, is_free.then(|| under_way.next()))
                }
            }
        };
        if let Some(first) = statement {
            // On its own task: a client that goes away must not take the others' answer along.
            tokio::spawn(Arc::clone(self).rotate_while_somebody_waits(first));
        }
        answer.await
    }

    fn waiting(
        self: &Arc<Self>,
        key: (Flow, TokenHash),
        presented: &RefreshToken,
        client: &Client,
    ) -> (Waiting, Answer) {
        let salt = Salt::draw(&self.entropy);
        let (tell, told) = oneshot::channel();
        let waiting = Waiting {
            rotation: Rotation {
                presented: key.1,
                salt,
                successor: presented.successor(salt).hash(),
                grace: self.lifetimes.grace,
                flow: key.0,
                client: client.clone(),
            },
            tell,
            entry: Entry {
                service: Arc::clone(self),
                key,
            },
            span: trace::current(),
        };
        let answer = told.map(|told| {
            told.unwrap_or_else(|_| {
                Err(Arc::new(storage::Error::Content(
                    "the rotation's task ended early",
                )))
            })
        });
        (waiting, answer.boxed().shared())
    }

    async fn rotate_while_somebody_waits(self: Arc<Self>, mut batch: Vec<Waiting>) {
        let place = Place(&self.rotations);
        loop {
            let span = span_of(&batch);
            let mut rotating = pin!(self.rotate_batch(batch).instrument(span));
            let is_slow = tokio::time::timeout(PATIENCE, &mut rotating).await.is_err();
            let next = {
                let mut under_way = self.rotations.lock();
                let next = under_way.next();
                // Under the same lock: whoever comes now finds the place free.
                under_way.statements -= usize::from(next.is_empty());
                next
            };
            if is_slow {
                std::mem::forget(place);
                if !next.is_empty() {
                    tokio::spawn(Arc::clone(&self).rotate_boxed(next));
                }
                rotating.await;
                return;
            }
            if next.is_empty() {
                std::mem::forget(place);
                return;
            }
            batch = next;
        }
    }

    /// A future that starts another of its own kind has no size unless it is boxed.
    fn rotate_boxed(self: Arc<Self>, batch: Vec<Waiting>) -> BoxFuture<'static, ()> {
        self.rotate_while_somebody_waits(batch).boxed()
    }

    async fn rotate_batch(self: &Arc<Self>, batch: Vec<Waiting>) {
        self.counts.statement_of(batch.len());
        let rotations: Vec<&Rotation> = batch.iter().map(|waiting| &waiting.rotation).collect();
        let rotated = match rotations.as_slice() {
            // Alone it may wait for its row.
            [one] => self.db.rotate(one).await.map(|rotated| vec![Some(rotated)]),
            many => self.db.rotate_many(many).await,
        };
        match rotated {
            Ok(rotated) => {
                for (waiting, rotated) in batch.into_iter().zip(rotated) {
                    self.settle(waiting, rotated);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for waiting in batch {
                    waiting.tell(Err(Arc::clone(&error)));
                }
            }
        }
    }

    /// Tells what is known, and finds out what is not without keeping the others waiting.
    fn settle(self: &Arc<Self>, waiting: Waiting, rotated: Option<Rotated>) {
        match rotated {
            Some(Rotated::Live { session, salts }) if session.contract_on.is_some() => {
                let service = Arc::clone(self);
                let span = waiting.span.clone();
                let look = async move {
                    // Here and not with each caller, so that of equal requests one looks, and all are told the same.
                    let outcome = match service.goes_on(&session, &waiting.rotation.client).await {
                        Ok(true) => Ok(Restored::of(Rotated::Live { session, salts })),
                        Ok(false) => Ok(Restored::of(Rotated::Unknown)),
                        Err(error) => Err(Arc::new(error)),
                    };
                    waiting.tell(outcome);
                };
                tokio::spawn(look.instrument(span));
            }
            Some(rotated) => waiting.tell(Ok(Restored::of(rotated))),
            None => {
                let service = Arc::clone(self);
                let span = waiting.span.clone();
                let alone = async move {
                    service.counts.statement_of(1);
                    match service.db.rotate(&waiting.rotation).await {
                        Ok(rotated @ Rotated::Live { .. }) => service.settle(waiting, Some(rotated)),
                        Ok(rotated) => waiting.tell(Ok(Restored::of(rotated))),
                        Err(error) => waiting.tell(Err(Arc::new(error))),
                    }
                };
                tokio::spawn(alone.instrument(span));
            }
        }
    }
}

/// A statement of these restores: part of the first one's trace, and linked to those of the others.
fn span_of(batch: &[Waiting]) -> Span {
    let mut traced = batch
        .iter()
        .map(|waiting| &waiting.span)
        .filter(|span| !span.is_disabled());
    let Some(first) = traced.next() else {
        return Span::none();
    };
    let span = trace::span!(parent: first, "restores", restores = batch.len());
    for other in traced {
        span.follows_from(other);
    }
    span
}

/// One of the statements that run at a time, until its task ends early.
struct Place<'a>(&'a Rotations);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.lock();
        under_way.statements -= 1;
        // Where another statement runs, its task takes on whoever waits; otherwise they are told that nothing came of it.
        let left = match under_way.statements {
            0 => std::mem::take(&mut under_way.waiting),
            _ => Vec::new(),
        };
        drop(under_way);
        drop(left);
    }
}
