//! The only SQL of the service, one file a noun.
//!
//! A function here is one statement: it says which rows it finds, inserts, spends or rotates, and
//! decides nothing but atomicity. What several processes must agree on (expiry, grace) is judged by
//! the database's clock; every statement that asks for the time adds an offset to it, which is
//! zero except in tests.

mod accounts;
mod announcements;
mod audit;
mod claims;
mod columns;
mod connect;
mod credentials;
mod disabling;
mod ends;
mod error;
mod grants;
mod guesses;
mod housekeeping;
mod live;
mod log_ins;
mod migrations;
mod minted;
mod networks;
mod nonces;
mod opening;
mod password_log_ins;
mod profiles;
mod roles;
mod sessions;
mod signing_keys;
mod user_roles;
mod users;
mod wallet_links;
mod wallet_looks;
mod wallet_owner;
mod whose;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

pub use accounts::{NewName, Renamed};
pub use announcements::{Announcement, listen};
pub use audit::{AuditFilter, AuditRecord};
pub use claims::NewClaim;
pub use connect::{connect_directly, open_pool};
pub use credentials::{ChangePassword, NewCredential, Set};
pub use disabling::{Ended, LoggedOut};
pub use ends::End;
pub use error::Error;
pub use grants::{Grants, grant_to_hasura};
pub use guesses::{Admission, Credential, Guess, Guessed};
pub use housekeeping::Swept;
pub use live::LiveSession;
pub use log_ins::{LogIn, LoggedIn};
pub use migrations::{latest_version, migrate};
pub use minted::{Mint, Minting};
pub use networks::Network;
pub use opening::{Opening, SessionState};
pub use password_log_ins::PasswordLogIn;
pub use profiles::{LoginNames, Profile};
pub use roles::{Removed, Role};
pub use sessions::{Rotated, Rotation};
pub use signing_keys::{KeyHistory, Retired};
pub use user_roles::{Changed, RoleChange};
pub use users::{Account, Session, User, UserLine, Wallet};
pub use wallet_links::{LinkWallet, Linked, UnlinkWallet, Unlinked};

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
    ("audit::READ", audit::READ),
    ("claims::SET", claims::SET),
    ("claims::REMOVE", claims::REMOVE),
    ("credentials::REGISTER", credentials::REGISTER),
    ("credentials::ADD", credentials::ADD),
    ("credentials::CHANGE", credentials::CHANGE),
    ("credentials::RESET", credentials::RESET),
    ("disabling::DISABLE", disabling::DISABLE),
    ("disabling::ENABLE", disabling::ENABLE),
    ("disabling::LOG_OUT", disabling::LOG_OUT),
    ("guesses::ADMIT", guesses::ADMIT),
    ("guesses::UNLOCK", guesses::UNLOCK),
    (
        "housekeeping::DELETE_ISSUED_NONCES",
        housekeeping::DELETE_ISSUED_NONCES,
    ),
    (
        "housekeeping::DELETE_SPENT_NONCES",
        housekeeping::DELETE_SPENT_NONCES,
    ),
    ("housekeeping::DELETE_GUESSES", housekeeping::DELETE_GUESSES),
    ("housekeeping::WIPE_SALTS", housekeeping::WIPE_SALTS),
    ("housekeeping::DELETE_OLD_TOKENS", housekeeping::DELETE_OLD_TOKENS),
    ("housekeeping::DELETE_TOKENS", housekeeping::DELETE_TOKENS),
    ("housekeeping::DELETE_SESSIONS", housekeeping::DELETE_SESSIONS),
    ("live::FIND", live::FIND),
    ("log_ins::LOG_IN", log_ins::LOG_IN),
    ("migrations::READY", migrations::READY),
    ("migrations::UNSAFE_SETTINGS", migrations::UNSAFE_SETTINGS),
    ("minted::MINT", minted::MINT),
    ("networks::LIST", networks::LIST),
    ("networks::ADD", networks::ADD),
    ("networks::SWITCH", networks::SWITCH),
    ("nonces::ISSUE", nonces::ISSUE),
    ("password_log_ins::LOG_IN", password_log_ins::LOG_IN),
    ("profiles::FIND", profiles::FIND),
    ("profiles::NAMES", profiles::NAMES),
    ("profiles::WHO", profiles::WHO),
    ("roles::LIST", roles::LIST),
    ("roles::ADD", roles::ADD),
    ("roles::REMOVE", roles::REMOVE),
    ("sessions::ROTATE", sessions::ROTATE),
    ("signing_keys::LIVE", signing_keys::LIVE),
    ("signing_keys::LIST", signing_keys::LIST),
    ("signing_keys::ADD", signing_keys::ADD),
    ("signing_keys::PROMOTE", signing_keys::PROMOTE),
    ("signing_keys::RETIRE", signing_keys::RETIRE),
    ("signing_keys::RETIRE_EXPIRED", signing_keys::RETIRE_EXPIRED),
    ("user_roles::GRANT", user_roles::GRANT),
    ("user_roles::REVOKE", user_roles::REVOKE),
    ("users::LIST", users::LIST),
    ("users::FIND", users::FIND),
    ("users::WALLETS", users::WALLETS),
    ("users::ACCOUNTS", users::ACCOUNTS),
    ("users::SESSIONS", users::SESSIONS),
    ("wallet_links::LINK", wallet_links::LINK),
    ("wallet_links::UNLINK", wallet_links::UNLINK),
    ("wallet_looks::CLAIM", wallet_looks::CLAIM),
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
