//! Hashing and checking passwords, as many at once as there are threads for it. Who is not known costs
//! the same work as who is. It does not count attempts and knows no accounts.

use std::sync::Arc;
use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};
use tracing::{Instrument, error};

use super::hash::Recipe;
use super::pool::{Load, Pool};
use super::{Busy, Cost, Password, PasswordHash};
use crate::entropy::Entropy;
use crate::trace;

/// Threads that compute argon2id. They end when this is dropped.
#[derive(Debug)]
pub struct Hashers {
    pool: Pool,
    cost: Cost,
    dummy: Arc<Recipe>,
    entropy: Entropy,
    seconds: Histogram,
    refused: Counter,
}

/// What came of holding a password against a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the password is the one that was set.
    pub matches: bool,
    /// Whether it should be hashed anew, because what is stored is weaker than what is made today. Never
    /// true without a match: nobody's wrong guess becomes a hash.
    pub outdated: bool,
}

impl Hashers {
    /// Starts `threads` threads, at least one, before which `queue` callers may wait. Each thread takes
    /// 19 MiB while it works.
    pub fn new(threads: usize, queue: usize, entropy: Entropy) -> Self {
        Self::with_cost(threads, queue, Cost::OWASP, entropy)
    }

    /// As [`Hashers::new`], with hashes of another cost: for tests, which hash often.
    pub fn with_cost(threads: usize, queue: usize, cost: Cost, entropy: Entropy) -> Self {
        Self {
            pool: Pool::new("password", threads, queue),
            cost,
            dummy: Arc::new(Recipe::dummy(cost, &entropy)),
            entropy,
            seconds: histogram!("hasura_siwe_password_seconds"),
            refused: counter!("hasura_siwe_password_refused_total"),
        }
    }

    /// Hashes a password that is being set.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Busy> {
        let (cost, salt) = (self.cost, self.entropy.bytes());
        let made = self
            .run(move || PasswordHash::make(&password, cost, &salt))
            .await?;
        made.map_err(no_memory)
    }

    /// Holds `password` against what is stored. `None` is an account that is not there or has no password:
    /// it costs the work of a hash made today, and nothing matches.
    ///
    /// A hash that cannot be read, or that asks for more than 256 MiB or 16 passes, is treated in the same
    /// manner; the log learns of it, the stranger does not. A hash made at a lower cost is checked sooner
    /// than the others, until its owner logs in and it is made anew.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already.
    pub async fn verify(&self, password: Password, stored: Option<PasswordHash>) -> Result<Verdict, Busy> {
        let read = stored.and_then(|hash| {
            Recipe::read(hash.as_str())
                .inspect_err(|fault| error!(cause = %fault, "a stored password hash cannot be used"))
                .ok()
        });
        let is_real = read.is_some();
        let recipe = read.map_or_else(|| Arc::clone(&self.dummy), Arc::new);
        let outdated = recipe.is_outdated(self.cost);
        let checked = self.run(move || recipe.matches(&password)).await?;
        let matches = checked.map_err(no_memory)? && is_real;
        Ok(Verdict {
            matches,
            outdated: matches && outdated,
        })
    }

    /// The wait for a thread is part of the time: it is what the caller feels.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let begun = Instant::now();
        let span = trace::part!("password hash", otel.status_code = tracing::field::Empty);
        let done = self.pool.run(work).instrument(span.clone()).await;
        match &done {
            Ok(_) => self.seconds.record(begun.elapsed()),
            Err(Busy) => {
                self.refused.increment(1);
                span.record("otel.status_code", "ERROR");
            }
        }
        done
    }

    /// What the threads are at.
    pub fn load(&self) -> Load {
        self.pool.load()
    }

    /// How many callers wait for a thread.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }
}

/// The only fault argon2 has once its parameters are judged. It passes when others have finished.
fn no_memory(fault: argon2::Error) -> Busy {
    error!(cause = %fault, "a password could not be hashed");
    Busy
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;

    fn hashers() -> Hashers {
        Hashers::with_cost(1, 1, Cost::new(64, 2).unwrap(), Entropy::system())
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    const NO: Verdict = Verdict {
        matches: false,
        outdated: false,
    };

    #[tokio::test]
    async fn a_hash_matches_its_own_password_alone_and_has_a_salt_of_its_own() {
        let hashers = hashers();
        let hash = hashers.hash(password("correct horse")).await.unwrap();
        let again = hashers.hash(password("correct horse")).await.unwrap();
        assert_ne!(hash, again);
        let right = hashers
            .verify(password("correct horse"), Some(hash.clone()))
            .await
            .unwrap();
        assert_eq!(
            right,
            Verdict {
                matches: true,
                outdated: false
            }
        );
        let wrong = hashers.verify(password("correct horsf"), Some(hash)).await;
        assert_eq!(wrong, Ok(NO));
        assert_eq!(hashers.waiting(), 0);
    }

    #[tokio::test]
    async fn a_match_at_a_lower_cost_is_outdated_and_a_mismatch_is_not() {
        let hash = hashers().hash(password("correct horse")).await.unwrap();
        let dearer = Hashers::with_cost(1, 1, Cost::new(128, 2).unwrap(), Entropy::system());
        let right = dearer
            .verify(password("correct horse"), Some(hash.clone()))
            .await
            .unwrap();
        assert_eq!(
            right,
            Verdict {
                matches: true,
                outdated: true
            }
        );
        let wrong = dearer.verify(password("correct horsf"), Some(hash)).await;
        assert_eq!(wrong, Ok(NO));
    }

    #[tokio::test]
    async fn nobody_and_a_row_that_cannot_be_used_match_no_password() {
        let hashers = hashers();
        let good = hashers.hash(password("correct horse")).await.unwrap();
        let stored = |text: String| Some(PasswordHash::stored(text));
        for stored in [
            None,
            stored(String::new()),
            stored("correct horse".to_owned()),
            stored(good.as_str().replace("m=64", "m=4294967295")),
            stored(good.as_str().replace("t=2", "t=4294967295")),
        ] {
            assert_eq!(hashers.verify(password("correct horse"), stored).await, Ok(NO));
        }
    }

    #[tokio::test]
    async fn the_dummy_costs_what_a_hash_made_today_costs() {
        let hashers = hashers();
        assert!(!hashers.dummy.is_outdated(hashers.cost));
        assert!(hashers.dummy.is_outdated(Cost::new(65, 2).unwrap()));
    }

    #[tokio::test]
    async fn when_all_threads_are_at_work_somebody_and_nobody_are_told_to_come_back_alike() {
        let hashers = Hashers::with_cost(1, 0, Cost::new(64, 2).unwrap(), Entropy::system());
        let hash = hashers.hash(password("correct horse")).await.unwrap();
        let (end, ended) = mpsc::channel::<()>();
        let mut running = pin!(hashers.pool.run(move || ended.recv()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut context).is_pending());

        for stored in [Some(hash), Some(PasswordHash::stored(String::new())), None] {
            assert_eq!(hashers.verify(password("correct horse"), stored).await, Err(Busy));
        }
        assert_eq!(hashers.hash(password("correct horse")).await, Err(Busy));
        drop(end);
    }

    #[tokio::test]
    async fn debug_shows_nothing_secret() {
        let shown = format!("{:?}", hashers());
        assert!(shown.contains("Recipe(***)"), "{shown}");
    }
}
