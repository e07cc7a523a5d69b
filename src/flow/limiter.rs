//! What may be asked how often: of one client or one person by the database, so that all processes count as one; of a
//! process as a whole by itself, so that a flood from nowhere in particular stays bounded.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::shares::Share;
use super::{Error, Service};
use crate::model::{Client, Person};
use crate::storage::{self, Admission, Admitted, Guess, Rate, SignUpLimits, Subject};

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

/// Passwords of one client that are tried or hashed at once. A process takes 65 for each thread that hashes
/// ([`super::hashers`]).
pub(super) const PASSWORDS_AT_ONCE: usize = 32;

/// Contract wallets of one client that nodes are asked about at once. A process asks about sixteen of a chain.
pub(super) const CONTRACT_CHECKS_AT_ONCE: usize = 8;

/// A process's own count: generic cell rate algorithm, by the monotonic clock.
///
/// It is for floods from everywhere. What one client does must be refused by that client's own limits before it counts
/// here, or by what gives the count back.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    used_until: Mutex<Option<Instant>>,
}

impl Bucket {
    fn of(rate: Rate) -> Self {
        Self {
            rate,
            used_until: Mutex::default(),
        }
    }

    /// Of texts and nonces.
    pub(super) fn of_challenges() -> Self {
        Self::of(GIVEN_BY_ALL)
    }

    /// Of registrations.
    pub(super) fn of_registrations() -> Self {
        Self::of(REGISTERED_BY_ALL)
    }

    /// Of passwords.
    pub(super) fn of_passwords() -> Self {
        Self::of(TRIED_BY_ALL)
    }

    /// Of new wallets, so many an hour; none for zero.
    pub(super) fn of_sign_ups(an_hour: u32) -> Option<Self> {
        Rate::an_hour(an_hour).map(Self::of)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.used_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when one more act would be counted, or how long to wait.
    fn room(&self, used_until: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
        let from = used_until.map_or(now, |until| until.max(now));
        let ahead = self.rate.ahead();
        if from > now + ahead {
            return Err(from - now - ahead);
        }
        Ok(from)
    }

    /// Says how long to wait where nothing more would be counted now. Counts nothing.
    fn check(&self, now: Instant) -> Result<(), Duration> {
        self.room(*self.lock(), now).map(drop)
    }

    /// Counts one act, or says how long to wait.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut used_until = self.lock();
        *used_until = Some(self.room(*used_until, now)? + self.rate.cost);
        Ok(())
    }

    /// Takes back what was counted for an act that did not take place.
    pub(super) fn give_back(&self) {
        let mut used_until = self.lock();
        *used_until = used_until.and_then(|until| until.checked_sub(self.rate.cost));
    }
}

impl Service {
    /// Lets a client have a text or a nonce, or says how long it must wait.
    ///
    /// The client's own count comes before the process's: what it is refused must not count for others. Only while the
    /// process gives nothing to anyone is it not even asked for, so that a flood of many addresses leaves no row for
    /// each. Of requests at the same moment the last may be refused by the process and have been counted for its client.
    pub(super) async fn may_ask(&self, client: &Client) -> Result<(), Error> {
        self.challenge_limit
            .check(Instant::now())
            .map_err(Error::RateLimited)?;
        if let Some(ip) = client.limited_ip()
            && let Some(wait) = self.db.take(Subject::Asker(ip), ASKED_BY_ONE).await?
        {
            return Err(Error::RateLimited(wait));
        }
        self.challenge_limit
            .take(Instant::now())
            .map_err(Error::RateLimited)
    }

    /// Counts a try of a password, or says how long to wait. `share` is the client's, and comes back.
    ///
    /// The process's place is reserved before the statement, because each try is a row that is kept for a week: with no
    /// place there is no row. It is given back when the client or the name is refused, so what one client is refused
    /// costs others nothing; and one client reserves no more places at once than its share. On a task of its own: a
    /// client that hangs up must neither keep the place nor have its try for nothing.
    pub(super) async fn admit(&self, guess: Guess, share: Share) -> Result<(Admitted, Share), Error> {
        self.password_limit
            .take(Instant::now())
            .map_err(Error::RateLimited)?;
        let (db, limit) = (self.db.clone(), Arc::clone(&self.password_limit));
        let counted = async move {
            let admission = db.admit_guess(&guess).await;
            if !matches!(admission, Ok(Admission::Admitted(_))) {
                limit.give_back();
            }
            (admission, share)
        };
        let counted = tokio::spawn(counted.in_current_span()).await;
        let Ok((admission, share)) = counted else {
            return Err(storage::Error::Content("the task of a try ended early").into());
        };
        match admission? {
            Admission::Wait(wait) => Err(Error::RateLimited(wait)),
            Admission::Admitted(admitted) => Ok((admitted, share)),
        }
    }

    /// Lets a guest register, or says how long they must wait. Give it back if no account came of it.
    pub(super) fn may_register(&self) -> Result<(), Error> {
        self.registration_limit
            .take(Instant::now())
            .map_err(Error::RateLimited)
    }

    /// What a wallet counts against that signs in for the first time. It has no place yet where the process counts.
    pub(super) fn sign_up_limits(&self, client: &Client) -> SignUpLimits {
        let of_client = client.limited_ip().map(Subject::SignUpsOfClient);
        SignUpLimits {
            of_client: of_client.zip(Rate::an_hour(self.sign_ups_per_client)),
            has_place: self.sign_up_limit.is_none(),
        }
    }

    /// Runs the statement in which a new wallet signs up, with a place of the process, or says how long to wait.
    ///
    /// Its first statement found the wallet new, its proof good, and room in its client's limit, and wrote nothing. So
    /// known wallets need no place and no second statement, and what a client is refused takes no place. The place is
    /// given back unless a user came of it. On a task of its own: a client that hangs up must neither keep the place nor
    /// sign up without one.
    pub(super) async fn sign_up<T: Send + 'static>(
        &self,
        signing_up: impl Future<Output = Result<T, storage::Error>> + Send + 'static,
        is_new: impl Fn(&T) -> bool + Send + 'static,
    ) -> Result<T, Error> {
        let limit = self.sign_up_limit.clone();
        if let Some(limit) = &limit {
            limit.take(Instant::now()).map_err(Error::RateLimited)?;
        }
        let counted = async move {
            let outcome = signing_up.await;
            if let Some(limit) = limit
                && !outcome.as_ref().is_ok_and(is_new)
            {
                limit.give_back();
            }
            outcome
        };
        match tokio::spawn(counted.in_current_span()).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(storage::Error::Content("the task of a sign-up ended early").into()),
        }
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

    const RATE: Rate = Rate {
        cost: Duration::from_secs(2),
        burst: 3,
    };

    #[test]
    fn a_burst_is_let_through_and_then_what_time_has_paid_for() {
        let (bucket, now) = (Bucket::of(RATE), Instant::now());
        for _ in 0..3 {
            bucket.take(now).unwrap();
        }
        assert_eq!(bucket.take(now), Err(Duration::from_secs(2)));
        let later = now + Duration::from_secs(2);
        bucket.take(later).unwrap();
        assert_eq!(bucket.take(later), Err(Duration::from_secs(2)));
        let much_later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            bucket.take(much_later).unwrap();
        }
        assert!(bucket.take(much_later).is_err(), "a quiet hour is no credit");
    }

    #[test]
    fn what_is_given_back_or_only_checked_counts_for_nothing() {
        let (bucket, now) = (Bucket::of(RATE), Instant::now());
        for _ in 0..1000 {
            bucket.check(now).unwrap();
            bucket.take(now).unwrap();
            bucket.give_back();
        }
        for _ in 0..3 {
            bucket.take(now).unwrap();
        }
        assert_eq!(bucket.check(now), Err(Duration::from_secs(2)));
        bucket.give_back();
        bucket.take(now).unwrap();
        assert!(bucket.take(now).is_err());
        let much_later = now + Duration::from_secs(3600);
        bucket.give_back();
        for _ in 0..3 {
            bucket.take(much_later).unwrap();
        }
        assert!(
            bucket.take(much_later).is_err(),
            "what was given back is no credit"
        );
    }
}
