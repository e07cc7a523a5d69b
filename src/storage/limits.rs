//! What may be done how often, counted in the database, so that several processes count as one.
//!
//! Generic cell rate algorithm: each act uses `cost` of its subject's time, and a subject may be `ahead` of the clock by
//! so much. What is refused writes nothing.

use std::net::IpAddr;
use std::time::Duration;

use uuid::Uuid;

use super::opening::moment;
use super::{Db, Error};

/// How much may be done.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How long one act is paid for by waiting.
    pub cost: Duration,
    /// How many may come at once after a quiet time.
    pub burst: u32,
}

impl Rate {
    /// So many acts an hour, and as many at once after a quiet hour. `None` for zero.
    pub fn an_hour(acts: u32) -> Option<Self> {
        let cost = Duration::from_secs(3600).checked_div(acts)?;
        Some(Self { cost, burst: acts })
    }

    /// How far a subject may be ahead of the clock and still act.
    pub fn ahead(self) -> Duration {
        self.cost * self.burst.saturating_sub(1)
    }
}

/// Who does something that is limited.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A client, by its address.
    Asker(IpAddr),
    /// Somebody who is signed in.
    User(Uuid),
    /// A client whose new wallets sign up.
    SignUpsOfClient(IpAddr),
}

impl Subject {
    /// Its key in `auth.limits`.
    pub(super) fn key(self) -> String {
        match self {
            Self::Asker(ip) => format!("asker:{ip}"),
            Self::User(id) => format!("user:{id}"),
            Self::SignUpsOfClient(ip) => format!("sign-ups:{ip}"),
        }
    }
}

/// `$name (subject)`: a row of the limit of `$subject`, if it may act now and `$condition` holds. Stands behind
/// [`moment`]; `$cost` and `$ahead` are intervals.
///
/// A subject that has a row is judged by the time after the wait for that row, not by `moment`: what waited would
/// otherwise be refused although it was free by then.
macro_rules! limited {
    ($name:literal, $subject:expr, $cost:expr, $ahead:expr, $condition:expr) => {
        concat!(
            ",
",
            $name,
            " as (
  insert into auth.limits as l (subject, used_until)
  select ",
            $subject,
            ", now + ",
            $cost,
            "
  from moment
  where ",
            $condition,
            "
  on conflict (subject) do update
  set used_until = greatest(l.used_until, ",
            $crate::storage::opening::clock!(),
            ") + ",
            $cost,
            "
  where l.used_until <= ",
            $crate::storage::opening::clock!(),
            " + ",
            $ahead,
            "
  returning subject
)"
        )
    };
}

/// `wait (seconds)`: how long `$subject` has to wait if [`limited`] left no row. Stands behind it.
macro_rules! wait_of_limited {
    ($subject:literal, $ahead:literal) => {
        concat!(
            ",
wait as materialized (
  select extract(epoch from l.used_until - ",
            $ahead,
            " - now)::double precision as seconds
  from auth.limits l, moment
  where l.subject = ",
            $subject,
            " and not exists (select from limited)
)"
        )
    };
}

pub(super) use {limited, wait_of_limited};

pub(super) const TAKE: &str = concat!(
    moment!(),
    limited!(
        "limited",
        "$2",
        "make_interval(secs => $3)",
        "make_interval(secs => $4)",
        "true"
    ),
    wait_of_limited!("$2", "make_interval(secs => $4)"),
    "
select exists (select from limited) as admitted, (select seconds from wait) as wait"
);

/// The wait of a statement that was refused; at least a second, because the row may be younger than what was read.
pub(super) fn wait(seconds: Option<f64>) -> Duration {
    let read = Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default();
    read.max(Duration::from_secs(1))
}

impl Db {
    /// Counts one act of `subject`. When there were too many, how long to wait; nothing is counted then.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn take(&self, subject: Subject, rate: Rate) -> Result<Option<Duration>, Error> {
        let row = self
            .query_one(
                TAKE,
                &[
                    &self.clock_offset(),
                    &subject.key(),
                    &rate.cost.as_secs_f64(),
                    &rate.ahead().as_secs_f64(),
                ],
            )
            .await?;
        Ok((!row.get::<_, bool>("admitted")).then(|| wait(row.get("wait"))))
    }
}
