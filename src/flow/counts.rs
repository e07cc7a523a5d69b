//! What the flows count for METRICS_ADDR. A handle that is asked for once costs an addition where something is counted;
//! what is rare is looked up by its name. Without METRICS_ADDR each of them goes nowhere.
//!
//! Labels are words of this program alone. What an alarm watches is there from the start, at 0: the first of a kind would
//! be no increase otherwise.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{Error, Service};
use crate::model::Flow;

const LOG_INS: &str = "hasura_siwe_log_ins_total";
const RESTORES: &str = "hasura_siwe_restores_total";
const ENDED: &str = "hasura_siwe_sessions_ended_total";

/// Results of a log-in that are there from the start.
const EXPECTED: [&str; 8] = [
    "ok",
    "account_disabled",
    "credentials_invalid",
    "nonce_invalid",
    "purpose_mismatch",
    "rate_limited",
    "signature_invalid",
    "unavailable",
];

/// Reasons for which a process ends sessions.
const REASONS: [&str; 8] = [
    REUSE,
    "logout",
    "logout_all",
    "ended",
    "password_changed",
    "wallet_unlinked",
    "wallet_gone",
    "account_deleted",
];

const REUSE: &str = "reuse";

/// What is counted often, or not where a request is.
pub(super) struct Counts {
    restored: Counter,
    reuses: Counter,
    restores_of_statement: Histogram,
    swept: Counter,
    swept_at: Gauge,
    listening: Gauge,
}

impl Counts {
    pub(super) fn new() -> Self {
        for flow in Flow::ALL {
            for result in EXPECTED {
                counter!(LOG_INS, "flow" => flow.as_str(), "result" => result).increment(0);
            }
        }
        for result in ["refresh_token_invalid", "rate_limited", "unavailable"] {
            counter!(RESTORES, "result" => result).increment(0);
        }
        for reason in REASONS {
            counter!(ENDED, "reason" => reason).increment(0);
        }
        Self {
            restored: counter!(RESTORES, "result" => "ok"),
            reuses: counter!("hasura_siwe_refresh_token_reuses_total"),
            restores_of_statement: histogram!("hasura_siwe_restores_of_statement"),
            swept: counter!("hasura_siwe_cleanup_rows_total"),
            swept_at: gauge!("hasura_siwe_cleanup_last_success_timestamp_seconds"),
            listening: gauge!("hasura_siwe_announcements_connected"),
        }
    }

    /// Counts a log-in by what came of it, and hands that on.
    pub(super) fn log_in<T>(&self, flow: Flow, outcome: Result<T, Error>) -> Result<T, Error> {
        let result = outcome.as_ref().err().map_or("ok", Error::code);
        counter!(LOG_INS, "flow" => flow.as_str(), "result" => result).increment(1);
        outcome
    }

    /// The same of a restore.
    pub(super) fn restore<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        match &outcome {
            Ok(_) => self.restored.increment(1),
            Err(error) => counter!(RESTORES, "result" => error.code()).increment(1),
        }
        outcome
    }

    /// A statement of that many restores.
    pub(super) fn statement_of(&self, restores: usize) {
        self.restores_of_statement.record(as_gauge(restores));
    }

    /// A spent token came back, and its session ended.
    pub(super) fn reuse(&self) {
        self.reuses.increment(1);
        self.ended(REUSE, 1);
    }

    /// Sessions that this process ended.
    pub(super) fn ended(&self, reason: &'static str, sessions: i64) {
        counter!(ENDED, "reason" => reason).increment(sessions.unsigned_abs());
    }

    /// Rows that the cleanup removed.
    pub(super) fn swept(&self, rows: u64) {
        self.swept.increment(rows);
    }

    /// Whether the announcements of the database are heard.
    pub(super) fn listening(&self, is_connected: bool) {
        self.listening.set(if is_connected { 1.0 } else { 0.0 });
    }
}

impl Service {
    /// A sweep came to its end.
    pub(super) fn note_sweep(&self) {
        self.counts.swept_at.set(self.clock.now().unix_timestamp() as f64);
    }

    /// Writes down what is the case just now. To be called before each look at it.
    pub fn measure(&self) {
        let pool = self.db.pool_status();
        gauge!("hasura_siwe_pool_connections").set(as_gauge(pool.size));
        gauge!("hasura_siwe_pool_capacity").set(as_gauge(pool.max_size));
        gauge!("hasura_siwe_pool_idle").set(as_gauge(pool.available));
        gauge!("hasura_siwe_pool_waiting").set(as_gauge(pool.waiting));
        gauge!("hasura_siwe_session_cache_entries").set(self.live.len() as f64);
        gauge!("hasura_siwe_token_cache_entries").set(self.seen.len() as f64);
        let load = self.hashers.load();
        gauge!("hasura_siwe_password_threads").set(as_gauge(load.threads));
        gauge!("hasura_siwe_password_threads_busy").set(as_gauge(load.busy));
        gauge!("hasura_siwe_password_waiting").set(as_gauge(load.waiting));
        gauge!("hasura_siwe_password_waiting_capacity").set(as_gauge(load.queue));
        let (keys, now) = (self.ring.keys(), self.clock.now());
        gauge!("hasura_siwe_signing_key_usable").set(if self.key_fault().is_none() { 1.0 } else { 0.0 });
        gauge!("hasura_siwe_published_keys").set(as_gauge(keys.published_at(now)));
        if let Some(since) = keys.signs_since() {
            gauge!("hasura_siwe_signing_key_age_seconds").set((now - since).as_seconds_f64());
        }
    }
}

fn as_gauge(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
