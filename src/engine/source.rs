//! The connection to the database that is served, and what its errors look like to a client.
//!
//! A statement has a time limit, and ends with the request that it is for.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use serde_json::json;
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::catalog::Catalog;
use super::fault::Fault;
use super::statement_timeout::StatementTimeout;
use crate::hasura::metadata::TableName;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sets the limits of a new connection that no other place sets: the role, the database, the server, and the URL's `options` win.
const SET_LIMITS: &str = "
select pg_catalog.set_config(name, case name when 'statement_timeout' then $1 else $2 end, false)
from pg_catalog.pg_settings
where name in ('statement_timeout', 'idle_in_transaction_session_timeout')
  and source = 'default'";
/// As deploy/postgres/init.sh sets it for Hasura's role.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";

/// The database behind the tables; or none, when the metadata names none that can be reached.
pub(crate) struct Database(Option<Source>);

struct Source {
    pool: Pool,
    /// Host and port, never the password.
    place: String,
}

impl Source {
    async fn connection(&self) -> Result<Object, String> {
        self.pool
            .get()
            .await
            .map_err(|error| format!("{} (PostgreSQL at {})", last_cause(&error), self.place))
    }
}

/// What lies behind an error says most; the pool's own text and the driver's say nothing of the cause.
fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// `db:5432, db2:5432`.
fn place(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate();
    let hosts: Vec<String> = hosts
        .map(|(at, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(at)),
            Host::Unix(folder) => format!("{}:{}", folder.display(), port(at)),
        })
        .collect();
    hosts.join(", ")
}

impl Database {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// A pool for a URL. Nothing is opened yet.
    pub(crate) fn connect(
        url: &str,
        max_connections: usize,
        statement_timeout: &StatementTimeout,
    ) -> Result<Self, String> {
        let mut config: tokio_postgres::Config = url.parse().map_err(|_| match url.contains('?') {
            true => "not a valid database URL, or one with a parameter that the local engine does not read"
                .to_owned(),
            false => "not a valid database URL".to_owned(),
        })?;
        if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
            return Err("sslmode=require is not supported by the local engine".to_owned());
        }
        config.application_name("hasura-local-engine");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let place = place(&config);
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(max_connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(CONNECT_TIMEOUT),
                create: Some(CONNECT_TIMEOUT),
                recycle: None,
            })
            .post_create(set_limits(statement_timeout))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self(Some(Source { pool, place })))
    }

    /// What it knows of the tables; `Err` in Hasura's words.
    pub(crate) async fn catalog(&self, names: impl Iterator<Item = &TableName>) -> Result<Catalog, String> {
        let Some(source) = &self.0 else {
            return Ok(Catalog::default());
        };
        let client = source
            .connection()
            .await
            .map_err(|error| format!("connection error: {error}"))?;
        Catalog::read(&client, names)
            .await
            .map_err(|error| format!("connection error: {}", last_cause(&error)))
    }

    /// Runs a statement that gives one text, or no row. Dropped before the answer is there, it is cancelled.
    pub(crate) async fn json(
        &self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Option<String>, Fault> {
        let source = self
            .0
            .as_ref()
            .expect("a schema has tables only when there is a database");
        let client = source.connection().await.map_err(|error| {
            tracing::error!(%error, "no connection to the database");
            Fault::new(500, "postgres-error", "connection error").with_internal(error.into())
        })?;
        let running = Running(Some(client));
        let answer = running.client().query_typed_opt(statement, parameters).await;
        running.finish();
        let row = answer.map_err(|error| fault(statement, &error))?;
        Ok(row.map(|row| row.get(0)))
    }
}

fn set_limits(statement_timeout: &StatementTimeout) -> Hook {
    let statement_timeout = statement_timeout.to_string();
    Hook::async_fn(move |client, _| {
        let statement_timeout = statement_timeout.clone();
        Box::pin(async move {
            let values: [(&(dyn ToSql + Sync), Type); 2] = [
                (&statement_timeout, Type::TEXT),
                (&IDLE_IN_TRANSACTION_TIMEOUT, Type::TEXT),
            ];
            let set = client.query_typed(SET_LIMITS, &values).await;
            set.map(drop).map_err(HookError::Backend)
        })
    })
}

/// The connection of a statement that has not been answered.
///
/// It is dropped unanswered when the client disconnects, and when another field of the request fails. The statement is then
/// cancelled, and the connection leaves the pool for good: PostgreSQL cancels whatever the connection runs when the
/// cancellation arrives, which could be the statement of another request.
struct Running(Option<Object>);

impl Running {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("it is there until it is dropped")
    }

    /// Gives the connection back to the pool.
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(object) = self.0.take() else {
            return;
        };
        // The driver ends the connection once the cancelled statement is answered.
        let token = Object::take(object).cancel_token();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            match tokio::time::timeout(CONNECT_TIMEOUT, token.cancel_query(NoTls)).await {
                Ok(Ok(())) => tracing::debug!("a statement without a client was cancelled"),
                Ok(Err(error)) => tracing::warn!(%error, "a statement without a client was not cancelled"),
                Err(_) => tracing::warn!("a statement without a client was not cancelled in time"),
            }
        });
    }
}

/// A value that PostgreSQL cannot read is the client's fault; anything else is ours.
fn fault(statement: &str, error: &tokio_postgres::Error) -> Fault {
    let Some(cause) = error.as_db_error() else {
        tracing::error!(%error, "the database did not answer");
        return Fault::new(500, "postgres-error", "connection error").with_internal(error.to_string().into());
    };
    if is_data_exception(cause.code()) {
        return Fault::new(400, "data-exception", cause.message());
    }
    tracing::error!(
        code = cause.code().code(),
        error = cause.message(),
        "the database refused a statement"
    );
    Fault::new(500, "unexpected", "database query error").with_internal(json!({
        "statement": statement,
        "prepared": false,
        "error": {
            "exec_status": "FatalError",
            "hint": cause.hint(),
            "message": cause.message(),
            "status_code": cause.code().code(),
            "description": cause.detail(),
        },
    }))
}

/// Class 22.
fn is_data_exception(state: &SqlState) -> bool {
    state.code().starts_with("22")
}
