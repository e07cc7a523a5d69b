//! What the Caddyfile passes on, and that the front of the local stack does the same.

use super::yaml;
use crate::repository::{between, read};

#[test]
fn log_in_has_a_path_of_its_own_in_the_proxy_and_in_the_front() {
    let caddyfile = read("Caddyfile");
    let login = between(&caddyfile, "@login {", "}");
    assert!(
        login.contains("method POST") && login.contains("path /v1/login\n"),
        "{login}"
    );
    assert!(caddyfile.contains("rewrite @login /v1/graphql\n"));
    let front = read("src/local/front.rs");
    assert!(front.contains(r#""/v1/login" if parts.method == Method::POST => "/v1/graphql""#));
}

#[test]
fn both_refuse_a_body_of_more_than_a_megabyte() {
    assert!(read("Caddyfile").contains("max_size 1MB"));
    assert!(read("src/local/front.rs").contains("const BODY_CAP: usize = 1_000_000;"));
}

#[test]
fn it_listens_where_compose_publishes_and_passes_on_to_hasura() {
    let caddyfile = read("Caddyfile");
    let stack = yaml("docker-compose.yml");
    let published = stack["services"]["proxy"]["ports"][0].as_str().unwrap();
    let (port, upstream) = (
        between(&caddyfile, "{$PROXY_PORT:", "}"),
        between(&caddyfile, "{$HASURA_UPSTREAM:", "}"),
    );
    assert!(published.ends_with(&format!(":{port}")), "{published}");
    assert!(
        published.starts_with("${HTTP_BIND:-127.0.0.1}"),
        "on this machine alone until somebody says otherwise"
    );
    let (host, _) = upstream.split_once(':').unwrap();
    assert!(
        stack["services"].get(host).is_some(),
        "{host} is no service of compose"
    );
    let health = stack["services"]["proxy"]["healthcheck"]["test"].to_string();
    assert!(health.contains(&format!("127.0.0.1:{port}/healthz")), "{health}");
}
