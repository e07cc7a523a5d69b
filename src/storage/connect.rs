//! How a connection is made: TLS, time-outs per connection, the size and patience of the pool.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;
use super::unreachable::Unreachable;
use crate::config::{Database, Pooler};
use crate::secret::Secret;

/// No statement of ours may take longer; the hot ones take a thousandth of it.
const STATEMENT_TIMEOUT: &str = "5s";
/// How long a statement waits for a row that another one holds.
const LOCK_TIMEOUT: &str = "3s";
/// A transaction that nobody continues is ended by the server.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";
/// Every table is named with its schema. Nothing is looked for in `public`, where somebody else may
/// be allowed to create an operator or a function that would then run with our rights.
const SEARCH_PATH: &str = "-c search_path=pg_catalog,pg_temp";
/// How long a request waits for a connection before it is answered `unavailable`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a statement's answer is waited for: [`STATEMENT_TIMEOUT`] and the way there and back. Whoever hears nothing by then
/// has no PostgreSQL at the other end, but a firewall that forgot the connection, or a machine that is gone.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
/// How long what was sent may lie unacknowledged before the kernel ends the connection, which would try for a quarter of an hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// A pool for requests. Connects when it is first asked, so a database that is down does not keep
/// the service from starting.
///
/// # Errors
/// [`Error::Setup`] when the URL or the CA file cannot be used.
pub(super) fn open_pool(database: &Database) -> Result<Pool, Error> {
    let mut config = parse(&database.url)?;
    // A pooler takes no options: they stand at the role, where `migrate` put them.
    if database.pooler == Pooler::None {
        add_options(
            &mut config,
            &format!(
                "{SEARCH_PATH} -c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout={LOCK_TIMEOUT} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT}"
            ),
        );
    }
    let manager = Manager::from_config(
        config,
        tls(database.ca_file.as_deref())?,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(database.pool_size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .build()
        .map_err(|error| Error::Setup(error.to_string()))
}

/// Why the pool gave no connection.
pub(super) fn no_connection(database: &Database, error: PoolError) -> Error {
    let config = match parse(&database.url) {
        Ok(config) => config,
        Err(error) => return error,
    };
    match error {
        PoolError::Timeout(TimeoutType::Wait) => Error::Pool("all of DATABASE_POOL_SIZE are in use"),
        PoolError::Timeout(_) => Unreachable::timed_out(&config, URL).into(),
        PoolError::Backend(error) => Unreachable::new(&config, URL, &error).into(),
        _ => Error::Pool("the pool is closed"),
    }
}

/// The variables that lead to the database.
const URL: &str = "DATABASE_URL";
const DIRECT_URL: &str = "DATABASE_DIRECT_URL";

fn add_options(config: &mut Config, options: &str) {
    config.options(format!("{} {options}", config.get_options().unwrap_or_default()));
}

/// Lets every connection of this role to this database begin with the settings that a pooler would not pass on. Whoever
/// connects otherwise, as `migrate` does, brings its own.
///
/// # Errors
/// [`Error`] when the database did not do it.
pub async fn settings_for_pooler(client: &Client) -> Result<(), Error> {
    let settings = [
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", LOCK_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
        ("search_path", "pg_catalog, pg_temp"),
    ];
    for (name, value) in settings {
        // Names and values are ours; the database's name is quoted by PostgreSQL.
        let value = match name {
            "search_path" => value.to_owned(),
            _ => format!("''{value}''"),
        };
        client
            .batch_execute(&format!(
                "do $$ begin execute format('alter role current_user in database %I set {name} = {value}', current_database()); end $$"
            ))
            .await?;
    }
    Ok(())
}

/// One connection past any pooler, for migrations. Ends when the client is dropped.
///
/// # Errors
/// [`Error`] when the database does not answer.
pub async fn connect_directly(database: &Database) -> Result<Client, Error> {
    let (client, connection) = connect_for_messages(database).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a direct database connection ended");
        }
    });
    Ok(client)
}

/// Asks the server to leave what the connection of this token is at; nobody waits for it. It may be there and well, and the
/// statement wait for what has no limit, as a commit for its standby: each connection that we leave would stay as one of the server's.
pub(super) fn cancel(database: &Database, token: CancelToken) {
    let Ok(tls) = tls(database.ca_file.as_deref()) else {
        return;
    };
    tokio::spawn(async move {
        match tokio::time::timeout(CONNECT_TIMEOUT, token.cancel_query(tls)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %error, "a silent statement was not cancelled"),
            Err(_) => tracing::debug!("a silent statement was not cancelled in time"),
        }
    });
}

/// A connection whose messages somebody reads: notifications come among them.
type Messages = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// One connection past any pooler. The caller drives it.
pub(super) async fn connect_for_messages(database: &Database) -> Result<(Client, Messages), Error> {
    let mut config = parse(&database.direct_url)?;
    add_options(&mut config, SEARCH_PATH);
    let is_one = database.direct_url.expose() == database.url.expose();
    let variable = if is_one { URL } else { DIRECT_URL };
    let connecting = config.connect(tls(database.ca_file.as_deref())?);
    // The driver's own time-out ends when the socket is open, and whoever opened it may be a proxy with nobody behind it.
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(error)) => Err(Unreachable::new(&config, variable, &error).into()),
        Err(_) => Err(Unreachable::timed_out(&config, variable).into()),
    }
}

fn parse(url: &Secret<String>) -> Result<Config, Error> {
    // The parser's text may quote the password, so it is not passed on.
    let mut config = Config::from_str(url.expose())
        .map_err(|_| Error::Setup("the database URL cannot be read".to_owned()))?;
    config
        .application_name("hasura-siwe")
        .connect_timeout(CONNECT_TIMEOUT)
        // A server that is gone without a word is noticed, whichever side waits.
        .keepalives_idle(UNACKNOWLEDGED)
        .tcp_user_timeout(UNACKNOWLEDGED);
    Ok(config)
}

/// Certificates are always verified; whether TLS is used at all is the URL's `sslmode`.
fn tls(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let extra = match ca_file {
        None => Vec::new(),
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| Error::Setup(format!("DATABASE_CA_FILE {}: {error}", path.display())))?,
    };
    let setup = |error: rustls::Error| Error::Setup(error.to_string());
    let builder = ClientConfig::builder_with_provider(std::sync::Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(setup)?;
    let verifier = Verifier::new_with_extra_roots(extra, provider).map_err(setup)?;
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
