//! The only SQL of the service, one file a noun.
//!
//! A function here is one statement: it says which rows it finds, inserts, spends or rotates, and
//! decides nothing but atomicity. What several processes must agree on (expiry, grace) is judged by
//! the database's clock; every statement that asks for the time adds an offset to it, which is
//! zero except in tests.

mod accounts;
mod announcements;
mod connect;
mod ends;
mod error;
mod grants;
mod housekeeping;
mod live;
mod log_ins;
mod migrations;
mod nonces;
mod roles;
mod sessions;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

pub use accounts::{NewName, Renamed};
pub use announcements::{Announcement, listen};
pub(crate) use connect::connect_directly;
pub use connect::open_pool;
pub use ends::{End, Session};
pub use error::Error;
pub use grants::{Grants, grant_to_hasura};
pub use housekeeping::Swept;
pub use live::LiveSession;
pub use log_ins::{LogIn, LoggedIn};
pub use migrations::{latest_version, migrate};
pub use roles::{Granted, RoleChange};
pub use sessions::{Rotated, Rotation};

use crate::clock::Clock;

/// The database as the flows see it.
#[derive(Clone, Debug)]
pub struct Db {
    pool: Pool,
    clock: Clock,
}

/// Every statement of this module, so that a test can prepare each one.
pub const STATEMENTS: &[(&str, &str)] = &[
    ("accounts::RENAME", accounts::RENAME),
    ("ends::END", ends::END),
    ("ends::LIST", ends::LIST),
    (
        "housekeeping::DELETE_ISSUED_NONCES",
        housekeeping::DELETE_ISSUED_NONCES,
    ),
    (
        "housekeeping::DELETE_SPENT_NONCES",
        housekeeping::DELETE_SPENT_NONCES,
    ),
    ("housekeeping::WIPE_SALTS", housekeeping::WIPE_SALTS),
    ("housekeeping::DELETE_SESSIONS", housekeeping::DELETE_SESSIONS),
    ("live::FIND", live::FIND),
    ("log_ins::LOG_IN", log_ins::LOG_IN),
    ("migrations::READY", migrations::READY),
    ("nonces::ISSUE", nonces::ISSUE),
    ("roles::GRANT", roles::GRANT),
    ("roles::REVOKE", roles::REVOKE),
    ("sessions::ROTATE", sessions::ROTATE),
];

impl Db {
    /// The database behind `pool`, at the time `clock` shows.
    pub fn new(pool: Pool, clock: Clock) -> Self {
        Self { pool, clock }
    }

    /// Connections in use, idle and allowed, for metrics.
    pub fn pool_status(&self) -> deadpool_postgres::Status {
        self.pool.status()
    }

    /// Closes the pool; what still holds a connection finishes.
    pub fn close(&self) {
        self.pool.close();
    }

    async fn connection(&self) -> Result<Object, Error> {
        Ok(self.pool.get().await?)
    }

    /// Seconds to add to the database's clock: zero except in tests.
    fn clock_offset(&self) -> f64 {
        self.clock.ahead().as_seconds_f64()
    }

    async fn query_one(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query_one(&statement, values).await?)
    }

    async fn query_opt(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query_opt(&statement, values).await?)
    }

    async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query(&statement, values).await?)
    }

    async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.execute(&statement, values).await?)
    }
}
