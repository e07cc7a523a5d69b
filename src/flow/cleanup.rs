//! Removing what has had its time. Never on the path of a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use super::{RETENTION, Service};
use crate::storage::{self, Aged, Ages};

/// How often rows are looked for. Salts are wiped within this time after their grace, and the time that a sweep takes:
/// seconds, or minutes where there is very much to remove.
const EVERY: Duration = Duration::from_secs(60);

impl Service {
    /// Sweeps until the task is dropped. Several processes may do so at once; they skip each
    /// other's rows.
    pub async fn keep_clean(self: Arc<Self>) {
        self.warn_of_unsafe_settings().await;
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.sweep().await {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "expired rows stay for now"
                );
            }
        }
    }

    /// A session that was answered and then lost signs somebody out; who runs the database should know.
    async fn warn_of_unsafe_settings(&self) {
        match self.db.unsafe_settings().await {
            Ok(settings) => {
                for setting in settings {
                    warn!("the database may lose sessions in a crash: {setting}");
                }
            }
            Err(error) => debug!(
                error = &error as &dyn std::error::Error,
                "the database's settings are not known"
            ),
        }
    }

    /// One sweep to its end.
    ///
    /// # Errors
    /// The database's, when it gave no answer.
    pub async fn sweep(&self) -> Result<(), storage::Error> {
        loop {
            let begun = Instant::now();
            let swept = self.db.sweep().await?;
            self.counts.swept(swept.rows());
            debug!(
                nonces = swept.nonces,
                guesses = swept.guesses,
                limits = swept.limits,
                challenges = swept.challenges,
                "expired rows removed"
            );
            if !swept.is_full() {
                break;
            }
            give_way(begun).await;
        }
        let ages = Ages {
            grace: self.lifetimes.grace,
            retention: RETENTION,
        };
        let mut all = Aged::default();
        for stretch in self.db.stretches().await? {
            let begun = Instant::now();
            let found = self.db.look(stretch, ages).await?;
            give_way(begun).await;
            if found.remains {
                all += until_done(|| self.db.shed(stretch, ages)).await?;
            }
            if found.sessions {
                for part in stretch.parts() {
                    all += until_done(|| self.db.forget(part, ages)).await?;
                }
            }
        }
        self.counts.swept(all.tokens + all.sessions);
        debug!(
            salts = all.salts,
            tokens = all.tokens,
            sessions = all.sessions,
            "what aged was removed"
        );
        self.db.retire_expired_keys().await?;
        self.note_sweep();
        Ok(())
    }
}

/// Steps until one was not full, each with its pause.
async fn until_done<S>(step: impl Fn() -> S) -> Result<Aged, storage::Error>
where
    S: Future<Output = Result<Aged, storage::Error>>,
{
    let mut all = Aged::default();
    loop {
        let begun = Instant::now();
        let aged = step().await?;
        all += aged;
        give_way(begun).await;
        if !aged.is_full() {
            return Ok(all);
        }
    }
}

/// A pause of three times as long as the work took: whoever signs in or restores finds the database free most of the time,
/// however much there is to remove.
async fn give_way(begun: Instant) {
    tokio::time::sleep(begun.elapsed() * 3).await;
}
