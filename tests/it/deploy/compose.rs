//! What docker-compose.yml gives to each container.

use std::collections::BTreeMap;

use hasura_siwe::config::{Config, VARIABLES, Variables};
use serde_json::Value;

use super::{service_port, yaml};
use crate::repository::read;

fn stack() -> Value {
    yaml("docker-compose.yml")
}

fn environment(stack: &Value, service: &str) -> BTreeMap<String, Option<String>> {
    let of_service = &stack["services"][service]["environment"];
    let pairs = of_service
        .as_object()
        .unwrap_or_else(|| panic!("{service} has no environment"));
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)))
        .collect()
}

/// A value as compose resolves it for somebody who set nothing but the secrets.
fn resolved(value: &str) -> String {
    let mut resolved = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, tail) = after.split_once('}').unwrap();
        resolved.push_str(before);
        resolved.push_str(match inner.split_once(":-") {
            Some((_, default)) => default,
            None if inner.starts_with("SIWE_ORIGINS") => "http://localhost:3000",
            None => "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga",
        });
        rest = tail;
    }
    resolved + rest
}

/// `NAME='value'` lines that scripts/env.sh writes into a file of its own.
fn of_env_file() -> BTreeMap<String, String> {
    let script = read("scripts/env.sh");
    let document = crate::repository::between(&script, "<<EOF\n", "\nEOF");
    document
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            (
                name.to_owned(),
                value
                    .trim_matches('\'')
                    .replace("$key", "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"),
            )
        })
        .collect()
}

#[test]
fn every_variable_of_our_containers_is_one_that_the_binary_reads() {
    let stack = stack();
    let known = |name: &str| VARIABLES.iter().any(|variable| variable.name == name);
    for name in environment(&stack, "service").keys() {
        assert!(
            known(name) || name == "RUST_LOG",
            "the service does not read {name}"
        );
    }
    for name in environment(&stack, "migrate").keys() {
        assert!(
            known(name) || ["PG_DATABASE_URL", "RUST_LOG"].contains(&name.as_str()),
            "migrate does not read {name}"
        );
    }
    for name in of_env_file().keys() {
        assert!(
            known(name) || name.starts_with("HASURA_GRAPHQL_"),
            "nobody reads {name} of .env.hasura.jwt"
        );
    }
}

#[test]
fn the_service_starts_with_what_compose_gives_it() {
    let mut variables: Variables = of_env_file().into_iter().collect();
    for (name, value) in environment(&stack(), "service") {
        if let Some(value) = value {
            variables.set(&name, resolved(&value));
        }
    }
    let config = Config::read(&variables).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.trusted_hops, 1, "the proxy is one hop");
    assert_eq!(
        (config.jwt.issuer.as_str(), config.jwt.audience.join(",").as_str()),
        ("hasura-siwe", "hasura")
    );
}

#[test]
fn hasura_is_set_up_as_the_service_needs_it() {
    let hasura = environment(&stack(), "graphql-engine");
    let value = |name: &str| {
        hasura
            .get(name)
            .cloned()
            .flatten()
            .unwrap_or_else(|| panic!("{name} is not set"))
    };
    assert_eq!(
        value("ACTIONS_BASE_URL"),
        format!("http://service:{}", service_port())
    );
    assert_eq!(value("HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE"), "true");
    assert_eq!(value("HASURA_GRAPHQL_ENABLED_APIS"), "graphql");
    assert_eq!(value("HASURA_GRAPHQL_ENABLE_CONSOLE"), "false");
    assert_eq!(value("HASURA_GRAPHQL_DEV_MODE"), "false");
    for log in ["query-log", "action-handler-log"] {
        assert!(
            !value("HASURA_GRAPHQL_ENABLED_LOG_TYPES").contains(log),
            "{log} would write refresh tokens"
        );
    }
    assert!(
        value("HASURA_GRAPHQL_CORS_DOMAIN").starts_with("${SIWE_ORIGINS:?"),
        "by default any page could call, with cookies"
    );
    assert!(
        hasura
            .keys()
            .all(|name| !name.contains("AUTH_HOOK") && !name.contains("JWT")),
        "the mode is a file"
    );
    assert_eq!(of_env_file()["HASURA_GRAPHQL_UNAUTHORIZED_ROLE"], "guest");
    let stack = stack();
    assert_eq!(
        stack["services"]["graphql-engine"]["env_file"][0],
        ".env.hasura.${AUTH_MODE:-jwt}"
    );
    assert_eq!(stack["services"]["service"]["env_file"][0], ".env.hasura.jwt");
    for name in environment(&stack, "graphql-engine")
        .keys()
        .filter(|name| name.starts_with("HASURA_"))
    {
        assert!(
            name.starts_with("HASURA_GRAPHQL_"),
            "{name} is no variable of Hasura's"
        );
    }
}

#[test]
fn hasura_connects_as_a_role_of_its_own() {
    let stack = stack();
    let url = |service: &str, name: &str| environment(&stack, service)[name].clone().unwrap();
    assert!(url("graphql-engine", "PG_DATABASE_URL").starts_with("postgres://hasura:"));
    assert!(url("graphql-engine", "HASURA_GRAPHQL_METADATA_DATABASE_URL").starts_with("postgres://hasura:"));
    assert!(url("service", "DATABASE_URL").starts_with("postgres://siwe:"));
    assert_eq!(
        url("migrate", "PG_DATABASE_URL"),
        url("graphql-engine", "PG_DATABASE_URL")
    );
    let init = read("deploy/postgres/init.sh");
    for statement in [
        "create role hasura login nosuperuser",
        "create schema hdb_catalog authorization hasura",
    ] {
        assert!(init.contains(statement), "{statement}");
    }
}

/// The pool of the source in the metadata that is shipped.
fn pool_of_source() -> u64 {
    let databases = yaml("hasura/metadata/databases/databases.yaml");
    let settings = &databases[0]["configuration"]["connection_info"]["pool_settings"];
    settings["max_connections"].as_u64().unwrap()
}

// Issue 14, item 1.
#[test]
fn hasuras_connections_fit_its_limit_and_leave_the_service_its_own() {
    let stack = stack();
    let value = |service: &str, name: &str| resolved(environment(&stack, service)[name].as_deref().unwrap());
    let number = |service: &str, name: &str| value(service, name).parse::<u64>().unwrap();
    let limit = number("postgres", "HASURA_DB_CONNECTION_LIMIT");
    let metadata = number("graphql-engine", "HASURA_GRAPHQL_PG_CONNECTIONS");
    // One replica, and a reserve for the engine that applies the metadata at the start.
    assert!(limit >= pool_of_source() + metadata + 5, "{limit}");
    // PostgreSQL's defaults: 100 connections, three of them for superusers. The service has a pool, a listener and `migrate`.
    let variable = VARIABLES
        .iter()
        .find(|one| one.name == "DATABASE_POOL_SIZE")
        .unwrap();
    let service = variable.default.unwrap().parse::<u64>().unwrap() + 2;
    assert!(limit + service <= 97, "{limit} and {service}");

    let init = read("deploy/postgres/init.sh");
    let timeout = value("postgres", "HASURA_DB_STATEMENT_TIMEOUT");
    for text in [
        format!("${{HASURA_DB_CONNECTION_LIMIT:-{limit}}}"),
        format!("${{HASURA_DB_STATEMENT_TIMEOUT:-{timeout}}}"),
    ] {
        assert!(init.contains(&text), "init.sh has another default: {text}");
    }
    // What is printed for a database that exists already.
    for document in ["docs/deployment.md", "docs/guides/existing-hasura.md"] {
        let text = read(document);
        for statement in [
            format!("alter role hasura in database siwe set statement_timeout = '{timeout}';"),
            "alter role hasura in database siwe set idle_in_transaction_session_timeout = '10s';".to_owned(),
            format!("alter role hasura connection limit {limit};"),
        ] {
            assert!(text.contains(&statement), "{document}: {statement}");
        }
    }
}

#[test]
fn there_is_no_default_secret() {
    let text = read("docker-compose.yml") + &read("docker-compose.console.yml");
    for piece in text
        .split("${")
        .skip(1)
        .filter_map(|piece| piece.split('}').next())
    {
        let name: String = piece
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || *c == '_')
            .collect();
        if name.ends_with("SECRET") || name.ends_with("PASSWORD") {
            assert!(
                piece[name.len()..].starts_with(":?"),
                "${{{piece}}} may be empty or has a default"
            );
        }
    }
    for line in read(".env.example").lines() {
        if let Some((name, value)) = line.split_once('=')
            && (name.ends_with("SECRET") || name.ends_with("PASSWORD"))
        {
            assert!(value.is_empty(), ".env.example gives {name} a value");
        }
    }
}

#[test]
fn things_start_in_their_order_and_only_the_proxy_has_a_port() {
    let stack = stack();
    let waits = |service: &str, on: &str| stack["services"][service]["depends_on"][on]["condition"].clone();
    assert_eq!(waits("migrate", "postgres"), "service_healthy");
    assert_eq!(waits("service", "migrate"), "service_completed_successfully");
    assert_eq!(waits("graphql-engine", "service"), "service_healthy");
    assert_eq!(waits("proxy", "graphql-engine"), "service_started");
    for (name, service) in stack["services"].as_object().unwrap() {
        assert_eq!(service.get("ports").is_some(), name == "proxy", "{name}");
        let networks = service["networks"].as_array().unwrap();
        for network in networks.iter().filter_map(Value::as_str) {
            let internal = stack["networks"][network]["internal"] == true;
            assert!(
                internal || name == "proxy",
                "{name} is on {network}, which leads outside"
            );
        }
        let once = service["restart"] == "no";
        assert!(
            once || service.get("healthcheck").is_some(),
            "{name} has no health check"
        );
    }
    for service in ["migrate", "service"] {
        let service = &stack["services"][service];
        assert!(
            service["read_only"] == true && service["cap_drop"][0] == "ALL",
            "what the anchor says is merged in"
        );
    }
}

#[test]
fn what_is_mounted_is_there() {
    let stack = stack();
    for (name, service) in stack["services"].as_object().unwrap() {
        for volume in service["volumes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let source = volume.split(':').next().unwrap();
            let Some(path) = source.strip_prefix("./") else {
                assert!(stack["volumes"].get(source).is_some(), "{name}: {source}");
                continue;
            };
            let there = crate::repository::root().join(path).exists();
            assert!(
                there || path == "hasura/metadata" && !crate::repository::root().join("hasura").exists(),
                "{name} mounts {path}"
            );
        }
    }
}
