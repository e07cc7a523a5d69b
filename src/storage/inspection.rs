//! What an operator is told of the database itself: who is connected and how, what time it is there, which migrations ran.
//!
//! It reads alone. Nothing of it is asked for by a request.

use time::OffsetDateTime;
use tokio_postgres::error::SqlState;

use super::{Db, Error};

/// A connection, from the server's side.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The role that it acts as.
    pub role: String,
    /// The database.
    pub database: String,
    /// The server's version.
    pub version: String,
    /// Whether the role is one that no permission holds back.
    pub is_superuser: bool,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Whether it stays on this machine or on a private network.
    pub is_private: bool,
    /// The server's time, without the offset that tests add: it is compared with this machine's.
    pub now: OffsetDateTime,
}

// Behind a pooler the connection is the pooler's own: what it says of the way is said of the last part of it.
pub(super) const INSPECT: &str = "
select current_user::text as role,
  current_database()::text as database,
  current_setting('server_version') as version,
  coalesce((select r.rolsuper from pg_roles r where r.rolname = current_user), false) as is_superuser,
  coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false) as is_encrypted,
  inet_server_addr() is null
    or inet_server_addr() <<= any (array['127.0.0.0/8', '::1/128', '10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12',
      '192.168.0.0/16', 'fc00::/7']::inet[]) as is_private,
  clock_timestamp() as now";

pub(super) const APPLIED: &str = "select version from auth.migrations order by version";

impl Db {
    /// Who is connected, and how.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn inspect(&self) -> Result<Inspection, Error> {
        let row = self.query_one(INSPECT, &[]).await?;
        Ok(Inspection {
            role: row.get("role"),
            database: row.get("database"),
            version: row.get("version"),
            is_superuser: row.get("is_superuser"),
            is_encrypted: row.get("is_encrypted"),
            is_private: row.get("is_private"),
            now: row.get("now"),
        })
    }

    /// The versions of the migrations that ran; none where nothing was ever migrated.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn applied_migrations(&self) -> Result<Vec<i32>, Error> {
        match self.query(APPLIED, &[]).await {
            Ok(rows) => Ok(rows.iter().map(|row| row.get("version")).collect()),
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
