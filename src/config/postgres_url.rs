//! A PostgreSQL URL as providers hand it out, made into one that the driver reads.
//!
//! The driver refuses a URL as a whole and does not say why. Here each part that it cannot read is named, with what to use instead.
//! No sentence quotes a value: any of them may hold the password. It connects to nothing.

use std::str::FromStr;

use tokio_postgres::Config;

const SHAPE: &str = "is not a PostgreSQL URL: expected postgres://user:password@host:5432/database, with special characters of the password percent-encoded";
const SECOND_AT: &str = "has a second @ in front of its parameters: percent-encode those of the user, the password and the database as %40, and other special characters likewise";

/// Parameters that the driver reads, whatever their value.
const READ: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Parameters of other drivers and tools, and what to use instead.
const INSTEAD: &[(&str, &str)] = &[
    ("connection_limit", "use DATABASE_POOL_SIZE"),
    ("gssencmode", "leave it out, GSSAPI is not used"),
    ("pgbouncer", "use DATABASE_POOLER=transaction"),
    ("pool_mode", "use DATABASE_POOLER"),
    ("pool_size", "use DATABASE_POOL_SIZE"),
    ("schema", "leave it out, every table is named with its schema"),
    (
        "search_path",
        "leave it out, every table is named with its schema",
    ),
    ("ssl", "use sslmode=require"),
    ("sslaccept", "leave it out, the certificate is always verified"),
    ("sslcert", "leave it out, client certificates are not supported"),
    ("sslkey", "leave it out, client certificates are not supported"),
    ("sslrootcert", "use DATABASE_CA_FILE"),
    (
        "statement_timeout",
        "leave it out, statements have a time-out already",
    ),
];

/// The URL for the driver. The error is the end of a sentence that begins with the variable's name.
pub(super) fn readable(url: &str) -> Result<String, String> {
    let url = rewritten(url, true)?;
    let config = Config::from_str(&url).map_err(|_| SHAPE)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(
            "names no host: expected postgres://user:password@host:5432/database (a socket is ?host=/its/folder)"
                .to_owned(),
        );
    }
    Ok(url)
}

/// The user that a URL for Hasura names. Hasura reads more parameters than the driver, and none of those matters here.
///
/// # Errors
/// The end of a sentence that begins with the variable's name, and quotes nothing.
pub fn postgres_user(url: &str) -> Result<Option<String>, String> {
    let config = Config::from_str(&rewritten(url, false)?).map_err(|_| SHAPE)?;
    Ok(config.get_user().map(ToOwned::to_owned))
}

/// With the parameters in the driver's form. What the driver does not read is refused, or left out unless `is_strict`.
fn rewritten(url: &str, is_strict: bool) -> Result<String, String> {
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !is_url {
        return Ok(url.to_owned());
    }
    // As the driver does: what stands before the first @ are the credentials, whatever they hold.
    let credentials = url.find('@').map_or(0, |at| at + 1);
    let (target, query) = match url[credentials..].split_once('?') {
        Some((target, query)) => (target, Some(query)),
        None => (&url[credentials..], None),
    };
    if target.contains('@') {
        return Err(SECOND_AT.to_owned());
    }
    let Some(query) = query else {
        return Ok(url.to_owned());
    };
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match judged(parameter) {
            Ok(parameter) => kept.push(parameter),
            // A password with @ and ? in it would be taken for a parameter, and must not be shown.
            Err(_) if query.contains('@') => return Err(SECOND_AT.to_owned()),
            Err(end) if is_strict => return Err(end),
            Err(_) => {}
        }
    }
    let end = url.len() - query.len() - 1;
    let mark = if kept.is_empty() { "" } else { "?" };
    Ok(format!("{}{mark}{}", &url[..end], kept.join("&")))
}

/// One `name=value` for the driver.
fn judged(parameter: &str) -> Result<String, String> {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    match (name, value) {
        // The certificate and its host are verified wherever there is TLS.
        ("sslmode", "verify-ca" | "verify-full") => Ok("sslmode=require".to_owned()),
        ("sslmode", "disable" | "prefer" | "require") => Ok(parameter.to_owned()),
        ("sslmode", _) => Err(
            "has an sslmode that is not supported: use disable, prefer, require or verify-full".to_owned(),
        ),
        ("target_session_attrs", value) if !["any", "read-write", "read-only"].contains(&value) => {
            Err("has a target_session_attrs that is not supported: use read-write".to_owned())
        }
        (name, _) if READ.contains(&name) => {
            let alone = format!("postgres://host?{parameter}");
            match Config::from_str(&alone) {
                Ok(_) => Ok(parameter.to_owned()),
                Err(_) => Err(format!(
                    "has a {name} that is not supported: correct it, or leave it out"
                )),
            }
        }
        (name, _) => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    let is_name = !name.is_empty()
        && name.len() <= 32
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return "has a parameter that is not supported: leave it out".to_owned();
    }
    let instead = INSTEAD.iter().find(|(known, _)| *known == name);
    let instead = instead.map_or("leave it out, it is not supported", |(_, instead)| *instead);
    format!("has the parameter {name}: {instead}")
}

#[cfg(test)]
mod tests {
    use super::*;

    // Field report C02.
    #[test]
    fn modes_that_verify_are_what_the_service_always_does() {
        for mode in ["verify-full", "verify-ca", "require"] {
            let url = readable(&format!("postgres://u:p@h/d?sslmode={mode}&connect_timeout=5")).unwrap();
            assert_eq!(url, "postgres://u:p@h/d?sslmode=require&connect_timeout=5");
        }
        for good in [
            "postgres://u:p@h/d",
            "postgresql://u:p%40ss@h:1,h2:2/d?target_session_attrs=read-write",
            "postgres:///d?host=/run/postgresql&user=u",
            "postgres://u:p?q#/:r@h/d",
            "host=h user=u password=p",
        ] {
            assert_eq!(readable(good).as_deref(), Ok(good));
        }
    }

    // Field report C02.
    #[test]
    fn a_parameter_that_is_not_read_is_named_with_what_to_use_instead_and_without_its_value() {
        for (parameter, word) in [
            (
                "sslrootcert=SECRET",
                "the parameter sslrootcert: use DATABASE_CA_FILE",
            ),
            (
                "pgbouncer=SECRET",
                "the parameter pgbouncer: use DATABASE_POOLER=transaction",
            ),
            ("schema=SECRET", "the parameter schema: leave it out"),
            ("sslmode=allow", "an sslmode that is not supported: use"),
            ("sslmode=SECRET", "an sslmode that is not supported: use"),
            (
                "target_session_attrs=primary",
                "a target_session_attrs that is not supported: use read-write",
            ),
            ("gssencmode=SECRET", "the parameter gssencmode: leave it out"),
            (
                "channel_binding=SECRET",
                "a channel_binding that is not supported",
            ),
            (
                "connect_timeout=SECRET",
                "a connect_timeout that is not supported",
            ),
            ("port=SECRET", "a port that is not supported"),
            ("application=SECRET", "the parameter application: leave it out"),
            ("SECRET%20=1", "a parameter that is not supported"),
            ("lonely", "the parameter lonely"),
        ] {
            for url in [
                format!("postgres://u:p@h/d?{parameter}"),
                format!("postgresql://h?connect_timeout=1&{parameter}"),
            ] {
                let end = readable(&url).unwrap_err();
                assert!(end.contains(word) && !end.contains("SECRET"), "{url}: {end}");
                assert_eq!(
                    postgres_user("postgres://u:p@h/d?").unwrap().as_deref(),
                    Some("u")
                );
            }
        }
        let user = postgres_user("postgres://hasura:p@h/d?sslmode=allow&sslrootcert=x&gssencmode=disable");
        assert_eq!(user.unwrap().as_deref(), Some("hasura"));
    }

    // Field report C03.
    #[test]
    fn a_second_at_is_never_taken_for_a_host() {
        for url in [
            "postgres://u:p@SECRET@127.0.0.1:1/db",
            "postgres://u:p@SECRET/x@h/db",
            "postgres://u:p@x?SECRET=1@h/db",
            "postgres://u@server:SECRET@h/db?sslmode=require",
        ] {
            for end in [readable(url).unwrap_err(), postgres_user(url).unwrap_err()] {
                assert!(end.contains("%40") && !end.contains("SECRET"), "{url}: {end}");
            }
        }
        let in_a_value = "postgres://u:p@h/d?application_name=a@b";
        assert_eq!(readable(in_a_value).as_deref(), Ok(in_a_value));
    }

    #[test]
    fn what_is_no_url_or_names_no_host_is_refused() {
        for (url, word) in [
            ("mysql://u:SECRET@h/d", "is not a PostgreSQL URL"),
            ("SECRET", "is not a PostgreSQL URL"),
            ("postgres://u:SECRET@h:port/d", "is not a PostgreSQL URL"),
            ("postgres:///d", "names no host"),
            ("user=u password=SECRET", "names no host"),
        ] {
            let end = readable(url).unwrap_err();
            assert!(end.contains(word) && !end.contains("SECRET"), "{url}: {end}");
        }
    }
}
