//! docker-compose.yml, Dockerfile, Caddyfile, the files of deploy/ and .github/ and Hasura's metadata against what the binary reads
//! and answers.
//!
//! No engine and no container runs here: the real compose, hadolint, Caddy, Kustomize and systemd judge the files' form,
//! and these tests what the files say.

mod compose;
mod image;
mod kubernetes;
mod metadata;
mod postgres;
mod proxy;
mod systemd;
mod tools;
mod workflows;

use std::path::Path;

use hasura_siwe::config::Variables;
use serde_json::Value;

use crate::repository::{between, read};

/// A YAML file as JSON, anchors and merge keys resolved.
pub(crate) fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The port of the service: the one that its image listens on.
fn service_port() -> u16 {
    let dockerfile = read("Dockerfile");
    let line = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("ENV LISTEN_ADDR="))
        .unwrap();
    line.parse::<std::net::SocketAddr>().unwrap().port()
}

/// What a process gets whose secrets are files.
struct Given {
    /// Its variables; the files are real.
    variables: Variables,
    /// The names of the secrets, sorted.
    secrets: Vec<String>,
    _folder: tempfile::TempDir,
}

/// Puts a value for each `NAME_FILE` that names a file of `folder` into a real one, as an orchestrator does.
fn given_by_file(variables: &Variables, folder: &Path) -> Given {
    let real = tempfile::tempdir().unwrap();
    let mut given = Given {
        variables: Variables::default(),
        secrets: Vec::new(),
        _folder: real,
    };
    for (name, value) in variables.iter() {
        let Some(secret) = name
            .strip_suffix("_FILE")
            .filter(|_| Path::new(value).starts_with(folder))
        else {
            given.variables.set(name, value);
            continue;
        };
        assert_eq!(
            Path::new(value),
            folder.join(secret),
            "a file has the name of its variable"
        );
        let content = match secret {
            "DATABASE_URL" | "DATABASE_DIRECT_URL" => "postgres://siwe:x@db/siwe",
            "ACTIONS_SECRET" => "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga",
            "HASURA_GRAPHQL_JWT_SECRET" => {
                r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A","issuer":"hasura-siwe","audience":"hasura"}"#
            }
            "KEYS_ENCRYPTION_KEY" => "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe",
            "ETH_RPC_URLS" => "1=https://node.example.com/v3/key",
            other => panic!("a value for {other}?"),
        };
        let path = given._folder.path().join(secret);
        std::fs::write(&path, format!("{content}\n")).unwrap();
        given.variables.set(name, path.to_str().unwrap());
        given.secrets.push(secret.to_owned());
    }
    given.secrets.sort();
    given
}

/// The names of the variables in the file that scripts/env.sh writes for an AUTH_MODE.
fn names_of_env_file(mode: &str) -> Vec<String> {
    let script = read("scripts/env.sh");
    let file = between(&script, &format!("\"$folder/.env.hasura.{mode}\" <<"), "\nEOF");
    file.lines()
        .skip(1)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.to_owned()))
        .collect()
}
