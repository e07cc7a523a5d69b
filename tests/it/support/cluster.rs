//! A PostgreSQL of one test's own, which may be stopped, killed and started again. It ends with the test, however that ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage;
use tokio_postgres::Client;

use super::app::variables;
use super::db::{TestDb, connect};
use super::process::Process;

/// The cluster. Its superuser's database `postgres` is migrated.
pub struct Cluster {
    folder: tempfile::TempDir,
    postgres: Postgres,
    /// For its superuser.
    pub url: String,
}

impl Cluster {
    /// With these settings, as `name=value`.
    pub async fn start(settings: &[&str]) -> Self {
        Self::start_in(Path::new("/tmp"), settings).await
    }

    /// With its files in a folder of this one.
    pub async fn start_in(parent: &Path, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let postgres = launch(folder.path().to_owned(), settings).await.unwrap();
        let cluster = Self {
            url: postgres.url("postgres", "postgres"),
            folder,
            postgres,
        };
        storage::migrate(&mut cluster.client().await).await.unwrap();
        cluster
    }

    /// Where its files are.
    fn data(&self) -> PathBuf {
        self.folder.path().join("postgres")
    }

    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// The service on it, in a process of its own.
    pub async fn process(&self) -> Process {
        self.process_with(&[]).await
    }

    /// The same, with these variables besides.
    pub async fn process_with(&self, extra: &[(&str, &str)]) -> Process {
        let mut variables = variables(&TestDb::create_empty().await);
        variables.set("DATABASE_URL", &self.url);
        for (name, value) in extra {
            variables.set(name, *value);
        }
        Process::serve(variables).await
    }

    /// Replaces pg_hba.conf with these lines and reloads it.
    pub async fn authenticates(&self, lines: &[&str]) {
        std::fs::write(self.data().join("pg_hba.conf"), lines.join("\n") + "\n").unwrap();
        let client = self.client().await;
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        let loaded = "select count(*) = $1 from pg_hba_file_rules where pg_conf_load_time() > now() - interval '1 minute'";
        let many = i64::try_from(lines.len()).unwrap();
        let row = client.query_one(loaded, &[&many]).await.unwrap();
        assert!(row.get::<_, bool>(0), "pg_hba.conf is read");
    }

    /// Stops it as an operator does.
    pub async fn stop(&self) {
        self.postgres.stop().await.unwrap();
    }

    /// Ends it as a power cut does: all of its processes at once, without a word.
    pub async fn kill(&self) {
        let Some(postmaster) = self.postmaster() else {
            panic!("it does not run");
        };
        // Held still, so that it starts no other child meanwhile.
        signal("-STOP", &[postmaster]);
        let mut all = children(postmaster);
        all.push(postmaster);
        signal("-KILL", &all);
        let begun = Instant::now();
        while all.iter().any(|pid| lives(*pid)) {
            assert!(begun.elapsed() < Duration::from_secs(10), "they are gone");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Until somebody buries it, what is dead has its number still, and a start would take it for the living.
        for file in ["postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"] {
            std::fs::remove_file(self.folder.path().join(file)).unwrap();
        }
    }

    /// Starts it again, or waits for the start that is under way.
    pub async fn start_again(&self, settings: &[&str]) {
        self.try_to_start_again(settings).await.unwrap();
    }

    pub async fn try_to_start_again(&self, settings: &[&str]) -> anyhow::Result<()> {
        launch(self.folder.path().to_owned(), settings).await.map(drop)
    }

    /// Whether its first process is there.
    pub fn runs(&self) -> bool {
        self.postmaster().is_some()
    }

    fn postmaster(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.parse().ok()?;
        lives(pid).then_some(pid)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(postmaster) = self.postmaster() else {
            return;
        };
        // At once: nobody misses its data.
        signal("-QUIT", &[postmaster]);
        let begun = Instant::now();
        while lives(postmaster) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

async fn launch(folder: PathBuf, settings: &[&str]) -> anyhow::Result<Postgres> {
    let settings = settings.iter().map(ToString::to_string).collect();
    Postgres::start(Start { folder, settings }).await
}

fn signal(name: &str, pids: &[u32]) {
    let mut command = Command::new("kill");
    command.arg(name).args(pids.iter().map(u32::to_string));
    // One that is gone already is no fault.
    let _ = command.stderr(Stdio::null()).status();
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name stands in parentheses, and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether it runs: what is dead and waits to be buried does not.
fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

fn children(parent: u32) -> Vec<u32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent))
        .collect()
}
