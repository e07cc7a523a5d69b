//! The environment of docker-compose.yml, run natively: the roles that `deploy/postgres/init.sh`
//! makes, `migrate` and `serve` as their containers start them, the engine with Hasura's variables,
//! and a real Caddy with the project's Caddyfile. Only the containers themselves are missing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hasura_siwe::clock::Clock;
use hasura_siwe::config::Variables;
use hasura_siwe::engine::{Config, Engine, Environment};
use hasura_siwe::local::{Postgres, Start};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::caddy::{Caddy, free_port};
use crate::support::process::{Process, run};
use crate::support::raw::assert_only_sapi_leads_to_the_service;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The services as compose resolves them from the files of `make env`.
async fn services(mode: &str) -> Value {
    let print: &[&str] = if mode == "jwt" {
        &["print"]
    } else {
        &["print", mode]
    };
    let output = Command::new(format!("{ROOT}/tests/deploy/compose.sh"))
        .args(print)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let file: Value = serde_saphyr::from_str(std::str::from_utf8(&output.stdout).unwrap()).unwrap();
    file["services"].clone()
}

/// The environment of one service, with the hosts of compose's networks replaced by this machine's.
fn environment(services: &Value, service: &str, hosts: &[(&str, String)]) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in services[service]["environment"].as_object().unwrap() {
        let mut value = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        for (from, to) in hosts {
            value = value.replace(from, to);
        }
        variables.set(name, value);
    }
    variables
}

#[tokio::test]
async fn the_environment_of_compose_runs_the_whole_story_behind_a_real_caddy() {
    whole_story("jwt").await;
}

#[tokio::test]
async fn so_it_does_in_webhook_mode() {
    whole_story("webhook").await;
}

#[tokio::test]
async fn so_it_does_past_pgbouncer() {
    whole_story("pgbouncer").await;
}

/// PgBouncer as its container starts it, in front of the PostgreSQL on this port. The second is its own port.
async fn pgbouncer(services: &Value, folder: &Path, postgres: u16) -> (tokio::process::Child, u16) {
    let (folder, port) = (folder.join("pgbouncer"), free_port());
    std::fs::create_dir(&folder).unwrap();
    let mut command = Command::new(format!("{ROOT}/deploy/pgbouncer/start.sh"));
    for (name, value) in environment(services, "pgbouncer", &[]).iter() {
        command.env(name, value);
    }
    if nix::unistd::geteuid().is_root() {
        // It refuses to run as root.
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        std::os::unix::fs::chown(&folder, Some(nobody.uid.as_raw()), None).unwrap();
        command.uid(nobody.uid.as_raw());
    }
    #[expect(clippy::disallowed_methods, reason = "PATH is where programs are looked for")]
    let path = std::env::var("PATH").unwrap();
    let child = command
        // Debian has it where not everybody looks.
        .env("PATH", format!("{path}:/usr/sbin"))
        .env("PGBOUNCER_FOLDER", &folder)
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", postgres.to_string())
        .env("LISTEN_HOST", "127.0.0.1")
        .env("LISTEN_PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (child, port);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("pgbouncer does not listen: run deploy/pgbouncer/start.sh");
}

/// A new cluster at a port of this machine.
async fn cluster(folder: &Path) -> (Postgres, u16) {
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let port = free_port();
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "fsync=off".to_owned(),
    ];
    let postgres = Postgres::start(Start {
        folder: folder.to_owned(),
        settings: settings.to_vec(),
    })
    .await
    .unwrap();
    (postgres, port)
}

/// Runs init.sh as the image does, with these variables besides those of compose.
async fn init(services: &Value, port: u16, other: &[(&str, &str)]) -> std::process::Output {
    let mut script = Command::new("sh");
    script
        .arg(format!("{ROOT}/deploy/postgres/init.sh"))
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", port.to_string());
    for (name, value) in environment(services, "postgres", &[]).iter() {
        script.env(name, value);
    }
    script.envs(other.iter().copied()).output().await.unwrap()
}

/// What `query` gives this role in this database.
async fn told(port: u16, role: &str, database: &str, query: &str) -> String {
    let url = format!("postgres://{role}@127.0.0.1:{port}/{database}");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client.query_one(query, &[]).await.unwrap().get(0)
}

// Issue 14, item 1.
#[tokio::test]
async fn init_sh_limits_hasuras_role_where_guests_ask_and_nowhere_else() {
    let services = services("jwt").await;
    for (other, timeout, connections) in [
        (&[][..], "5s", "70"),
        (
            &[
                ("HASURA_DB_STATEMENT_TIMEOUT", "1500ms"),
                ("HASURA_DB_CONNECTION_LIMIT", "130"),
            ],
            "1500ms",
            "130",
        ),
    ] {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let (postgres, port) = cluster(folder.path()).await;
        let output = init(&services, port, other).await;
        assert!(output.status.success(), "{output:?}");
        let statement = "show statement_timeout";
        let idle = "show idle_in_transaction_session_timeout";
        assert_eq!(told(port, "hasura", "siwe", statement).await, timeout);
        assert_eq!(told(port, "hasura", "siwe", idle).await, "10s");
        for (role, database) in [("hasura", "hasura_metadata"), ("siwe", "siwe")] {
            assert_eq!(told(port, role, database, statement).await, "0", "{role}");
            assert_eq!(told(port, role, database, idle).await, "0", "{role}");
        }
        let limit = "select rolconnlimit::text from pg_roles where rolname = 'hasura'";
        assert_eq!(told(port, "siwe", "siwe", limit).await, connections);
        postgres.stop().await.unwrap();
    }
}

// Issue 14, item 1.
#[tokio::test]
async fn init_sh_refuses_a_limit_that_is_none() {
    let services = services("jwt").await;
    for (name, value) in [
        ("HASURA_DB_CONNECTION_LIMIT", "1 superuser"),
        ("HASURA_DB_STATEMENT_TIMEOUT", "soon"),
    ] {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let (postgres, port) = cluster(folder.path()).await;
        let output = init(&services, port, &[(name, value)]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(value), "{said}");
        postgres.stop().await.unwrap();
    }
}

async fn whole_story(mode: &str) {
    let services = services(mode).await;
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let (postgres, port) = cluster(folder.path()).await;
    let output = init(&services, port, &[]).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let database = ("@postgres:5432", format!("@127.0.0.1:{port}"));
    let migrate = run(
        &["migrate"],
        &environment(&services, "migrate", std::slice::from_ref(&database)),
        "",
    )
    .await;
    assert!(
        migrate.status.success(),
        "{}",
        String::from_utf8_lossy(&migrate.stderr)
    );

    let mut hosts_of_service = vec![database.clone()];
    let mut bouncer = None;
    if mode == "pgbouncer" {
        let (child, port) = pgbouncer(&services, folder.path(), port).await;
        bouncer = Some(child);
        hosts_of_service.push(("@pgbouncer:6432", format!("@127.0.0.1:{port}")));
    }
    let mut variables = environment(&services, "service", &hosts_of_service);
    variables.set("LISTEN_ADDR", "127.0.0.1:0");
    variables.set("REFRESH_COOKIE", "on");
    let service = Process::serve(variables).await;

    let hosts = [database, ("http://service:4000", service.base.clone())];
    let mut hasura = environment(&services, "graphql-engine", &hosts);
    hasura.set("HASURA_GRAPHQL_METADATA_DIR", format!("{ROOT}/hasura/metadata"));
    let environment = Environment::from(hasura.iter().map(|(n, v)| (n.to_owned(), v.to_owned())));
    let engine = Engine::start(Config::read(&environment).unwrap(), environment, Clock::system())
        .await
        .unwrap();
    assert!(
        engine.inconsistencies().is_empty(),
        "{:?}",
        engine.inconsistencies()
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let router = engine.router();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let host = service.base.trim_start_matches("http://");
    let caddy = Caddy::start(&upstream, host, &[]).await;
    let base = caddy.base.clone();
    let demo = run(&["demo", "--endpoint", &base], &Variables::default(), "").await;
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));

    // The published path of the log-in, and nothing else of that path.
    let client = reqwest::Client::new();
    let query = json!({"query": "{ networks { name } }"});
    let answer: Value = client
        .post(format!("{base}/v1/login"))
        .json(&query)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(answer["data"]["networks"].is_array(), "{answer}");
    assert_eq!(
        client
            .get(format!("{base}/v1/login"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );

    assert_only_sapi_leads_to_the_service(&base).await;

    // Caddy passes a page's origin on, and drops what a client says in its place.
    let restore = json!({"query": "mutation { v1RestoreSession(session: {}) { success } }"});
    for (origin, code) in [
        ("http://localhost:3000", "refresh_token_invalid"),
        ("https://evil.example", "forbidden"),
    ] {
        let request = client
            .post(format!("{base}/v1/graphql"))
            .header("origin", origin)
            .header("x-forwarded-origin", "http://localhost:3000");
        let answer = request.json(&restore).send().await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin").is_some();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
        assert_eq!(allowed, code != "forbidden", "{origin}");
    }

    // What Caddy wrote as the client's address is what was believed, whatever the client claimed.
    let (database, connection) = tokio_postgres::connect(
        &format!("postgres://siwe@127.0.0.1:{port}/siwe"),
        tokio_postgres::NoTls,
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let seen: Option<String> = database
        .query_one("select distinct host(ip) from auth.sessions", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(seen.as_deref(), Some("127.0.0.1"));

    if let Some(mut bouncer) = bouncer {
        bouncer.kill().await.unwrap();
    }
    caddy.stop().await;
    assert!(service.stop().await.0.success());
    postgres.stop().await.unwrap();
    assert!(Path::new(ROOT).join("Caddyfile").exists());
}
