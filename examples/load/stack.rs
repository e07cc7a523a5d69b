//! What is measured, started and stopped: a PostgreSQL that keeps its promises (`fsync` on), processes of the release
//! binary, PgBouncer, and the bare axum route.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use hasura_siwe::config::{Config, Variables};
use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage::{connect_directly, migrate, settings_for_pooler};
use tokio_postgres::Client;

/// Drawn for the benchmark; nothing else has it.
pub const ACTIONS_SECRET: &str = "Wd7Rk2Vn9Tq4Xb6Lz1Hs8Pc3Jm5Gy0Fa";
const JWT_SECRET: &str = r#"{"type":"HS256","key":"hN3vQ8sT1xB6kZ9mW4yC7rF2jD5gL0pA"}"#;
/// The site that log-ins are for.
pub const ORIGIN: &str = "http://localhost:3000";

/// What everybody sets who gives PostgreSQL a machine, and connections enough for six processes and pgbench. With the
/// 128 MB that it comes with, a table of five million rows would measure the memory of the kernel.
pub const SETTINGS: [&str; 4] = [
    "shared_buffers=2GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=30min",
    "max_connections=200",
];

/// PostgreSQL, migrated.
pub struct Database {
    folder: tempfile::TempDir,
    postgres: Postgres,
    pub client: Client,
}

impl Database {
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in("/tmp")?;
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
        let postgres = Postgres::start(Start {
            folder: folder.path().to_owned(),
            settings: SETTINGS.iter().map(ToString::to_string).collect(),
        })
        .await?;
        let url = postgres.url("postgres", "postgres");
        let config = Config::read(&variables(&url))?;
        let mut client = connect_directly(&config.database).await?;
        migrate(&mut client).await?;
        settings_for_pooler(&client).await?;
        Ok(Self {
            folder,
            postgres,
            client,
        })
    }

    pub fn url(&self) -> String {
        self.postgres.url("postgres", "postgres")
    }

    /// The folder of its socket.
    pub fn sockets(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder.path().canonicalize()?.join("run"))
    }

    /// A place for files of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its first process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        let text = std::fs::read_to_string(self.folder.path().join("postgres/postmaster.pid"))?;
        Ok(text.lines().next().context("an empty postmaster.pid")?.parse()?)
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.client);
        self.postgres.stop().await
    }
}

fn variables(url: &str) -> Variables {
    [
        ("DATABASE_URL", url),
        ("ACTIONS_SECRET", ACTIONS_SECRET),
        ("HASURA_GRAPHQL_JWT_SECRET", JWT_SECRET),
        ("SIWE_ORIGINS", ORIGIN),
        ("REGISTRATION", "open"),
        ("SIGN_UPS_PER_PROCESS", "0"),
        ("LOG_FORMAT", "json"),
    ]
    .into_iter()
    .collect()
}

/// A free port; somebody else may take it before it is used, and then the start fails.
pub fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A process of the release binary. Ends with this value.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// From its start to the first 200 of `/readyz`.
    pub ready_after: Duration,
}

impl Process {
    /// `serve` on this database, with these variables besides. It writes its log to a file, as a container's does.
    pub fn serve(binary: &Path, database: &Database, extra: &[(&str, &str)]) -> anyhow::Result<Self> {
        let address = free_port()?;
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(database.folder().join("service.log"))?;
        let mut variables = variables(&database.url());
        variables.set("LISTEN_ADDR", address.to_string());
        for (name, value) in extra {
            variables.set(name, *value);
        }
        let begun = Instant::now();
        let child = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(variables.iter())
            .stdout(log)
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("cannot run {}: `make bench` builds it", binary.display()))?;
        let mut process = Self {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        while !process.is_ready() {
            ensure!(
                process.child.try_wait()?.is_none(),
                "the service ended at its start"
            );
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "the service is not ready"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        process.ready_after = begun.elapsed();
        Ok(process)
    }

    fn is_ready(&self) -> bool {
        let Ok(mut connection) = crate::wire::Connection::open(self.address) else {
            return false;
        };
        connection
            .exchange(b"GET /readyz HTTP/1.1\r\nhost: service\r\n\r\n")
            .is_ok_and(|answer| answer.status == 200)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Nothing can be done about a child that is gone already.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// PgBouncer in transaction mode before the database.
pub struct Pooler {
    child: Child,
    pub url: String,
}

impl Pooler {
    /// With so many connections to PostgreSQL.
    pub fn start(database: &Database, connections: usize) -> anyhow::Result<Self> {
        let address = free_port()?;
        let folder = database.folder();
        std::fs::write(folder.join("users.txt"), "\"postgres\" \"\"\n")?;
        let settings = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 400\n",
            database.sockets()?.display(),
            address.port(),
            folder.join("users.txt").display(),
        );
        let path = folder.join("pgbouncer.ini");
        std::fs::write(&path, settings)?;
        // Where Debian puts it is not on everybody's PATH.
        let program = Path::new("/usr/sbin/pgbouncer");
        let mut command = Command::new(if program.exists() {
            program
        } else {
            Path::new("pgbouncer")
        });
        if nix::unistd::geteuid().is_root() {
            // It refuses to run as root, and only the cluster's owner may enter the folder of its socket.
            command.args(["-u", "postgres"]);
        }
        let child = command
            .arg("-q")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run pgbouncer: scripts/test-deps.sh installs it")?;
        let mut pooler = Self {
            child,
            url: format!("postgresql://postgres@{address}/postgres"),
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(pooler.child.try_wait()?.is_none(), "pgbouncer ended at its start");
            ensure!(
                begun.elapsed() < Duration::from_secs(10),
                "pgbouncer does not listen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The bare axum route, in a process of its own.
pub struct Bare {
    child: Child,
    pub address: SocketAddr,
}

/// The argument that makes this program the bare route.
pub const BARE: &str = "bare-route";

impl Bare {
    /// A route that answers every request with this JSON.
    pub fn start(body: &[u8]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(BARE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no pipe")?.write_all(body)?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no pipe")?).read_line(&mut line)?;
        let Ok(address) = line.trim().parse() else {
            end(&mut child);
            bail!("the bare route did not start");
        };
        Ok(Self { child, address })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// What the child does: reads the body from its standard input, prints where it listens, and serves.
pub async fn be_the_bare_route() -> anyhow::Result<()> {
    use axum::http::header::CONTENT_TYPE;
    let mut body = Vec::new();
    std::io::Read::read_to_end(&mut std::io::stdin(), &mut body)?;
    let body: &'static [u8] = body.leak();
    let route = axum::routing::get(move || async move { ([(CONTENT_TYPE, "application/json")], body) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            // As the service does.
            let _ = stream.set_nodelay(true);
        }),
        axum::Router::new().route("/webhook", route),
    )
    .await?;
    Ok(())
}
