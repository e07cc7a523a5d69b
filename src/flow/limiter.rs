//! What may be asked how often: of one client or one person by the database, so that all processes count as one; of a
//! process as a whole by itself, so that a flood from nowhere in particular stays bounded.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{Error, Service};
use crate::model::{Client, Person};
use crate::storage::{Rate, Subject};

/// Texts and nonces that one client may ask for: three hundred at once, because an office may be behind one address,
/// then five a second.
const ASKED_BY_ONE: Rate = Rate {
    cost: Duration::from_millis(200),
    burst: 300,
};

/// Changes that one person may make to their own account: thirty at once, then one in two seconds.
const CHANGED_BY_ONE: Rate = Rate {
    cost: Duration::from_secs(2),
    burst: 30,
};

/// Texts and nonces that one process gives: five thousand at once, then two hundred a second. Within the ten minutes
/// that a nonce lives the table holds no more than 125,000 of a process, and with SIWE_CONTRACT_MAX_AGE of 24 hours 17 million.
const GIVEN_BY_ALL: Rate = Rate {
    cost: Duration::from_millis(5),
    burst: 5000,
};

/// Accounts that one process registers: two hundred at once, then one a second. Each is a row for good.
const REGISTERED_BY_ALL: Rate = Rate {
    cost: Duration::from_secs(1),
    burst: 200,
};

/// Passwords that one process looks at: a thousand at once, then a hundred a second, which is more than it can hash. Each
/// try of a name is a row for a week.
const TRIED_BY_ALL: Rate = Rate {
    cost: Duration::from_millis(10),
    burst: 1000,
};

/// A process's own count: generic cell rate algorithm, by the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Bucket(Mutex<Option<Instant>>);

impl Bucket {
    /// Counts one act, or says how long to wait.
    fn take(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut used_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = used_until.map_or(now, |until| until.max(now));
        let ahead = rate.cost * rate.burst.saturating_sub(1);
        if from > now + ahead {
            return Err(from - now - ahead);
        }
        *used_until = Some(from + rate.cost);
        Ok(())
    }
}

impl Service {
    /// Lets a client have a text or a nonce, or says how long it must wait.
    pub(super) async fn may_ask(&self, client: &Client) -> Result<(), Error> {
        // The client's own count first: what it is refused must not count for others.
        if let Some(ip) = client.limited_ip()
            && let Some(wait) = self.db.take(Subject::Asker(ip), ASKED_BY_ONE).await?
        {
            return Err(Error::RateLimited(wait));
        }
        self.given
            .take(GIVEN_BY_ALL, Instant::now())
            .map_err(Error::RateLimited)
    }

    /// Lets a password be tried, or says how long to wait.
    pub(super) fn may_try(&self) -> Result<(), Error> {
        self.tried
            .take(TRIED_BY_ALL, Instant::now())
            .map_err(Error::RateLimited)
    }

    /// Lets a guest register, or says how long they must wait.
    pub(super) fn may_register(&self) -> Result<(), Error> {
        self.registered
            .take(REGISTERED_BY_ALL, Instant::now())
            .map_err(Error::RateLimited)
    }

    /// Lets a person change something of their own, or says how long they must wait.
    pub(super) async fn may_change(&self, person: Person) -> Result<(), Error> {
        match self
            .db
            .take(Subject::User(person.user_id), CHANGED_BY_ONE)
            .await?
        {
            None => Ok(()),
            Some(wait) => Err(Error::RateLimited(wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_what_time_has_paid_for() {
        let rate = Rate {
            cost: Duration::from_secs(2),
            burst: 3,
        };
        let (bucket, now) = (Bucket::default(), Instant::now());
        for _ in 0..3 {
            bucket.take(rate, now).unwrap();
        }
        assert_eq!(bucket.take(rate, now), Err(Duration::from_secs(2)));
        let later = now + Duration::from_secs(2);
        bucket.take(rate, later).unwrap();
        assert_eq!(bucket.take(rate, later), Err(Duration::from_secs(2)));
        let much_later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            bucket.take(rate, much_later).unwrap();
        }
        assert!(
            bucket.take(rate, much_later).is_err(),
            "a quiet hour is no credit"
        );
    }
}
