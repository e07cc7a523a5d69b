//! How a statement gets to PostgreSQL: prepared once for each connection, or, behind a pooler that gives a connection away
//! between two statements, without a name.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::{Object, Pool};
use tokio::sync::Mutex;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::Error;
use super::connect::{connect_directly, open_pool};
use crate::clock::Clock;
use crate::config::{Database, Pooler};

/// The database as the flows see it.
#[derive(Clone, Debug)]
pub struct Db {
    pool: Pool,
    clock: Clock,
    /// Only behind a pooler.
    unnamed: Option<Arc<Unnamed>>,
}

type Types = Arc<[Type]>;

/// What a statement without a name must say of its parameters, asked once of PostgreSQL itself: a name that was prepared
/// through the pooler would stay on a connection that is somebody else's next.
#[derive(Debug)]
struct Unnamed {
    database: Database,
    types: Mutex<HashMap<String, Types>>,
}

impl Unnamed {
    async fn types_of(&self, sql: &str) -> Result<Types, Error> {
        let mut known = self.types.lock().await;
        if let Some(types) = known.get(sql) {
            return Ok(Arc::clone(types));
        }
        // All of them at once: the first statement of a process pays for the others.
        let client = connect_directly(&self.database).await?;
        for sql in super::STATEMENTS.iter().map(|(_, sql)| *sql).chain([sql]) {
            if !known.contains_key(sql) {
                let statement = client.prepare(sql).await?;
                known.insert(sql.to_owned(), statement.params().into());
            }
        }
        Ok(known.get(sql).map_or_else(|| Arc::from([]), Arc::clone))
    }
}

fn typed<'a>(values: &[&'a (dyn ToSql + Sync)], types: &[Type]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    values.iter().copied().zip(types.iter().cloned()).collect()
}

impl Db {
    /// The database that `database` names, at the time that `clock` shows. Connects when it is first asked.
    ///
    /// # Errors
    /// [`Error::Setup`] when the URL or the CA file cannot be used.
    pub fn open(database: &Database, clock: Clock) -> Result<Self, Error> {
        let unnamed = (database.pooler == Pooler::Transaction).then(|| {
            Arc::new(Unnamed {
                database: database.clone(),
                types: Mutex::default(),
            })
        });
        Ok(Self {
            pool: open_pool(database)?,
            clock,
            unnamed,
        })
    }

    /// Connections in use, idle and allowed, for metrics.
    pub fn pool_status(&self) -> deadpool_postgres::Status {
        self.pool.status()
    }

    /// Closes the pool; what still holds a connection finishes.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Seconds to add to the database's clock: zero except in tests.
    pub(super) fn clock_offset(&self) -> f64 {
        self.clock.ahead().as_seconds_f64()
    }

    async fn connection(&self) -> Result<Object, Error> {
        Ok(self.pool.get().await?)
    }

    pub(super) async fn query_one(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            return Ok(connection.query_typed_one(sql, &typed(values, &types)).await?);
        }
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query_one(&statement, values).await?)
    }

    pub(super) async fn query_opt(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            return Ok(connection.query_typed_opt(sql, &typed(values, &types)).await?);
        }
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query_opt(&statement, values).await?)
    }

    pub(super) async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            return Ok(connection.query_typed(sql, &typed(values, &types)).await?);
        }
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query(&statement, values).await?)
    }

    pub(super) async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            return Ok(connection.execute_typed(sql, &typed(values, &types)).await?);
        }
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.execute(&statement, values).await?)
    }
}

/// A connection for a transaction, with what its statements need.
pub(super) struct Transactional {
    connection: Object,
    types: HashMap<String, Types>,
}

/// Ends without a trace unless it is committed.
pub(super) struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    types: &'a HashMap<String, Types>,
}

impl Db {
    /// A connection on which these statements will run in a transaction.
    pub(super) async fn transactional(&self, statements: &[&str]) -> Result<Transactional, Error> {
        let mut types = HashMap::new();
        if let Some(unnamed) = &self.unnamed {
            for sql in statements {
                types.insert((*sql).to_owned(), unnamed.types_of(sql).await?);
            }
        }
        Ok(Transactional {
            connection: self.connection().await?,
            types,
        })
    }
}

impl Transactional {
    pub(super) async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        Ok(Transaction {
            inner: self.connection.transaction().await?,
            types: &self.types,
        })
    }
}

impl Transaction<'_> {
    pub(super) async fn query_opt(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        if let Some(types) = self.types.get(sql) {
            return Ok(self.inner.query_typed_opt(sql, &typed(values, types)).await?);
        }
        let statement = self.inner.prepare_cached(sql).await?;
        Ok(self.inner.query_opt(&statement, values).await?)
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }
}
