//! One private PostgreSQL for the whole run, a fresh migrated database for each test.
//!
//! The server is started by the first test that asks. A watchdog outside this process stops it and
//! removes its folder when the tests are over, however they end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage;
use tokio_postgres::{Client, NoTls};

/// The owner of the test databases: no superuser, as in production.
const OWNER: &str = "siwe";
/// Hasura's role.
pub const HASURA: &str = "hasura";
const TEMPLATE: &str = "migrated";

static SERVER: OnceLock<Postgres> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of one test.
#[derive(Clone, Debug)]
pub struct TestDb {
    name: String,
}

impl TestDb {
    /// A fresh one, migrated, with the grants for Hasura.
    pub async fn create() -> Self {
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let maintenance = connect(&server().url("postgres", "postgres")).await;
        maintenance
            .batch_execute(&format!(
                "create database {name} template {TEMPLATE} owner {OWNER}"
            ))
            .await
            .unwrap();
        Self { name }
    }

    /// One that holds nothing.
    pub async fn create_empty() -> Self {
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let maintenance = connect(&server().url("postgres", "postgres")).await;
        maintenance
            .batch_execute(&format!("create database {name} owner {OWNER}"))
            .await
            .unwrap();
        Self { name }
    }

    /// Another one with the same content, as a restored backup is. PostgreSQL copies a database that nobody is
    /// connected to, so whoever is connected to this one is cut off and connects again.
    pub async fn cloned(&self) -> Self {
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let maintenance = connect(&server().url("postgres", "postgres")).await;
        for _ in 0..100 {
            let cut = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
                self.name
            );
            maintenance.batch_execute(&cut).await.unwrap();
            let copy = format!("create database {name} template {} owner {OWNER}", self.name);
            if maintenance.batch_execute(&copy).await.is_ok() {
                return Self { name };
            }
        }
        panic!("{} stays in use", self.name);
    }

    /// Its URL for the service.
    pub fn url(&self) -> String {
        server().url(OWNER, &self.name)
    }

    /// The socket of its server.
    pub fn socket(&self) -> PathBuf {
        folder().canonicalize().unwrap().join("run/.s.PGSQL.5432")
    }

    /// Its URL for the service where its server is at this port.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgresql://{OWNER}@127.0.0.1:{port}/{}", self.name)
    }

    /// Its URL for Hasura or the engine.
    pub fn hasura_url(&self) -> String {
        server().url(HASURA, &self.name)
    }

    /// Its URL for another role of the cluster.
    pub fn url_as(&self, role: &str) -> String {
        server().url(role, &self.name)
    }

    /// A connection as the owner, to look behind the curtain.
    pub async fn connect(&self) -> Client {
        connect(&self.url()).await
    }

    /// A connection as Hasura's role.
    pub async fn connect_as_hasura(&self) -> Client {
        connect(&self.hasura_url()).await
    }
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn server() -> &'static Postgres {
    SERVER.get_or_init(|| {
        // A runtime of its own: each test has another one, and the server outlives the first.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(start())
        })
        .join()
        .unwrap()
    })
}

/// The server's URL for its superuser, for tests that make databases of their own.
pub fn server_url() -> String {
    server().url("postgres", "postgres")
}

fn folder() -> PathBuf {
    PathBuf::from(format!("/tmp/hasura-siwe-tests-{}", std::process::id()))
}

async fn start() -> Postgres {
    let folder = folder();
    stop_when_this_process_ends(&folder);
    // Durability is for data that anybody misses.
    let settings = [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=300",
    ];
    let start = Start {
        folder,
        settings: settings.map(str::to_owned).to_vec(),
    };
    let server = Postgres::start(start).await.expect("the tests need PostgreSQL");
    let maintenance = connect(&server.url("postgres", "postgres")).await;
    maintenance
        .batch_execute(&format!("create role {OWNER} login; create role {HASURA} login"))
        .await
        .unwrap();
    maintenance
        .batch_execute(&format!("create database {TEMPLATE} owner {OWNER}"))
        .await
        .unwrap();
    let mut owner = connect(&server.url(OWNER, TEMPLATE)).await;
    storage::migrate(&mut owner).await.unwrap();
    storage::grant_to_hasura(&owner, HASURA).await.unwrap();
    server
}

#[expect(
    clippy::zombie_processes,
    reason = "the watchdog outlives this process, which is its purpose"
)]
fn stop_when_this_process_ends(folder: &Path) {
    let script = r#"
        while kill -0 "$1" 2>/dev/null; do sleep 0.2; done
        pid=$(head -n 1 "$2/postgres/postmaster.pid" 2>/dev/null) && kill -INT "$pid"
        while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        rm -rf "$2""#;
    Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(std::process::id().to_string())
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
}
