//! A connection that could not be made: where PostgreSQL was looked for, why it failed, and what to do about it.
//!
//! The text names host, port, database and user. The password is never part of it.

use std::fmt::Write;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres::error::{DbError, SqlState};

/// The cure for everything that a pooler in transaction mode breaks.
pub(super) static POOLER: &str = "a connection pooler in transaction mode stands in front of PostgreSQL: set DATABASE_POOLER=transaction, and let DATABASE_DIRECT_URL lead past the pooler";

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to PostgreSQL at {place}: {reason}; {cure}")]
pub struct Unreachable {
    place: String,
    reason: String,
    cure: String,
}

impl Unreachable {
    /// The driver's error, on the way to what `variable` names.
    pub(super) fn new(config: &Config, variable: &str, error: &tokio_postgres::Error) -> Self {
        let reason = reason(error);
        let cure = match error.as_db_error() {
            Some(fault) => cure_of_refusal(fault, variable),
            None => cure_of_line(&error.to_string(), &reason, variable),
        };
        Self {
            place: place(config),
            reason,
            cure,
        }
    }

    /// Nothing answered within the time of a connection.
    pub(super) fn timed_out(config: &Config, variable: &str) -> Self {
        Self {
            place: place(config),
            reason: "no answer in time".to_owned(),
            cure: start_or_correct(variable),
        }
    }
}

/// PostgreSQL's own words, without its detail, which may quote values.
pub(super) fn coded(fault: &DbError) -> String {
    format!(
        "{} {} ({})",
        fault.severity(),
        fault.code().code(),
        fault.message()
    )
}

/// `db:5432, db2:5432 (database siwe, user siwe)`.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let mut hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{}", port(at)),
            Host::Tcp(name) => format!("{name}:{}", port(at)),
            Host::Unix(folder) => format!("{}/.s.PGSQL.{}", folder.display(), port(at)),
        })
        .collect();
    if hosts.is_empty() {
        let addresses = config.get_hostaddrs().iter().enumerate();
        hosts = addresses.map(|(at, ip)| format!("{ip}:{}", port(at))).collect();
    }
    let mut text = hosts.join(", ");
    let mut named = Vec::new();
    named.extend(config.get_dbname().map(|name| format!("database {name}")));
    named.extend(config.get_user().map(|name| format!("user {name}")));
    if !named.is_empty() {
        // Writing to a text never fails.
        let _ = write!(text, " ({})", named.join(", "));
    }
    text
}

/// The last cause, which says most.
fn reason(error: &tokio_postgres::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    match last.downcast_ref::<DbError>() {
        Some(fault) => coded(fault),
        None => last.to_string(),
    }
}

fn cure_of_refusal(fault: &DbError, variable: &str) -> String {
    let code = fault.code();
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return format!("correct the user and the password in {variable}, or let pg_hba.conf admit them");
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return format!("create the database, or correct its name in {variable}");
    }
    if *code == SqlState::CANNOT_CONNECT_NOW {
        return "wait until PostgreSQL has started".to_owned();
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return "lower DATABASE_POOL_SIZE, or raise max_connections of PostgreSQL".to_owned();
    }
    // PgBouncer's, which knows no other options than those it was told to ignore.
    if fault.message().contains("startup parameter") {
        return POOLER.to_owned();
    }
    format!("look at the log of PostgreSQL, and correct {variable}")
}

fn cure_of_line(kind: &str, reason: &str, variable: &str) -> String {
    if reason.contains("does not support TLS") {
        return format!("turn TLS on in PostgreSQL, or take sslmode=require out of {variable}");
    }
    if kind.contains("TLS") {
        return format!(
            "let DATABASE_CA_FILE name the authority of the server's certificate, and {variable} the host that it was issued for"
        );
    }
    if reason.contains("password missing") {
        return format!("add the password to {variable}");
    }
    if reason.contains("does not allow writes") {
        return format!("name the primary in {variable}, or promote a standby");
    }
    start_or_correct(variable)
}

fn start_or_correct(variable: &str) -> String {
    format!("start PostgreSQL there, or correct the host and the port in {variable}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_every_host_and_never_the_password() {
        for (url, expected) in [
            (
                "postgres://siwe:secret@db/siwe",
                "db:5432 (database siwe, user siwe)",
            ),
            ("postgres://siwe@[::1]:6432", "[::1]:6432 (user siwe)"),
            ("postgres://a:1,b:2/d", "a:1, b:2 (database d)"),
            (
                "postgres:///d?host=/run/pg&password=secret",
                "/run/pg/.s.PGSQL.5432 (database d)",
            ),
            ("hostaddr=10.0.0.1 port=5 password=secret", "10.0.0.1:5"),
        ] {
            assert_eq!(place(&url.parse().unwrap()), expected);
        }
    }

    #[test]
    fn a_line_that_fails_has_its_own_cure() {
        for (kind, reason, word) in [
            (
                "error performing TLS handshake",
                "server does not support TLS",
                "sslmode=require",
            ),
            (
                "error performing TLS handshake",
                "invalid peer certificate: UnknownIssuer",
                "DATABASE_CA_FILE",
            ),
            (
                "invalid configuration",
                "password missing",
                "add the password to NAME",
            ),
            (
                "error connecting to server",
                "Connection refused (os error 111)",
                "start PostgreSQL",
            ),
            (
                "error connecting to server",
                "database does not allow writes",
                "primary",
            ),
        ] {
            let cure = cure_of_line(kind, reason, "NAME");
            assert!(cure.contains(word), "{reason}: {cure}");
        }
    }
}
