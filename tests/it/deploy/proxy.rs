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
fn sapi_and_the_page_alone_lead_to_the_service_and_over_a_network_of_its_own() {
    let caddyfile = read("Caddyfile");
    let upstreams: Vec<&str> = caddyfile
        .lines()
        .filter_map(|line| line.trim().strip_prefix("reverse_proxy "))
        .collect();
    assert_eq!(
        upstreams,
        [
            "{$HASURA_UPSTREAM:graphql-engine:8080}",
            "@service {$SERVICE_UPSTREAM:service:4000}"
        ]
    );
    assert!(caddyfile.contains("@service path /sapi/* / /assets/* /web.json\n"));
    let stack = yaml("docker-compose.yml");
    let on = |network: &str| -> Vec<String> {
        stack["services"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, service)| {
                let networks = service["networks"].as_array().unwrap();
                networks.iter().any(|name| name == network)
            })
            .map(|(name, _)| name.clone())
            .collect()
    };
    assert_eq!(on("sapi"), ["service", "proxy"]);
    assert_eq!(stack["networks"]["sapi"]["internal"], true);
    for network in ["database", "actions"] {
        assert!(!on(network).contains(&"proxy".to_owned()), "{network}");
    }
}

#[test]
fn both_take_away_a_clients_own_word_for_its_origin() {
    assert!(read("Caddyfile").contains("\trequest_header -X-Forwarded-Origin\n"));
    assert!(read("src/local/front.rs").contains("headers.remove(FORWARDED_ORIGIN);"));
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
    let service = between(&caddyfile, "{$SERVICE_UPSTREAM:", "}");
    assert_eq!(service, format!("service:{}", super::service_port()));
    assert!(
        stack["services"].get(host).is_some(),
        "{host} is no service of compose"
    );
    let health = stack["services"]["proxy"]["healthcheck"]["test"].to_string();
    assert!(health.contains(&format!("127.0.0.1:{port}/healthz")), "{health}");
}
