//! What can go wrong between us and PostgreSQL. All of it is a fault of ours or of the machinery;
//! a row that is not there is no error but `None`.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};

/// A statement that got no answer. Its text is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection was free or could be made in time.
    #[error("no database connection")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// PostgreSQL refused the statement or went away during it.
    #[error("the database did not answer as expected")]
    Postgres(#[from] tokio_postgres::Error),
    /// PostgreSQL, or the line to it, said nothing for longer than any statement may take.
    #[error("the database fell silent")]
    Silent,
    /// The pool could not be set up.
    #[error("the database pool cannot be built: {0}")]
    Setup(String),
    /// A migration failed, or one that ran before has changed since.
    #[error("the migrations did not run")]
    Migration(#[from] refinery::Error),
    /// A row did not hold what its columns promise.
    #[error("the database holds a value that the program does not understand: {0}")]
    Content(&'static str),
    /// Uids were drawn again and again, and each belongs to somebody.
    #[error("every uid that was drawn is taken")]
    UidsTaken,
}

impl Error {
    /// PostgreSQL's code, where it refused.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
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
                Some(db) => text.push_str(&format!(
                    "{} {} ({})",
                    db.severity(),
                    db.code().code(),
                    db.message()
                )),
                None => text.push_str(&source.to_string()),
            }
            next = source.source();
        }
        text
    }
}
