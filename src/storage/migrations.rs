//! The migrations: embedded in the binary, run in order under an advisory lock, never changed
//! after they ran (their checksums are kept in `auth.migrations`).

use include_dir::{Dir, include_dir};
use refinery::{Migration, Runner};
use tokio_postgres::Client;

use super::{Db, Error};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Any number that nobody else takes: "siwe" in ASCII.
const LOCK: i64 = 0x7369_7765;

pub(super) const READY: &str = "select exists (select from auth.migrations where version >= $1)";

pub(super) const UNSAFE_SETTINGS: &str = "
select name || ' = ' || setting as setting
from pg_settings
where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
order by name";

/// The version of the newest migration in this binary.
pub fn latest_version() -> i32 {
    known_migrations().last().map_or(0, |(version, _)| *version)
}

/// Every migration in this binary, by version: `(1, "users")`.
pub fn known_migrations() -> Vec<(i32, &'static str)> {
    let mut known: Vec<(i32, &str)> = FILES
        .files()
        .filter_map(|file| version_and_name(file.path().to_str()?))
        .collect();
    known.sort_unstable();
    known
}

/// Brings the schema up to this binary. Several processes may call it at once: one runs, the others
/// wait and find nothing to do. A newer schema than this binary knows is left alone, so that the old
/// binary serves on during a rolling update. Returns the names of what ran.
///
/// # Errors
/// [`Error::Migration`] when a statement fails, or when a file changed after it ran.
pub async fn migrate(client: &mut Client) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for file in FILES.files() {
        let path = file.path().to_str().unwrap_or_default();
        let Some((version, name)) = version_and_name(path) else {
            continue;
        };
        let sql = file
            .contents_utf8()
            .ok_or(Error::Content("a migration that is not UTF-8"))?;
        all.push(Migration::unapplied(&format!("V{version}__{name}"), sql)?);
    }
    // Another process may be at it, or somebody who should not hold the lock at all.
    client.batch_execute("set lock_timeout = '60s'").await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let ran = run(client, &all).await;
    // The lock ends with the connection in any case; what matters more is why the run failed.
    let unlocked = client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await;
    let ran = ran?;
    unlocked?;
    Ok(ran)
}

async fn run(client: &mut Client, all: &[Migration]) -> Result<Vec<String>, Error> {
    // The history lives in `auth`, out of Hasura's sight, so that schema comes before the first file.
    client
        .batch_execute(
            "set client_min_messages = warning; create schema if not exists auth; reset client_min_messages",
        )
        .await?;
    let mut runner = Runner::new(all)
        .set_abort_divergent(true)
        .set_abort_missing(false);
    runner.set_migration_table_name("auth.migrations");
    let report = runner.run_async(client).await?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(|m| format!("{:04}_{}", m.version(), m.name()))
        .collect())
}

/// `0001_users.sql` → (1, "users").
fn version_and_name(path: &str) -> Option<(i32, &str)> {
    let (version, name) = path.strip_suffix(".sql")?.split_once('_')?;
    Some((version.parse().ok()?, name))
}

impl Db {
    /// Whether the database answers and its schema is at least this binary's.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer, which includes that nothing was ever migrated.
    pub async fn is_migrated(&self) -> Result<bool, Error> {
        Ok(self.query_one(READY, &[&latest_version()]).await?.get(0))
    }

    /// Settings of the server under which what was answered may be lost in a crash.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn unsafe_settings(&self) -> Result<Vec<String>, Error> {
        Ok(self
            .query(UNSAFE_SETTINGS, &[])
            .await?
            .iter()
            .map(|row| row.get("setting"))
            .collect())
    }
}
