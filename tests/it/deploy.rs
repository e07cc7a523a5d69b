//! docker-compose.yml, Dockerfile, Caddyfile and Hasura's metadata against what the binary reads and
//! answers.
//!
//! No engine and no container runs here: the real compose, hadolint and Caddy judge the files' form,
//! and these tests what the files say.

mod compose;
mod image;
mod metadata;
mod proxy;
mod tools;

use serde_json::Value;

use crate::repository::read;

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
