//! What each part of the stack is given of the shell's variables. Every variable of `config::VARIABLES` counts as it does for
//! `serve`; the few that cannot are named with a warning, and never passed over.

use std::net::SocketAddr;

use anyhow::{anyhow, bail};

use crate::config::{Config, Variables};
use crate::engine::Environment;

/// What the local stack does not follow, and why. Each may also be given with `_FILE`.
const NOT_USED: &[(&str, &str)] = &[
    ("DATABASE_URL", OWN_DATABASE),
    ("DATABASE_DIRECT_URL", OWN_DATABASE),
    ("PG_DATABASE_URL", OWN_DATABASE),
    ("DATABASE_CA_FILE", OWN_DATABASE),
    ("DATABASE_POOLER", OWN_DATABASE),
    ("HASURA_GRAPHQL_SERVER_HOST", ADDRESSES),
    ("HASURA_GRAPHQL_SERVER_PORT", ADDRESSES),
];
const OWN_DATABASE: &str = "the local stack has a PostgreSQL of its own";
const ADDRESSES: &str = "--front and --engine say where the local stack answers";

/// The secrets of the engine that may come from a file.
const SECRETS: [&str; 2] = ["HASURA_GRAPHQL_JWT_SECRET", "HASURA_GRAPHQL_ADMIN_SECRET"];

/// The front ends that may call, for the banner.
#[derive(Clone, Debug)]
pub(super) struct AllowedOrigins {
    /// `SIWE_ORIGINS`, with the pages of the front itself.
    pub(super) siwe: String,
    /// `HASURA_GRAPHQL_CORS_DOMAIN`, where the shell sets it.
    pub(super) cors: Option<String>,
}

/// Takes out what is not used, with a warning for each.
pub(super) fn drop_unused(variables: &mut Variables) {
    for (name, why) in NOT_USED {
        for name in [(*name).to_owned(), format!("{name}_FILE")] {
            if variables.text(&name).is_some() {
                tracing::warn!("{name} is set and not used: {why}");
                variables.set(&name, "");
            }
        }
    }
    if variables.text("WEB").is_some_and(|web| web.trim() == "off") {
        tracing::warn!(
            "WEB is off and not used: the local stack always serves the sign-in page at its front"
        );
    }
}

/// Adds the page that the front serves: it signs in from the front's own origin, whichever the caller listed.
pub(super) fn add_own_page(variables: &mut Variables, port: u16) {
    let own = ["localhost", "127.0.0.1"].map(|host| match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    });
    let given = variables.text("SIWE_ORIGINS").unwrap_or_default();
    let mut origins: Vec<&str> = Vec::new();
    let listed = given
        .split(',')
        .chain(own.iter().map(String::as_str))
        .map(str::trim);
    for origin in listed.filter(|origin| !origin.is_empty()) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    let origins = origins.join(",");
    variables.set("SIWE_ORIGINS", origins);
}

/// Pages of SIWE_ORIGINS may call, and no others: Hasura's own default is every page, with its cookies. What it would not
/// take for a domain (`capacitor://localhost`, an IPv6 address) is left out.
pub(super) fn allow_pages(variables: &mut Variables, config: &Config) -> AllowedOrigins {
    let all: Vec<String> = config.origins.iter().map(ToString::to_string).collect();
    let allowed = AllowedOrigins {
        siwe: all.join(", "),
        cors: cors_of(variables),
    };
    let domains: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|origin| is_domain(origin))
        .collect();
    match domains.join(",") {
        none if none.is_empty() => variables.default_to("HASURA_GRAPHQL_DISABLE_CORS", "true"),
        origins => variables.default_to("HASURA_GRAPHQL_CORS_DOMAIN", origins),
    }
    allowed
}

/// What the shell says of CORS itself.
fn cors_of(variables: &Variables) -> Option<String> {
    let is_off = variables
        .text("HASURA_GRAPHQL_DISABLE_CORS")
        .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "t" | "yes" | "y"));
    match variables.text("HASURA_GRAPHQL_CORS_DOMAIN") {
        _ if is_off => Some("none, because of HASURA_GRAPHQL_DISABLE_CORS".to_owned()),
        listed => listed.map(str::to_owned),
    }
}

/// Whether Hasura takes this origin for a domain of `HASURA_GRAPHQL_CORS_DOMAIN`.
pub(super) fn is_domain(origin: &str) -> bool {
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
    })
}

/// What Hasura would be given in the chosen AUTH_MODE; the files of `make env` do the same in compose.
pub(super) fn of_engine(
    variables: &Variables,
    config: &Config,
    service: SocketAddr,
) -> anyhow::Result<Environment> {
    let mut variables = variables.clone();
    for name in SECRETS {
        let secret = variables.secret(name).map_err(|fault| anyhow!(fault))?;
        variables.set(name, secret.unwrap_or_default());
        variables.set(&format!("{name}_FILE"), "");
    }
    // The service's may be two, and may be in a file. Hasura sends one.
    if let Some(secret) = config.actions_secrets.first() {
        variables.set("ACTIONS_SECRET", secret.expose());
    }
    let mut given: Vec<(String, String)> = variables
        .iter()
        .filter(|(_, value)| !value.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_front_is_added_once() {
        let mut variables: Variables = [("SIWE_ORIGINS", "https://app.example.com, http://localhost:8080,")]
            .into_iter()
            .collect();
        add_own_page(&mut variables, 8080);
        assert_eq!(
            variables.text("SIWE_ORIGINS"),
            Some("https://app.example.com,http://localhost:8080,http://127.0.0.1:8080")
        );
    }

    #[test]
    fn what_hasura_takes_for_a_domain_is_told_from_other_origins() {
        for origin in [
            "http://localhost:5173",
            "https://app.example.com",
            "http://127.0.0.1:3000",
        ] {
            assert!(is_domain(origin), "{origin}");
        }
        for origin in [
            "null",
            "capacitor://localhost",
            "http://[::1]:3000",
            "https://",
            "https://a b",
        ] {
            assert!(!is_domain(origin), "{origin}");
        }
    }
}
