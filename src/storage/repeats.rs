//! Statements that PostgreSQL rolled back for the sake of another, and that run again.
//!
//! After a serialization failure (40001) or a deadlock (40P01) nothing of the statement, or of the whole transaction, has
//! happened, and nothing that it announced was sent. Each of [`super::STATEMENTS`] takes all of its values as parameters
//! and is a transaction by itself, or runs in one that [`Db::repeated`] begins anew. So all of them are safe to repeat.
//! Migrations are not among them, and run once.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tracing::info;

use super::{Db, Error};
use crate::entropy::Entropy;

/// Runs of one statement, the first one included.
const MAX_RUNS: u32 = 5;
/// The longest pause before the second run. Each pause may be twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// No run begins later than this after the first. With the wait for a connection (3 s) and the time of a statement (6 s) it stays
/// within the time of a request (12 s).
const WINDOW: Duration = Duration::from_secs(3);

/// The runs of one statement.
struct Repeats<'a> {
    entropy: &'a Entropy,
    begun: Instant,
    runs: u32,
}

impl Repeats<'_> {
    /// The pause before the next run; `None` if there is none.
    fn pause(&self, error: &Error) -> Option<Duration> {
        let is_rolled_back = error.code().is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        });
        if !is_rolled_back || self.runs >= MAX_RUNS {
            return None;
        }
        // Two that stood in each other's way must not meet again.
        let longest = FIRST_PAUSE * 2_u32.pow(self.runs - 1);
        let share = f64::from(u32::from_be_bytes(self.entropy.bytes())) / f64::from(u32::MAX);
        let pause = longest.mul_f64(share);
        (self.begun.elapsed() + pause < WINDOW).then_some(pause)
    }
}

impl Db {
    /// Runs a statement, or a transaction from its beginning, until PostgreSQL does not roll it back for the sake of another.
    pub(super) async fn repeated<T, F>(&self, run: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut repeats = Repeats {
            entropy: &self.entropy,
            begun: Instant::now(),
            runs: 1,
        };
        loop {
            let error = match run().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = repeats.pause(&error) else {
                self.writes.note(&error);
                return Err(error);
            };
            info!(
                cause = error.for_the_log(),
                run = repeats.runs,
                "a statement was rolled back for another and runs again"
            );
            tokio::time::sleep(pause).await;
            repeats.runs += 1;
        }
    }
}
