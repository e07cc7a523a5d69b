//! What may be done how often, counted in the database, so that several processes count as one.
//!
//! Generic cell rate algorithm: each act uses `cost` of its subject's time, and a subject may be `ahead` of the clock by
//! so much. What is refused writes nothing.

use std::time::Duration;

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

/// Who does something that is limited.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A client, by its address.
    Asker(std::net::IpAddr),
    /// Somebody who is signed in.
    User(uuid::Uuid),
}

/// A row of the limit of `$subject`, if it may act now: `limited (subject)`, and `wait (seconds)` for when it may not.
/// Stands behind [`moment`]; `$cost` and `$ahead` are intervals.
macro_rules! limited {
    ($subject:literal, $cost:literal, $ahead:literal) => {
        concat!(
            ",
limited as (
  insert into auth.limits as l (subject, used_until)
  select ",
            $subject,
            ", now + ",
            $cost,
            "
  from moment
  on conflict (subject) do update
  set used_until = greatest(l.used_until, excluded.used_until - ",
            $cost,
            ") + ",
            $cost,
            "
  where l.used_until <= excluded.used_until - ",
            $cost,
            " + ",
            $ahead,
            "
  returning subject
),
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

pub(super) use limited;

pub(super) const TAKE: &str = concat!(
    moment!(),
    limited!("$2", "make_interval(secs => $3)", "make_interval(secs => $4)"),
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
        let subject = match subject {
            Subject::Asker(ip) => format!("asker:{ip}"),
            Subject::User(id) => format!("user:{id}"),
        };
        let ahead = rate.cost * rate.burst.saturating_sub(1);
        let row = self
            .query_one(
                TAKE,
                &[
                    &self.clock_offset(),
                    &subject,
                    &rate.cost.as_secs_f64(),
                    &ahead.as_secs_f64(),
                ],
            )
            .await?;
        Ok((!row.get::<_, bool>("admitted")).then(|| wait(row.get("wait"))))
    }
}
