//! Whether PostgreSQL takes writes: a small one is committed, and room is taken on its disk and given back.
//!
//! A standby, a read-only role and a full disk answer every query and refuse what a sign-in does. The row is written and
//! deleted in one transaction, so nothing is left but a dead tuple for the next vacuum; each process has a row of its own and waits
//! for no other. An insert alone proves little on a full disk, because it finds room in pages that are there. So a quarter of a
//! MiB is sorted in a temporary file, which lies on the disk of the database's own tables, and is gone with the statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;

use super::{Db, Error};

/// How long a good answer counts.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long a bad one does: it costs no write, and the end of the trouble should be seen soon.
const BAD_FOR: Duration = Duration::from_secs(1);

// The least memory of a sort, and the disk of the database itself, for this transaction alone.
pub(super) const SPILL_TO_DISK: &str = "
select set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)";

pub(super) const TAKE_ROOM: &str = r#"
select count(*)
from (
  select (repeat('x', 1024) || n) collate "C" as filler
  from generate_series(1, 256) as n
  order by filler desc
  offset 0
) as spilled"#;

pub(super) const WRITE: &str = "
insert into auth.limits (subject, used_until)
values ('process:' || $1::uuid, clock_timestamp())";

pub(super) const UNDO: &str = "
delete from auth.limits
where subject = 'process:' || $1::uuid";

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Writes {
    last: Mutex<Option<Found>>,
    /// A statement was refused since.
    is_doubtful: AtomicBool,
}

/// An answer, and when it was found.
#[derive(Debug)]
struct Found {
    at: Instant,
    answer: Result<(), Arc<Error>>,
}

impl Found {
    /// Whether it still counts. A statement that was refused since makes a good answer doubtful.
    fn counts(&self, is_doubtful: bool) -> bool {
        match self.answer {
            Ok(()) => !is_doubtful && self.at.elapsed() < GOOD_FOR,
            Err(_) => self.at.elapsed() < BAD_FOR,
        }
    }
}

impl Writes {
    /// Takes in how a statement failed.
    pub(super) fn note(&self, error: &Error) {
        let refused = [&SqlState::READ_ONLY_SQL_TRANSACTION, &SqlState::DISK_FULL];
        if error.code().is_some_and(|code| refused.contains(&code)) {
            self.is_doubtful.store(true, Ordering::Relaxed);
        }
    }
}

impl Db {
    /// Whether PostgreSQL takes writes, found out at most every few seconds, however many ask.
    ///
    /// # Errors
    /// [`Error`] with the reason why it does not, or when the database gave no answer.
    pub async fn takes_writes(&self) -> Result<(), Arc<Error>> {
        let mut last = self.writes.last.lock().await;
        let is_doubtful = self.writes.is_doubtful.swap(false, Ordering::Relaxed);
        if let Some(found) = last.as_ref().filter(|found| found.counts(is_doubtful)) {
            return found.answer.clone();
        }
        // The caller may disconnect before there is another answer.
        *last = None;
        let answer = self.try_to_write().await.map_err(Arc::new);
        *last = Some(Found {
            at: Instant::now(),
            answer: answer.clone(),
        });
        answer
    }

    /// Commits a write that leaves nothing behind.
    ///
    /// # Errors
    /// As [`Db::takes_writes`].
    pub async fn try_to_write(&self) -> Result<(), Error> {
        self.repeated(|| self.write_once()).await
    }

    async fn write_once(&self) -> Result<(), Error> {
        let id = self.entropy.uuid();
        let mut connection = self
            .transactional(&[SPILL_TO_DISK, TAKE_ROOM, WRITE, UNDO])
            .await?;
        let transaction = connection.begin().await?;
        transaction.query_opt(WRITE, &[&id]).await?;
        transaction.query_opt(UNDO, &[&id]).await?;
        transaction.query_opt(SPILL_TO_DISK, &[]).await?;
        transaction.query_opt(TAKE_ROOM, &[]).await?;
        transaction.commit().await
    }
}
