//! Starting the parts in their order and stopping them in the other.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use super::postgres::{Postgres, Start, data_folder};
use super::{front, secrets};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Variables};
use crate::engine::{self, Engine, Environment};
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
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
}

const DATABASE: &str = "siwe";
const OWNER: &str = "siwe";
const HASURA: &str = "hasura";

/// The front ends of a laptop.
const ORIGINS: &str = "http://localhost:3000,https://localhost:3000";

impl Stack {
    /// Starts everything and returns when all of it answers.
    ///
    /// # Errors
    /// What is missing or in the way, and what to do about it.
    pub async fn start(settings: Settings, mut variables: Variables) -> anyhow::Result<Self> {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let lock = lock(&settings.data)?;
        secrets::fill_in(&mut variables, &settings.data, &entropy)?;
        for (name, value) in [
            ("SIWE_ORIGINS", ORIGINS),
            ("TRUSTED_HOPS", "1"),
            // Its database is its own, and the demo makes accounts.
            ("REGISTRATION", "open"),
            ("HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE", "true"),
            ("HASURA_GRAPHQL_ENABLED_APIS", "graphql,metadata"),
        ] {
            variables.default_to(name, value);
        }
        // Bound first: a port that is taken should not cost a database start.
        let front = bind(settings.front, "--front").await?;
        let engine = bind(settings.engine, "--engine").await?;
        let start = Start {
            folder: settings.data.clone(),
            settings: Vec::new(),
        };
        let postgres = Postgres::start(start).await?;
        match Parts::start(variables, &postgres, (clock, entropy), front, engine).await {
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
            ..
        } = &self.parts;
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
             \x20 mode      {mode}   (AUTH_MODE: jwt or webhook)\n\
             \x20 data      {}   (secrets.env holds the secrets that your environment does not set)\n\
             \x20 database  {database}   (DATABASE_URL for `hasura-siwe account`, `network`, `audit` …)\n\n\
             Try, in a second shell:\n\n\
             \x20 {demo}   (another way in: hasura-siwe demo --endpoint http://{front} --flow email)\n\
             \x20 curl -s http://{front}/v1/graphql -H 'content-type: application/json' -d '{{\"query\":\"{{ networks {{ name chain_id }} }}\"}}'\n\n\
             Ctrl-C stops it; the data stays.\n",
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
        postgres: &Postgres,
        (clock, entropy): (Clock, Entropy),
        front_listener: TcpListener,
        engine_listener: TcpListener,
    ) -> anyhow::Result<Self> {
        prepare_database(postgres).await?;
        // Never another database, however the shell is set up: a local stack writes into its own.
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL", "PG_DATABASE_URL"] {
            for name in [name.to_owned(), format!("{name}_FILE")] {
                if variables.text(&name).is_some() {
                    tracing::warn!("{name} is set and not used: the local stack has a PostgreSQL of its own");
                    variables.set(&name, "");
                }
            }
        }
        let database = postgres.url(OWNER, DATABASE);
        variables.set("DATABASE_URL", &database);
        variables.set("PG_DATABASE_URL", postgres.url(HASURA, DATABASE));
        let front = front_listener.local_addr()?;
        let origins = origins_with(variables.text("SIWE_ORIGINS").unwrap_or_default(), front.port());
        variables.set("SIWE_ORIGINS", origins);
        let config = Config::read(&variables)?;
        let mut client = storage::connect_directly(&config.database)
            .await
            .context("cannot connect to the database")?;
        storage::migrate(&mut client).await?;
        storage::grant_to_hasura(&client, HASURA).await?;
        drop(client);

        let (stop, stopped) = watch::channel(false);
        let service_listener = bind(config.listen, "LISTEN_ADDR").await?;
        let service = service_listener.local_addr()?;
        let app = App::build(&config, clock.clone(), entropy)?;
        let mut tasks = vec![tokio::spawn(
            app.serve(service_listener, told_to_stop(stopped.clone())),
        )];

        variables.default_to("ACTIONS_BASE_URL", format!("http://{service}"));
        allow_pages(&mut variables, &config);
        let environment = engine_environment(&variables, service)?;
        let engine_config =
            engine::Config::read(&environment).map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
        let started = Engine::start(engine_config, environment, clock).await;
        let started = started.context("the local engine did not start")?;
        for fault in started.inconsistencies() {
            tracing::warn!(kind = fault.kind, name = %fault.name, "{}", fault.reason);
        }
        let engine = engine_listener.local_addr()?;
        let router = started.router();
        tasks.push(serve(engine_listener, router, stopped.clone()));

        let page = web::Settings {
            graphql: "/v1/graphql".to_owned(),
            test_wallet: true,
            registration_is_open: config.passwords.registration_is_open,
        };
        let router = front::front(engine, service, &page)?;
        tasks.push(serve(front_listener, router, stopped));
        let mode = variables.text("AUTH_MODE").unwrap_or("jwt").to_owned();
        Ok(Self {
            database,
            mode,
            front,
            service,
            stop,
            tasks,
        })
    }
}

/// The page that the front serves signs in from the front's own origin, whichever the caller listed.
fn origins_with(listed: &str, port: u16) -> String {
    let own = ["localhost", "127.0.0.1"].map(|host| match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    });
    let listed = listed
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty());
    let missing = own.iter().map(String::as_str);
    listed.chain(missing).collect::<Vec<_>>().join(",")
}

/// Pages of SIWE_ORIGINS may call, and no others: Hasura's own default is everybody, with their cookies. What it would not
/// take for a domain (`capacitor://localhost`, an IPv6 address) is left out.
fn allow_pages(variables: &mut Variables, config: &Config) {
    let is_domain = |origin: &String| {
        let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
        host.is_some_and(|host| {
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
        })
    };
    let origins = config.origins.iter().map(ToString::to_string).filter(is_domain);
    match origins.collect::<Vec<_>>().join(",") {
        none if none.is_empty() => variables.default_to("HASURA_GRAPHQL_DISABLE_CORS", "true"),
        origins => variables.default_to("HASURA_GRAPHQL_CORS_DOMAIN", origins),
    }
}

/// What Hasura would be given in the chosen AUTH_MODE; the files of `make env` do the same in compose.
fn engine_environment(variables: &Variables, service: SocketAddr) -> anyhow::Result<Environment> {
    let mut given: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match variables.text("AUTH_MODE") {
        None | Some("jwt") => {
            // First, so that a value of the caller's own stands.
            given.insert(0, ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE".into(), "guest".into()));
        }
        Some("webhook") => {
            // Hasura refuses to start with both, and so does the engine.
            given.retain(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "HASURA_GRAPHQL_JWT_SECRET" | "HASURA_GRAPHQL_UNAUTHORIZED_ROLE"
                )
            });
            given.push((
                "HASURA_GRAPHQL_AUTH_HOOK".into(),
                format!("http://{service}/webhook"),
            ));
        }
        Some(other) => bail!("AUTH_MODE is {other:?}, expected jwt or webhook"),
    }
    Ok(Environment::from(given))
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
async fn prepare_database(postgres: &Postgres) -> anyhow::Result<()> {
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
    drop(client);
    connection.await??;
    Ok(())
}
