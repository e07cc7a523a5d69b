//! Starting the parts in their order and stopping them in the other.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use super::environment::{self, AllowedOrigins};
use super::postgres::{Postgres, Start, data_folder};
use super::refused::{self, RefusedOrigins};
use super::{front, secrets};
use crate::app::{App, MetricsHandle};
use crate::clock::Clock;
use crate::config::{self, Config, Variables};
use crate::engine::{self, Engine, STATEMENT_TIMEOUT, StatementTimeout};
use crate::entropy::Entropy;
use crate::server;
use crate::storage;
use crate::web;

/// Where things lie and answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the data and the secrets.
    pub data: PathBuf,
    /// The front's address.
    pub front: SocketAddr,
    /// The engine's address.
    pub engine: SocketAddr,
}

/// The running stack.
#[derive(Debug)]
pub struct Stack {
    data: PathBuf,
    parts: Parts,
    postgres: Postgres,
    // Held while the stack runs, so that a second one on the same data is refused.
    _lock: File,
}

/// The servers.
#[derive(Debug)]
struct Parts {
    database: String,
    mode: String,
    front: SocketAddr,
    service: SocketAddr,
    metrics: Option<SocketAddr>,
    origins: AllowedOrigins,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// Where the servers listen, bound before anything is started.
struct Listeners {
    front: TcpListener,
    engine: TcpListener,
    service: TcpListener,
    metrics: Option<(TcpListener, MetricsHandle)>,
}

const DATABASE: &str = "siwe";
const OWNER: &str = "siwe";
const HASURA: &str = "hasura";
/// As in compose: the engine's pool (50) and a reserve.
const HASURA_CONNECTIONS: usize = 70;

/// The front ends of a laptop, on the ports that development servers take: 3000, 5173 and 4173 (Vite), 8080.
const ORIGINS: &str = "http://localhost:3000,https://localhost:3000,http://localhost:5173,http://localhost:4173,http://localhost:8080,\
                       http://127.0.0.1:3000,http://127.0.0.1:5173,http://127.0.0.1:4173,http://127.0.0.1:8080";

impl Stack {
    /// Starts everything and returns when all of it answers. `metrics` holds what METRICS_ADDR answers.
    ///
    /// # Errors
    /// What is missing or in the way, and what to do about it.
    pub async fn start(
        settings: Settings,
        mut variables: Variables,
        metrics: Option<MetricsHandle>,
    ) -> anyhow::Result<Self> {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let lock = lock(&settings.data)?;
        let refused = RefusedOrigins::new(&variables);
        environment::drop_unused(&mut variables);
        secrets::fill_in(&mut variables, &settings.data, &entropy)?;
        for (name, value) in [
            ("SIWE_ORIGINS", ORIGINS),
            ("TRUSTED_HOPS", "1"),
            // Its database is its own, and the demo makes accounts.
            ("REGISTRATION", "open"),
            // All clients of a laptop are one, and tests of a front end make a wallet each.
            ("SIGN_UPS_PER_CLIENT", "0"),
            // All of them, to try each. In production keep only those in use.
            ("FLOWS", "siwe,lens,email,username,tanx"),
            ("HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE", "true"),
            ("HASURA_GRAPHQL_ENABLED_APIS", "graphql,metadata"),
        ] {
            variables.default_to(name, value);
        }
        // Bound and judged first: a port that is taken or a fault of the configuration should not cost a database start.
        let front = bind(settings.front, "--front").await?;
        environment::add_own_page(&mut variables, front.local_addr()?.port());
        let config = config_before_database(&variables)?;
        let listeners = Listeners {
            front,
            engine: bind(settings.engine, "--engine").await?,
            service: bind(config.listen, "LISTEN_ADDR").await?,
            metrics: match config.metrics.zip(metrics) {
                Some((address, handle)) => Some((bind(address, "METRICS_ADDR").await?, handle)),
                None => None,
            },
        };
        let start = Start {
            folder: settings.data.clone(),
            settings: Vec::new(),
        };
        let postgres = Postgres::start(start).await?;
        match Parts::start(variables, config, &postgres, (clock, entropy), listeners, refused).await {
            Ok(parts) => Ok(Self {
                data: settings.data,
                parts,
                postgres,
                _lock: lock,
            }),
            Err(error) => {
                postgres.stop().await.ok();
                Err(error)
            }
        }
    }

    /// What to try, for a person at a terminal.
    pub fn invitation(&self) -> String {
        let Parts {
            database,
            mode,
            front,
            service,
            metrics,
            origins,
            ..
        } = &self.parts;
        let metrics = metrics.map_or_else(String::new, |address| {
            format!("\x20 metrics   http://{address}/metrics\n")
        });
        let cors = origins.cors.as_ref().map_or_else(String::new, |domains| {
            format!("\x20 CORS      {domains}   (HASURA_GRAPHQL_CORS_DOMAIN: pages that may call GraphQL and /api/rest)\n")
        });
        let demo = match front.port() {
            8080 => "make demo".to_owned(),
            _ => format!("hasura-siwe demo --endpoint http://{front}"),
        };
        format!(
            "\nhasura-siwe is up.\n\n\
             \x20 page      http://{front}/   (sign in with a wallet, or with one made up for the purpose)\n\
             \x20 GraphQL   http://{front}/v1/graphql   (local engine; as guest without a token)\n\
             \x20 REST      http://{front}/api/rest/v1/login, /restore-session, /update-account; /sapi/v2/auth/nonce, /sapi/v2/auth/login\n\
             \x20 service   http://{service}/healthz\n\
             {metrics}\
             \x20 origins   {}   (SIWE_ORIGINS: pages that may sign in and call from a browser)\n\
             {cors}\
             \x20 mode      {mode}   (AUTH_MODE: jwt or webhook)\n\
             \x20 data      {}   (secrets.env holds the secrets that your environment does not set)\n\
             \x20 database  {database}   (DATABASE_URL for `hasura-siwe account`, `network`, `audit` …)\n\n\
             Try, in a second shell:\n\n\
             \x20 {demo}   (another way in: hasura-siwe demo --endpoint http://{front} --flow email)\n\
             \x20 curl -s http://{front}/v1/graphql -H 'content-type: application/json' -d '{{\"query\":\"{{ networks {{ name chain_id }} }}\"}}'\n\n\
             Ctrl-C stops it; the data stays.\n",
            origins.siwe,
            self.data.display(),
        )
    }

    /// The folder of the data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Stops the servers, then the database.
    ///
    /// # Errors
    /// When a part failed or PostgreSQL does not stop.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.parts.stop.send_replace(true);
        for task in self.parts.tasks {
            task.await.context("a part of the stack ended early")??;
        }
        self.postgres.stop().await
    }
}

impl Parts {
    async fn start(
        mut variables: Variables,
        mut config: Config,
        postgres: &Postgres,
        (clock, entropy): (Clock, Entropy),
        listeners: Listeners,
        refused: Arc<RefusedOrigins>,
    ) -> anyhow::Result<Self> {
        let timeout =
            StatementTimeout::read(variables.text(STATEMENT_TIMEOUT)).map_err(anyhow::Error::msg)?;
        prepare_database(postgres, &timeout).await?;
        let database = postgres.url(OWNER, DATABASE);
        variables.set("DATABASE_URL", &database);
        variables.set("PG_DATABASE_URL", postgres.url(HASURA, DATABASE));
        config.database = config::Database::read(&variables)?;
        let mut client = storage::connect_directly(&config.database).await?;
        storage::migrate(&mut client).await?;
        storage::grant_to_hasura(&client, HASURA).await?;
        drop(client);

        let (stop, stopped) = watch::channel(false);
        let service = listeners.service.local_addr()?;
        let app = App::build(&config, clock.clone(), entropy)?;
        let mut tasks = Vec::new();
        let mut metrics = None;
        if let Some((listener, handle)) = listeners.metrics {
            let address = listener.local_addr()?;
            tracing::info!(metrics.address = %address, "metrics on http://{address}/metrics");
            metrics = Some(address);
            tasks.push(serve(listener, app.metrics_router(handle), stopped.clone()));
        }
        tasks.push(tokio::spawn(
            app.serve(listeners.service, told_to_stop(stopped.clone())),
        ));

        variables.default_to("ACTIONS_BASE_URL", format!("http://{service}"));
        let origins = environment::allow_pages(&mut variables, &config);
        let environment = environment::of_engine(&variables, &config, service)?;
        let mut engine_config =
            engine::Config::read(&environment).map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
        // The front passes every path on, and the engine sees the front alone: so both must be closed to other machines.
        for listener in [&listeners.front, &listeners.engine] {
            engine_config.is_exposed |= !listener.local_addr()?.ip().is_loopback();
        }
        let started = Engine::start(engine_config, environment, clock).await;
        let started = started.context("the local engine did not start")?;
        for fault in started.inconsistencies() {
            tracing::warn!(kind = fault.kind, name = %fault.name, "{}", fault.reason);
        }
        let engine = listeners.engine.local_addr()?;
        tasks.push(serve(listeners.engine, started.router(), stopped.clone()));

        let page = web::Settings {
            graphql: variables
                .text("WEB_GRAPHQL_URL")
                .unwrap_or("/v1/graphql")
                .trim()
                .to_owned(),
            test_wallet: true,
            registration_is_open: config.passwords.registration_is_open,
        };
        let router = front::front(engine, service, &page)?.layer(from_fn_with_state(refused, refused::watch));
        let front = listeners.front.local_addr()?;
        tasks.push(serve(listeners.front, router, stopped));
        tracing::info!("the local stack answers on http://{front}");
        let mode = variables.text("AUTH_MODE").unwrap_or("jwt").to_owned();
        Ok(Self {
            database,
            mode,
            front,
            service,
            metrics,
            origins,
            stop,
            tasks,
        })
    }
}

/// The configuration, but for where the database is: that is known when it runs.
fn config_before_database(variables: &Variables) -> anyhow::Result<Config> {
    let mut variables = variables.clone();
    variables.set(
        "DATABASE_URL",
        format!("postgresql://{OWNER}@localhost/{DATABASE}"),
    );
    Ok(Config::read(&variables)?)
}

fn serve(
    listener: TcpListener,
    router: Router,
    stopped: watch::Receiver<bool>,
) -> JoinHandle<anyhow::Result<()>> {
    tokio::spawn(async move {
        let limits = server::Limits::default();
        let served = server::serve(listener, router, limits, told_to_stop(stopped)).await;
        served.context("a listener failed")
    })
}

async fn told_to_stop(mut stopped: watch::Receiver<bool>) {
    // An error means that the stack itself is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn lock(data: &Path) -> anyhow::Result<File> {
    data_folder(data)?;
    let path = data.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another local stack runs on {}: stop it, or choose another folder with --data",
            data.display()
        ),
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

async fn bind(address: SocketAddr, name: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop what is there, or give another address ({name})")
    })
}

/// The roles and the database, as deploy/postgres does for compose.
async fn prepare_database(postgres: &Postgres, timeout: &StatementTimeout) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(&postgres.url("postgres", "postgres"), NoTls)
        .await
        .context("cannot connect to the private PostgreSQL")?;
    let connection = tokio::spawn(connection);
    for role in [OWNER, HASURA] {
        if client
            .query_opt("select from pg_roles where rolname = $1", &[&role])
            .await?
            .is_none()
        {
            client.batch_execute(&format!("create role {role} login")).await?;
        }
    }
    if client
        .query_opt("select from pg_database where datname = $1", &[&DATABASE])
        .await?
        .is_none()
    {
        client
            .batch_execute(&format!("create database {DATABASE} owner {OWNER}"))
            .await?;
    }
    // At each start: an older stack has none of these, and the timeout is a setting.
    client
        .batch_execute(&format!(
            "alter role {HASURA} in database {DATABASE} set statement_timeout = '{timeout}';
             alter role {HASURA} in database {DATABASE} set idle_in_transaction_session_timeout = '10s';
             alter role {HASURA} connection limit {HASURA_CONNECTIONS}"
        ))
        .await
        .with_context(|| format!("cannot limit Hasura's role ({STATEMENT_TIMEOUT} is {timeout})"))?;
    drop(client);
    connection.await??;
    Ok(())
}
