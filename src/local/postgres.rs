//! A private PostgreSQL: found on the machine, its cluster made in a folder of ours, reachable over
//! a socket in that folder and nowhere else.
//!
//! It trusts whoever may enter the folder, which is its owner alone. It is stopped with the
//! program; one that a crash left behind is adopted at the next start.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, bail, ensure};
use nix::unistd::User;
use tokio::process::Command;

use super::programs;

/// A socket's path may have about a hundred bytes; its file name takes some.
const LONGEST_SOCKET_FOLDER: usize = 80;

/// How to start one.
#[derive(Clone, Debug)]
pub struct Start {
    /// Where the cluster lies.
    pub folder: PathBuf,
    /// Settings besides the usual ones, as `name=value`.
    pub settings: Vec<String>,
}

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    cluster: PathBuf,
    sockets: PathBuf,
    user: Option<User>,
}

impl Postgres {
    /// Starts the cluster in the folder, or adopts it where it runs already.
    ///
    /// # Errors
    /// A sentence that says what is missing and how to get it.
    pub async fn start(start: Start) -> anyhow::Result<Self> {
        let user = somebody_else_than_root()?;
        fs::create_dir_all(&start.folder)
            .with_context(|| format!("cannot make {}", start.folder.display()))?;
        let folder = start.folder.canonicalize()?;
        let cluster = folder.join("postgres");
        let programs = find_programs(&cluster)?;
        let sockets = match folder.join("run") {
            short if short.as_os_str().len() <= LONGEST_SOCKET_FOLDER => short,
            _ => std::env::temp_dir().join(format!("hasura-siwe-{:016x}", fingerprint(&folder))),
        };
        own_folder(&cluster, user.as_ref())?;
        own_folder(&sockets, user.as_ref())?;
        let postgres = Self {
            programs,
            cluster,
            sockets,
            user,
        };
        if !postgres.cluster.join("PG_VERSION").exists() {
            postgres.make_cluster().await?;
        }
        if !postgres.is_running().await? {
            postgres.launch(&start.settings).await?;
        }
        Ok(postgres)
    }

    /// The URL of `database` for `role`.
    pub fn url(&self, role: &str, database: &str) -> String {
        let folder: String = self
            .sockets
            .to_string_lossy()
            .replace('%', "%25")
            .replace('/', "%2F");
        format!("postgresql://{role}@{folder}/{database}")
    }

    /// Stops it and waits until its files are closed.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.control(&["-m", "fast", "-w", "-t", "30", "stop"])
            .await
            .map(drop)
    }

    async fn make_cluster(&self) -> anyhow::Result<()> {
        let output = self
            .command("initdb")
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-instructions",
                "-D",
            ])
            .arg(&self.cluster)
            .output()
            .await
            .context("cannot run initdb")?;
        succeeded("initdb", &output)
    }

    async fn is_running(&self) -> anyhow::Result<bool> {
        let output = self
            .command("pg_ctl")
            .arg("-D")
            .arg(&self.cluster)
            .arg("status")
            .output()
            .await?;
        Ok(output.status.success())
    }

    async fn launch(&self, settings: &[String]) -> anyhow::Result<()> {
        let mut options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}'",
            self.sockets.display()
        );
        for setting in settings {
            options.push_str(&format!(" -c {setting}"));
        }
        let log = self.cluster.join("server.log");
        let log = log.to_string_lossy();
        self.control(&["-w", "-t", "60", "-l", &log, "-o", &options, "start"])
            .await
            .with_context(|| {
                let tail = fs::read_to_string(&*log).unwrap_or_default();
                let last: Vec<&str> = tail.lines().rev().take(3).collect();
                format!(
                    "PostgreSQL did not start; its log ends with: {}",
                    last.into_iter().rev().collect::<Vec<_>>().join(" / ")
                )
            })
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        // Not `output`: the server would keep the pipes open, and the wait for them would never end.
        let status = self
            .command("pg_ctl")
            .arg("-D")
            .arg(&self.cluster)
            .arg("-s")
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await
            .context("cannot run pg_ctl")?;
        ensure!(
            status.success(),
            "pg_ctl {} failed",
            arguments.last().unwrap_or(&"")
        );
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        // A folder that the other user may not enter would only bring a warning.
        command.current_dir("/").env("LC_ALL", "C").kill_on_drop(false);
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

/// The folder of PostgreSQL's programs: those that made the cluster, where it is there and they are.
fn find_programs(cluster: &Path) -> anyhow::Result<PathBuf> {
    let made_by = fs::read_to_string(cluster.join("PG_VERSION")).ok();
    #[expect(clippy::disallowed_methods, reason = "PATH is where programs are looked for")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    programs::find(
        Path::new("/"),
        &path,
        made_by.and_then(|version| version.trim().parse().ok()),
    )
    .context(programs::HINT)
}

/// PostgreSQL refuses to run as root, so root hands it to `postgres`, or to `nobody`.
fn somebody_else_than_root() -> anyhow::Result<Option<User>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

/// Makes `folder` for its owner alone, and refuses one that somebody else made.
fn own_folder(folder: &Path, user: Option<&User>) -> anyhow::Result<()> {
    let owner = user.map_or_else(nix::unistd::geteuid, |user| user.uid);
    // One step, so that what is handed over is what was just made, and no link to something else.
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            if let Some(user) = user {
                chown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            }
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
    }
    let found = fs::symlink_metadata(folder)?;
    ensure!(
        found.is_dir() && found.uid() == owner.as_raw() && found.mode() & 0o077 == 0,
        "{} belongs to somebody else or is open to others: remove it, or choose another folder with --data",
        folder.display()
    );
    Ok(())
}

/// Makes the folder of the data, and refuses one in which somebody else could have put something:
/// secrets of their choice, or links to files of ours.
pub(super) fn data_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot make {}: choose another folder with --data",
            folder.display()
        )
    })?;
    let found = fs::symlink_metadata(folder)?;
    ensure!(
        found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o022 == 0,
        "{} belongs to somebody else, or others may write in it: choose another folder with --data",
        folder.display()
    );
    Ok(())
}

fn fingerprint(path: &Path) -> u64 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, path.as_os_str().as_encoded_bytes());
    u64::from_be_bytes(digest.as_ref()[..8].try_into().expect("SHA-256 has 32 bytes"))
}

fn succeeded(program: &str, output: &Output) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} failed: {}",
        text.trim().lines().last().unwrap_or_default()
    );
    Ok(())
}
