//! `DATABASE_*`: where PostgreSQL is, for requests and past any pooler. It connects to nothing.

use super::read::Reader;
use super::{Database, Faults, Pooler, Variables, postgres_url};
use crate::secret::Secret;

impl Database {
    /// Reads only what concerns the database, for commands that need nothing else.
    ///
    /// # Errors
    /// As [`super::Config::read`].
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader::of(variables);
        match reader.database() {
            Some(database) if reader.faults.is_empty() => Ok(database),
            _ => Err(Faults(reader.faults)),
        }
    }
}

impl Reader<'_> {
    pub(super) fn database(&mut self) -> Option<Database> {
        let url = self.database_url("DATABASE_URL", true);
        let direct_url = self.database_url("DATABASE_DIRECT_URL", false);
        let pool_size = self.parsed("DATABASE_POOL_SIZE", 8_usize, "a number of connections");
        if !(1..=1000).contains(&pool_size) {
            self.fault(format!(
                "DATABASE_POOL_SIZE is {pool_size}, and must lie between 1 and 1000"
            ));
        }
        let pooler = match self.text("DATABASE_POOLER") {
            None | Some("none") => Pooler::None,
            Some("transaction") => Pooler::Transaction,
            Some(other) => {
                self.fault(format!(
                    "DATABASE_POOLER is {other:?}, expected none or transaction"
                ));
                Pooler::None
            }
        };
        let url = url?;
        if pooler == Pooler::Transaction && direct_url.is_none() {
            self.fault("DATABASE_POOLER is transaction, so DATABASE_DIRECT_URL must lead past the pooler: migrations and listening need a connection of their own".into());
        }
        Some(Database {
            pooler,
            direct_url: Secret::new(direct_url.unwrap_or_else(|| url.clone())),
            url: Secret::new(url),
            ca_file: self.text("DATABASE_CA_FILE").map(Into::into),
            pool_size,
        })
    }

    fn database_url(&mut self, name: &str, required: bool) -> Option<String> {
        let url = if required {
            self.required_secret(
                name,
                "give a PostgreSQL URL, such as postgres://user:password@host:5432/database",
            )
        } else {
            self.secret(name)
        }?;
        postgres_url::readable(&url)
            .map_err(|end| self.fault(format!("{name} {end}")))
            .ok()
    }
}
