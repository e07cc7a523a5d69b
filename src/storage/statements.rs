//! How a statement gets to PostgreSQL: prepared once for each connection, or, behind a pooler that gives a connection away
//! between two statements, without a name.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::{Object, Pool};
use tokio::sync::Mutex;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use tracing::Instrument;
use tracing::field::Empty;

use super::Error;
use super::connect::{ANSWER_TIMEOUT, cancel, connect_directly, no_connection, open_pool};
use super::writes::Writes;
use crate::clock::Clock;
use crate::config::{Database, Pooler};
use crate::entropy::Entropy;
use crate::trace;

/// The database as the flows see it.
#[derive(Clone, Debug)]
pub struct Db {
    pool: Pool,
    clock: Clock,
    database: Arc<Database>,
    /// Draws pauses between two runs of a statement, and ids.
    pub(super) entropy: Entropy,
    pub(super) writes: Arc<Writes>,
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
                let statement = hear(client.prepare(sql), &AtomicBool::default()).await?;
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
    pub fn open(database: &Database, clock: Clock, entropy: Entropy) -> Result<Self, Error> {
        let unnamed = (database.pooler == Pooler::Transaction).then(|| {
            Arc::new(Unnamed {
                database: database.clone(),
                types: Mutex::default(),
            })
        });
        Ok(Self {
            pool: open_pool(database)?,
            clock,
            database: Arc::new(database.clone()),
            entropy,
            writes: Arc::default(),
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

    async fn connection(&self) -> Result<Connection, Error> {
        Ok(Connection {
            object: Some(
                self.pool
                    .get()
                    .await
                    .map_err(|error| no_connection(&self.database, error))?,
            ),
            is_silent: AtomicBool::new(false),
            database: Arc::clone(&self.database),
        })
    }

    pub(super) async fn query_one(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.repeated(|| traced(sql, self.ask_one(sql, values))).await
    }

    async fn ask_one(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            let (client, values) = (connection.client(), typed(values, &types));
            return connection.hear(client.query_typed_one(sql, &values)).await;
        }
        let connection = self.connection().await?;
        let client = connection.client();
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query_one(&statement, values).await
        };
        connection.hear(asked).await
    }

    pub(super) async fn query_opt(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.repeated(|| traced(sql, self.ask_opt(sql, values))).await
    }

    async fn ask_opt(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            let (client, values) = (connection.client(), typed(values, &types));
            return connection.hear(client.query_typed_opt(sql, &values)).await;
        }
        let connection = self.connection().await?;
        let client = connection.client();
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query_opt(&statement, values).await
        };
        connection.hear(asked).await
    }

    pub(super) async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.repeated(|| traced(sql, self.ask(sql, values))).await
    }

    async fn ask(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            let (client, values) = (connection.client(), typed(values, &types));
            return connection.hear(client.query_typed(sql, &values)).await;
        }
        let connection = self.connection().await?;
        let client = connection.client();
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, values).await
        };
        connection.hear(asked).await
    }

    pub(super) async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.repeated(|| traced(sql, self.order(sql, values))).await
    }

    async fn order(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        if let Some(unnamed) = &self.unnamed {
            let types = unnamed.types_of(sql).await?;
            let connection = self.connection().await?;
            let (client, values) = (connection.client(), typed(values, &types));
            return connection.hear(client.execute_typed(sql, &values)).await;
        }
        let connection = self.connection().await?;
        let client = connection.client();
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, values).await
        };
        connection.hear(asked).await
    }
}

/// A connection of the pool. One that fell silent does not go back there: the next request would wait for it in vain, and so on.
struct Connection {
    /// There until it is dropped.
    object: Option<Object>,
    is_silent: AtomicBool,
    database: Arc<Database>,
}

impl Connection {
    fn client(&self) -> &Object {
        self.object.as_ref().expect("it is there until it is dropped")
    }

    async fn hear<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        hear(answer, &self.is_silent).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_silent.load(Ordering::Relaxed)
            && let Some(object) = self.object.take()
        {
            let client = Object::take(object);
            cancel(&self.database, client.cancel_token());
        }
    }
}

/// A statement as a part of a trace, with the wait for a connection: its name, and nothing of its parameters.
async fn traced<T>(sql: &str, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let name = || {
        let known = super::STATEMENTS.iter().find(|(_, known)| *known == sql);
        known.map_or("statement", |(name, _)| name)
    };
    let span = trace::part!(
        "statement",
        otel.name = name(),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "postgresql"
    );
    let answer = answer.instrument(span.clone()).await;
    if answer.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    answer
}

async fn hear<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    is_silent: &AtomicBool,
) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => {
            is_silent.store(true, Ordering::Relaxed);
            Err(Error::Silent)
        }
    }
}

/// A connection for a transaction, with what its statements need.
pub(super) struct Transactional {
    connection: Connection,
    types: HashMap<String, Types>,
}

/// Ends without a trace unless it is committed.
pub(super) struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    is_silent: &'a AtomicBool,
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
        let Connection {
            object, is_silent, ..
        } = &mut self.connection;
        let client = object.as_mut().expect("it is there until it is dropped");
        Ok(Transaction {
            inner: hear(client.transaction(), is_silent).await?,
            is_silent,
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
            let values = typed(values, types);
            return traced(
                sql,
                hear(self.inner.query_typed_opt(sql, &values), self.is_silent),
            )
            .await;
        }
        let asked = async {
            let statement = self.inner.prepare_cached(sql).await?;
            self.inner.query_opt(&statement, values).await
        };
        traced(sql, hear(asked, self.is_silent)).await
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        hear(self.inner.commit(), self.is_silent).await
    }
}
