//! Removing what has had its time. Never on the path of a request.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::{RETENTION, Service};

/// How often rows are looked for. Salts are wiped within this time after their grace.
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
    pub async fn sweep(&self) -> Result<(), crate::storage::Error> {
        loop {
            let swept = self.db.sweep(self.lifetimes.grace, RETENTION).await?;
            debug!(
                nonces = swept.nonces,
                guesses = swept.guesses,
                limits = swept.limits,
                challenges = swept.challenges,
                salts = swept.salts,
                tokens = swept.tokens,
                sessions = swept.sessions,
                "expired rows removed"
            );
            if !swept.is_full() {
                break;
            }
        }
        self.db.retire_expired_keys().await?;
        Ok(())
    }
}
