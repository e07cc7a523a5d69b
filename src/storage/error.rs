//! What can go wrong between us and PostgreSQL. All of it is a fault of ours or of the machinery;
//! a row that is not there is no error but `None`.

/// A statement that got no answer. Its text is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection was free or could be made in time.
    #[error("no database connection")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// PostgreSQL refused the statement or went away during it.
    #[error("the database did not answer as expected")]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool could not be set up.
    #[error("the database pool cannot be built: {0}")]
    Setup(String),
    /// A migration failed, or one that ran before has changed since.
    #[error("the migrations did not run")]
    Migration(#[from] refinery::Error),
    /// A row did not hold what its columns promise.
    #[error("the database holds a value that the program does not understand: {0}")]
    Content(&'static str),
}
