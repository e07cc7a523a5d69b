//! The floor under everything that asks the database: pgbench, prepared statements, the very SQL that the service sends,
//! with the settings that its connections have.
//!
//! What the service sends as a parameter pgbench computes in the statement, because it has no bytes: a few SHA-256 more for
//! PostgreSQL, some microseconds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use hasura_siwe::storage::STATEMENTS;

use crate::drive::Run;
use crate::seeds::{pgbench_hash, uuid_of};
use crate::stack::Database;

/// As the service's pool sets them for each connection.
const OPTIONS: &str = "-c search_path=pg_catalog,pg_temp -c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s";

/// A script for pgbench. Each client counts in `n`.
pub struct Script(String);

fn statement(name: &str) -> anyhow::Result<&'static str> {
    let found = STATEMENTS.iter().find(|(known, _)| *known == name);
    Ok(found.with_context(|| format!("no statement {name}"))?.1)
}

/// The statement with `values` for `$1` and so on.
fn with_values(sql: &str, values: &[String]) -> String {
    let mut sql = sql.to_owned();
    // From the last, because `$1` is the beginning of `$12`.
    for (number, value) in values.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", number + 1), value);
    }
    sql
}

/// Restores of `each` sessions of every client in turn, the first client's first being `first`.
pub fn restores(first: u64, each: u64) -> anyhow::Result<Script> {
    let hash = |generation: &str| pgbench_hash(":s", generation);
    let values = [
        "0::double precision".to_owned(),
        hash(":g"),
        "sha256(int8send(:s) || int4send(:h) || 's'::bytea)".to_owned(),
        hash(":h"),
        "30::double precision".to_owned(),
        "'siwe'".to_owned(),
        "null::inet".to_owned(),
        "'5f1d9ab27c6e4035a2b1c4d7e9a6308b'".to_owned(),
    ];
    let sql = with_values(statement("sessions::ROTATE")?, &values);
    Ok(Script(format!(
        "\\set s {first} + :client_id * {each} + :n % {each}\n\\set g :n / {each}\n\\set h :g + 1\n\\set n :n + 1\n{sql};\n"
    )))
}

/// Log-ins of wallets that nobody knows, numbered from `first` on, with room for ten million of each client.
pub fn log_ins(first: u64) -> anyhow::Result<Script> {
    let address = "substr(sha256(int8send(:x) || 'A'::bytea), 1, 20)";
    let values = [
        "0::double precision".to_owned(),
        uuid_of(":x", 'S'),
        "'siwe'".to_owned(),
        "sha256(int8send(:x) || 'T'::bytea)".to_owned(),
        "3600::double precision".to_owned(),
        "1209600::double precision".to_owned(),
        "7776000::double precision".to_owned(),
        "100".to_owned(),
        "null::text".to_owned(),
        "null::inet".to_owned(),
        "'5f1d9ab27c6e4035a2b1c4d7e9a6308b'".to_owned(),
        address.to_owned(),
        uuid_of(":x", 'U'),
        format!("'0x' || encode({address}, 'hex')"),
        "1::bigint".to_owned(),
        "sha256(int8send(:x) || 'N'::bytea)".to_owned(),
        "false".to_owned(),
        "now() + interval '6 minutes'".to_owned(),
        "0".to_owned(),
        "false".to_owned(),
        // No limit of sign-ups.
        "null".to_owned(),
        "0::double precision".to_owned(),
        "0::double precision".to_owned(),
        "true".to_owned(),
    ];
    let sql = with_values(statement("log_ins::LOG_IN")?, &values);
    Ok(Script(format!(
        "\\set x {first} + :client_id * 10000000 + :n\n\\set n :n + 1\n{sql};\n"
    )))
}

/// Runs it with so many clients.
pub fn run(database: &Database, script: &Script, clients: usize, time: Duration) -> anyhow::Result<Run> {
    let folder = tempfile::tempdir_in(database.folder())?;
    let file = folder.path().join("script.sql");
    std::fs::write(&file, &script.0)?;
    let seconds = time.as_secs().max(1);
    let output = Command::new(program())
        .args([
            "--no-vacuum",
            "--protocol=prepared",
            "--log",
            "--username=postgres",
        ])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg(format!("--file={}", file.display()))
        .arg(format!("--log-prefix={}", folder.path().join("log").display()))
        .args(["--define=n=0", "postgres"])
        .env("PGHOST", database.sockets()?)
        .env("PGOPTIONS", OPTIONS)
        .stdin(Stdio::null())
        .output()
        .context("cannot run pgbench: it comes with PostgreSQL")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pgbench failed: {faults}");
    let per_second: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| format!("pgbench says nothing: {text}"))?;
    let mut micros = latencies(folder.path())?;
    ensure!(!micros.is_empty(), "pgbench did nothing: {faults}");
    micros.sort_unstable();
    Ok(Run {
        // Without the time that the connections took.
        seconds: micros.len() as f64 / per_second,
        micros,
    })
}

/// The third column of each line: microseconds of one transaction.
fn latencies(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let mut micros = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("log"));
        if is_log {
            let text = std::fs::read_to_string(path)?;
            micros.extend(
                text.lines()
                    .filter_map(|line| line.split(' ').nth(2)?.parse::<u32>().ok()),
            );
        }
    }
    Ok(micros)
}

/// Beside the server where Debian keeps it; its wrapper on PATH looks for a cluster first.
fn program() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    versions.sort();
    versions
        .into_iter()
        .rev()
        .map(|version| version.join("bin/pgbench"))
        .find(|program| program.exists())
        .unwrap_or_else(|| PathBuf::from("pgbench"))
}
