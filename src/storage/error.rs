//! What can go wrong between us and PostgreSQL. All of it is a fault of ours or of the machinery;
//! a row that is not there is no error but `None`.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};

use super::unreachable::{POOLER, Unreachable, coded};

/// A statement that got no answer. Its text is for the log and the operator alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection of the pool was free in time, or the pool is closed.
    #[error("no database connection: {0}")]
    Pool(&'static str),
    /// No connection could be made. The text names host and port, never the password.
    #[error(transparent)]
    Connect(#[from] Unreachable),
    /// PostgreSQL refused the statement or went away during it.
    #[error("the database did not answer as expected")]
    Postgres(#[source] tokio_postgres::Error),
    /// A table, column or function of this program's schema is missing.
    #[error("the database does not have this program's schema: run `hasura-siwe migrate`")]
    Schema(#[source] tokio_postgres::Error),
    /// A prepared statement is missing on the connection, or there already: the connection was another client's before.
    #[error("{POOLER} ({0})")]
    Pooler(String),
    /// PostgreSQL, or the line to it, said nothing for longer than any statement may take.
    #[error("the database fell silent")]
    Silent,
    /// The pool could not be set up.
    #[error("the database pool cannot be built: {0}")]
    Setup(String),
    /// A migration failed, or one that ran before has changed since.
    #[error("the migrations did not run")]
    Migration(#[source] refinery::Error),
    /// A row did not hold what its columns promise.
    #[error("the database holds a value that the program does not understand: {0}")]
    Content(&'static str),
    /// Uids were drawn again and again, and each belongs to somebody.
    #[error("every uid that was drawn is taken")]
    UidsTaken,
}

const SCHEMA_CODES: [SqlState; 4] = [
    SqlState::UNDEFINED_TABLE,
    SqlState::UNDEFINED_COLUMN,
    SqlState::UNDEFINED_FUNCTION,
    SqlState::INVALID_SCHEMA_NAME,
];
const POOLER_CODES: [SqlState; 2] = [
    SqlState::INVALID_SQL_STATEMENT_NAME,
    SqlState::DUPLICATE_PSTATEMENT,
];

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(fault) = error.as_db_error() else {
            return Self::Postgres(error);
        };
        if POOLER_CODES.contains(fault.code()) {
            Self::Pooler(coded(fault))
        } else if SCHEMA_CODES.contains(fault.code()) {
            Self::Schema(error)
        } else {
            Self::Postgres(error)
        }
    }
}

impl From<refinery::Error> for Error {
    fn from(error: refinery::Error) -> Self {
        let mut next = error.source();
        while let Some(source) = next {
            if let Some(fault) = source.downcast_ref::<DbError>()
                && POOLER_CODES.contains(fault.code())
            {
                return Self::Pooler(coded(fault));
            }
            next = source.source();
        }
        Self::Migration(error)
    }
}

impl Error {
    /// PostgreSQL's code, where it refused a statement.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) | Self::Schema(error) => error.code(),
            _ => None,
        }
    }

    /// Whether a table, column or function of this program's schema is missing.
    pub fn is_schema(&self) -> bool {
        matches!(self, Self::Schema(_))
    }

    /// What to do about it, where PostgreSQL refused to write.
    pub fn refuses_writes(&self) -> Option<&'static str> {
        match self.code() {
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Some(
                "the server or the role only reads: name the primary in DATABASE_URL (with several hosts add target_session_attrs=read-write), promote the standby, or reset default_transaction_read_only",
            ),
            Some(&SqlState::DISK_FULL) => Some("make room on the disk of PostgreSQL"),
            _ => None,
        }
    }

    /// The error and what lies behind it, on one line for the log. PostgreSQL's `detail` may quote
    /// values, so of its errors only severity, code and message are kept.
    pub fn for_the_log(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(source) = next {
            text.push_str(": ");
            match source.downcast_ref::<DbError>() {
                Some(db) => text.push_str(&coded(db)),
                None => text.push_str(&source.to_string()),
            }
            next = source.source();
        }
        text
    }
}
