//! What ages with its session: the salts of its rotations, tokens of long ago, and in the end the session.
//!
//! No index shows it. Whatever a restore changes stays out of the indexes, so that a rotation is a heap-only update
//! (`sessions`), and all that tells a session's age is among it. So the table is gone through as it lies, some pages at a
//! time: the work grows with the table and not with its square, and a step takes milliseconds.

use std::time::Duration;

use tokio_postgres::types::ToSql;

use super::{Db, Error};

/// Pages of one look: half a megabyte, some two thousand sessions.
const PAGES: i64 = 64;

/// Pages from which sessions are removed at a time: some two hundred. Each statement begins at the first of them again, and
/// asks of each that it passes whether tokens are left.
const PAGES_OF_A_PART: i64 = 8;

/// Rows that one statement changes: a millisecond of a core, which whoever restores at that moment waits for.
const BATCH: i64 = 100;

/// Spent tokens by which a session recognises a copy. One older than these is simply unknown; without
/// a bound one client could grow the table for as long as its session lives.
const GENERATIONS: i32 = 1000;

/// A part of the table of sessions: from its first page to the one behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    first: i64,
    behind: i64,
}

/// What has aged in a stretch, and for how long it may.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// How long a salt is needed.
    pub grace: Duration,
    /// How long a session is kept after its end, so that its tokens are still recognised.
    pub retention: Duration,
}

/// What a look at a stretch found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Salts whose grace time is over, or tokens spent very many rotations ago.
    pub remains: bool,
    /// Sessions that ended long ago.
    pub sessions: bool,
}

/// What one step wiped and removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aged {
    /// Sessions whose salts were wiped because their grace time is over.
    pub salts: u64,
    /// Refresh tokens of sessions that ended long ago, or that were spent very many rotations ago.
    pub tokens: u64,
    /// Sessions that ended long ago and have no token left.
    pub sessions: u64,
}

pub(super) const PAGES_OF_SESSIONS: &str = "
select pg_relation_size('auth.sessions'::regclass) / current_setting('block_size')::bigint as pages";

/// Whether a session lies in the stretch. Takes its first page as `$1` and the page behind it as `$2`.
macro_rules! in_stretch {
    () => {
        "s.ctid >= ('(' || $1::bigint || ',0)')::tid and s.ctid < ('(' || $2::bigint || ',0)')::tid"
    };
}

/// Whether the time of the session is over for good. Takes the clock's offset as `$3` and the retention as `$4`.
macro_rules! is_over {
    () => {
        "least(s.ended_at, s.ends_at, s.last_used_at + s.idle) + make_interval(secs => $4)
      < clock_timestamp() + make_interval(secs => $3)"
    };
}

/// Whether the grace time of the session's last rotation is over, and hence that of every rotation before, and salts are left. A
/// session that ended may have those of rotations before alone. Takes the clock's offset as `$3` and the grace time as `$grace`.
macro_rules! is_stale {
    ($grace:literal) => {
        concat!(
            "(s.salt is not null or s.previous_salts is not null)
    and s.rotated_at + make_interval(secs => ",
            $grace,
            ") < clock_timestamp() + make_interval(secs => $3)"
        )
    };
}

// Most stretches hold nothing of interest most of the time: one look says which of the others to run.
pub(super) const LOOK: &str = concat!(
    "
select coalesce(bool_or(",
    is_stale!("$5"),
    "), false) as has_salts,
  coalesce(bool_or(s.generation > $6), false) as has_old_tokens,
  coalesce(bool_or(",
    is_over!(),
    "), false) as has_sessions
from auth.sessions s
where ",
    in_stretch!()
);

// A row that is locked stays where it is, so its place on the page is its shortest name.
pub(super) const WIPE_SALTS: &str = concat!(
    "
update auth.sessions
set salt = null, previous_salts = null, previous_rotated_at = null, previous_generation = null
where ctid = any (array(
  select s.ctid
  from auth.sessions s
  where ",
    in_stretch!(),
    " and ",
    is_stale!("$4"),
    "
  limit $5
  for update skip locked
))"
);

pub(super) const DELETE_OLD_TOKENS: &str = concat!(
    "
delete from auth.refresh_tokens
where ctid = any (array(
  select t.ctid
  from auth.sessions s
  join auth.refresh_tokens t on t.session_id = s.id
  where ",
    in_stretch!(),
    " and s.generation > $3 and t.generation < s.generation - $3
  limit $4
  for update of t skip locked
))"
);

// Tokens first and in batches of their own: a session may have very many, and the cascade of its
// deletion would take them in one statement.
pub(super) const DELETE_TOKENS: &str = concat!(
    "
delete from auth.refresh_tokens
where ctid = any (array(
  select t.ctid
  from auth.sessions s
  join auth.refresh_tokens t on t.session_id = s.id
  where ",
    in_stretch!(),
    " and ",
    is_over!(),
    "
  limit $5
  for update of t skip locked
))"
);

pub(super) const DELETE_SESSIONS: &str = concat!(
    "
delete from auth.sessions
where ctid = any (array(
  select s.ctid
  from auth.sessions s
  where ",
    in_stretch!(),
    " and ",
    is_over!(),
    "
    and not exists (select from auth.refresh_tokens t where t.session_id = s.id)
  limit $5
  for update skip locked
))"
);

impl Db {
    /// All parts of the table, as large as it is now.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn stretches(&self) -> Result<impl Iterator<Item = Stretch> + Send + use<>, Error> {
        let pages: i64 = self.query_one(PAGES_OF_SESSIONS, &[]).await?.get("pages");
        Ok((0..)
            .map(|number| number * PAGES)
            .take_while(move |first| *first < pages)
            .map(|first| Stretch {
                first,
                behind: first + PAGES,
            }))
    }

    /// What has aged in a stretch.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn look(&self, Stretch { first, behind }: Stretch, ages: Ages) -> Result<Found, Error> {
        let offset = self.clock_offset();
        let (grace, retention) = (ages.grace.as_secs_f64(), ages.retention.as_secs_f64());
        let row = self
            .query_one(
                LOOK,
                &[&first, &behind, &offset, &retention, &grace, &GENERATIONS],
            )
            .await?;
        Ok(Found {
            remains: row.get("has_salts") || row.get("has_old_tokens"),
            sessions: row.get("has_sessions"),
        })
    }

    /// One step through what living sessions of a stretch need no longer. Call again while it was full.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; what was removed before stays removed.
    pub async fn shed(&self, Stretch { first, behind }: Stretch, ages: Ages) -> Result<Aged, Error> {
        let (offset, grace) = (self.clock_offset(), ages.grace.as_secs_f64());
        let salts = self
            .execute(WIPE_SALTS, &[&first, &behind, &offset, &grace, &BATCH])
            .await?;
        let tokens = self
            .execute(DELETE_OLD_TOKENS, &[&first, &behind, &GENERATIONS, &BATCH])
            .await?;
        Ok(Aged {
            salts,
            tokens,
            sessions: 0,
        })
    }

    /// One step through the sessions of a part that ended long ago: their tokens, and once these are gone, they. Call again
    /// while it was full.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer; what was removed before stays removed.
    pub async fn forget(&self, Stretch { first, behind }: Stretch, ages: Ages) -> Result<Aged, Error> {
        let (offset, retention) = (self.clock_offset(), ages.retention.as_secs_f64());
        let values: [&(dyn ToSql + Sync); 5] = [&first, &behind, &offset, &retention, &BATCH];
        let mut aged = Aged {
            tokens: self.execute(DELETE_TOKENS, &values).await?,
            ..Aged::default()
        };
        if !aged.is_full() {
            aged.sessions = self.execute(DELETE_SESSIONS, &values).await?;
        }
        Ok(aged)
    }
}

impl Stretch {
    /// The parts from which sessions are removed one after the other.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        (0..)
            .map(move |number| self.first + number * PAGES_OF_A_PART)
            .take_while(move |first| *first < self.behind)
            .map(|first| Self {
                first,
                behind: first + PAGES_OF_A_PART,
            })
    }
}

impl std::ops::AddAssign for Aged {
    fn add_assign(&mut self, more: Self) {
        self.salts += more.salts;
        self.tokens += more.tokens;
        self.sessions += more.sessions;
    }
}

impl Aged {
    /// Whether something came to the bound of a step, so that there may be more.
    pub fn is_full(&self) -> bool {
        let batch = BATCH.unsigned_abs();
        [self.salts, self.tokens, self.sessions]
            .iter()
            .any(|aged| *aged >= batch)
    }
}
