//! The units against what the binary reads and how it stops. Their form is judged by tests/deploy/systemd.sh.

use std::path::Path;
use std::time::Duration;

use hasura_siwe::config::{Config, Database, VARIABLES, Variables};
use hasura_siwe::server::Limits;

use super::given_by_file;
use crate::repository::read;

const SERVICE: &str = "deploy/systemd/hasura-siwe.service";
const MIGRATE: &str = "deploy/systemd/hasura-siwe-migrate.service";

/// The values of one setting, in their order.
fn settings(unit: &str, name: &str) -> Vec<String> {
    read(unit)
        .lines()
        .filter_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
        .collect()
}

fn variables(unit: &str) -> Variables {
    settings(unit, "Environment")
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .collect()
}

#[test]
fn the_units_run_commands_of_the_binary() {
    assert_eq!(
        settings(SERVICE, "ExecStart"),
        ["/usr/local/bin/hasura-siwe serve"]
    );
    assert_eq!(
        settings(MIGRATE, "ExecStart"),
        ["/usr/local/bin/hasura-siwe migrate"]
    );
    assert_eq!(settings(MIGRATE, "Type"), ["oneshot"]);
    for order in ["Wants", "After"] {
        assert!(
            settings(SERVICE, order)
                .concat()
                .contains("hasura-siwe-migrate.service"),
            "{order}"
        );
    }
}

#[test]
fn every_secret_is_a_credential_and_every_credential_is_read() {
    for unit in [SERVICE, MIGRATE] {
        let mut credentials: Vec<String> = settings(unit, "LoadCredential")
            .iter()
            .map(|credential| {
                let (name, path) = credential.split_once(':').unwrap();
                assert_eq!(path, format!("/etc/hasura-siwe/secrets/{name}"));
                name.to_owned()
            })
            .collect();
        credentials.sort();
        let mut given = given_by_file(&variables(unit), Path::new("%d"));
        assert_eq!(given.secrets, credentials, "{unit}");
        // As docs/deployment.md has it in the file beside them.
        given.variables.set("SIWE_ORIGINS", "https://app.example.com");
        if unit == SERVICE {
            Config::read(&given.variables).unwrap_or_else(|faults| panic!("{faults}"));
        } else {
            Database::read(&given.variables).unwrap_or_else(|faults| panic!("{faults}"));
        }
        for (name, value) in variables(unit).iter() {
            let is_secret = VARIABLES.iter().any(|v| v.secret && v.name == name);
            assert!(
                !is_secret && !value.contains(":x@"),
                "{unit} has a secret in it: {name}"
            );
        }
    }
}

#[test]
fn systemd_waits_for_the_stop_of_the_service() {
    let limits = Limits::default();
    let given = settings(SERVICE, "TimeoutStopSec").remove(0).parse().unwrap();
    let own = limits.farewell + limits.drain;
    assert!(
        Duration::from_secs(given) >= own + Duration::from_secs(5),
        "{given} s"
    );
    assert_eq!(settings(SERVICE, "KillSignal"), ["SIGTERM"]);
    let files: usize = settings(SERVICE, "LimitNOFILE").remove(0).parse().unwrap();
    assert!(
        files >= limits.connections + 1000 + 100,
        "connections and the largest pool"
    );
}

#[test]
fn both_units_are_shut_in_alike() {
    let shut_in = |unit: &str| -> Vec<String> {
        let text = read(unit);
        let (_, rest) = text.split_once("DynamicUser=yes\n").expect("a user of its own");
        rest.lines()
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(shut_in(SERVICE), shut_in(MIGRATE));
}
