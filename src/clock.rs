//! The time, as a value that is passed in.
//!
//! One clock serves a whole process. It runs with the system's clock and may stand ahead of it (or
//! behind) by an offset that only tests set; the statements in `storage` add the same offset to the
//! database's clock, so that a test can play the whole service at another date. It is not a timer:
//! nothing sleeps on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

/// The system's clock, with an offset for tests. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The system's own time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `instant` now and runs on from there.
    pub fn starting_at(instant: OffsetDateTime) -> Self {
        let clock = Self::default();
        clock.advance(instant - clock.now());
        clock
    }

    /// The current instant, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the system's clock"
        )]
        let system = SystemTime::now();
        OffsetDateTime::from(system) + self.ahead()
    }

    /// How far this clock stands ahead of the system's: zero except in tests.
    pub fn ahead(&self) -> Duration {
        Duration::milliseconds(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock; every clone moves with it.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.whole_milliseconds()).expect("a test stays within the calendar");
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
