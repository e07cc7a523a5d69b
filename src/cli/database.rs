//! The database of a command: opened once, and its schema held against this program before anything is asked.
//!
//! `migrate`, `serve` and `doctor` do without: the first makes the schema, the others say by themselves what is wrong with it.

use anyhow::bail;

use crate::clock::Clock;
use crate::config::{Database, Variables};
use crate::entropy::Entropy;
use crate::storage::{Db, known_migrations};

/// The database that the variables name.
pub(super) async fn of(variables: &Variables) -> anyhow::Result<Db> {
    open(&Database::read(variables)?).await
}

/// The same, where the configuration was read already.
pub(super) async fn open(database: &Database) -> anyhow::Result<Db> {
    let db = Db::open(database, Clock::system(), Entropy::system())?;
    has_this_schema(&db).await?;
    Ok(db)
}

/// Refuses a schema that is older than this program. A newer one is served during an update, so it is only told.
pub(super) async fn has_this_schema(db: &Db) -> anyhow::Result<()> {
    let applied = db.applied_migrations().await?;
    if applied.is_empty() {
        bail!("the database was never migrated: run `hasura-siwe migrate`");
    }
    let known = known_migrations();
    let missing: Vec<String> = known
        .iter()
        .filter(|(version, _)| !applied.contains(version))
        .map(|(version, name)| format!("{version:04}_{name}"))
        .collect();
    if !missing.is_empty() {
        bail!(
            "the database is older than this program, it lacks {}: run `hasura-siwe migrate`",
            missing.join(", ")
        );
    }
    if let Some(sentence) = newer(&applied) {
        eprintln!("hasura-siwe: {sentence}");
    }
    Ok(())
}

/// Migrations of the database that this program does not know.
pub(super) fn newer(applied: &[i32]) -> Option<String> {
    let newest = known_migrations().last().map_or(0, |(version, _)| *version);
    let unknown: Vec<String> = applied
        .iter()
        .filter(|version| **version > newest)
        .map(|version| format!("{version:04}"))
        .collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "the database is newer than this program, it has {}: use the newer program",
            unknown.join(", ")
        )
    })
}
