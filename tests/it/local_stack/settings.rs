//! What the shell says and the local stack follows: every variable of the service, ports, the log, metrics, traces and secrets.

use std::cell::RefCell;

use hasura_siwe::config::{VARIABLES, Variables};
use serde_json::Value;

use super::{preflight, shell};
use crate::support::app::{ACTIONS_SECRET, JWT_SECRET};
use crate::support::process::{Process, run};
use crate::traces::Collector;

/// How `hasura-siwe local` treats a variable of the service.
enum Treatment {
    /// As `serve` does. This value is refused by name before anything is started, so it is read.
    Judged(&'static str),
    /// A warning says that it is not used, and why.
    NotUsed,
    /// As `serve` does, and no value is refused: a test below shows it.
    Followed,
}

/// Issue 14, item 19: a new variable has to be looked at here.
fn treatment(name: &str) -> Treatment {
    match name {
        "DATABASE_URL" | "DATABASE_DIRECT_URL" | "DATABASE_CA_FILE" | "DATABASE_POOLER" => Treatment::NotUsed,
        "OTEL_SERVICE_NAME" | "OTEL_SDK_DISABLED" | "OTEL_TRACES_EXPORTER" | "OTEL_TRACES_SAMPLER" => {
            Treatment::Followed
        }
        "APP_NAME" => Treatment::Judged("\u{7}"),
        _ => Treatment::Judged("nonsense"),
    }
}

/// Runs a start that is refused; what it says, and that no database was made for it.
async fn refused(shell: &Variables, front: &str) -> String {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    let arguments = ["local", "--data", data.to_str().unwrap(), "--front", front];
    let output = run(&arguments, shell, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!data.join("postgres").exists(), "{said}");
    said
}

// Issue 14, item 19.
#[tokio::test]
async fn every_variable_of_the_service_counts_or_is_named() {
    let of_traces = |name: &str| name.starts_with("OTEL_EXPORTER_OTLP_TRACES_");
    // Where they are set, the general ones do not count.
    for traces_alone in [false, true] {
        let mut shell = shell();
        let mut expected = Vec::new();
        for variable in VARIABLES {
            let name = variable.name;
            match treatment(name) {
                Treatment::Judged(_) if of_traces(name) != traces_alone => {}
                Treatment::Judged(value) => {
                    shell.set(name, value);
                    expected.push(name);
                }
                Treatment::NotUsed => shell.set(name, "nonsense"),
                Treatment::Followed => {}
            }
        }
        assert!(!expected.is_empty());
        let said = refused(&shell, "127.0.0.1:0").await;
        let is_said = |name: &str| {
            said.lines().any(|line| {
                let line = line.strip_prefix("hasura-siwe: ").unwrap_or(line);
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with([' ', ',', ':']))
            })
        };
        for name in expected {
            assert!(is_said(name), "{name} is passed over: {said}");
        }
        for variable in VARIABLES {
            let is_not_used = said.contains(&format!("{} is set and not used: ", variable.name));
            let expected = matches!(treatment(variable.name), Treatment::NotUsed);
            assert_eq!(is_not_used, expected, "{}: {said}", variable.name);
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_gives_another() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let said = refused(&shell(), &taken).await;
    let cure = "stop what is there, or give another address";
    assert!(
        said.contains(&format!("cannot listen on {taken}: {cure} (--front)")),
        "{said}"
    );
    for name in ["LISTEN_ADDR", "METRICS_ADDR"] {
        let mut shell = shell();
        shell.set(name, &taken);
        let said = refused(&shell, "127.0.0.1:0").await;
        assert!(
            said.contains(&format!("cannot listen on {taken}: {cure} ({name})")),
            "{said}"
        );
    }
}

// Issue 14, items 18 and 19.
#[tokio::test]
async fn logs_metrics_traces_and_secrets_are_as_the_shell_says_and_refused_pages_are_logged() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    let (collector, collecting) = Collector::start().await;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let jwt = file("jwt", JWT_SECRET);
    let admin = file("admin", "Wd8Gk2Vn5Tz0Hc7Jm4Qx1Rb9Lp6Fy3Sa\n");
    let two = file(
        "actions",
        &format!("{ACTIONS_SECRET},Zt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga"),
    );
    let mut shell = shell();
    for (name, value) in [
        ("RUST_LOG", "info"),
        ("LOG_FORMAT", "json"),
        ("METRICS_ADDR", "127.0.0.1:0"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collecting),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("WEB", "off"),
        ("WEB_GRAPHQL_URL", "https://hasura.example.com/v1/graphql"),
        ("SIWE_ORIGINS", "http://localhost:3000"),
        ("HASURA_GRAPHQL_JWT_SECRET_FILE", &jwt),
        ("HASURA_GRAPHQL_ADMIN_SECRET_FILE", &admin),
        ("ACTIONS_SECRET_FILE", &two),
        ("HASURA_GRAPHQL_SERVER_PORT", "8080"),
        ("OTEL_PROPAGATORS", "b3"),
        ("SIWE_PORT", "tcp://10.0.0.1:4000"),
    ] {
        shell.set(name, value);
    }
    let metrics = RefCell::new(String::new());
    let arguments = [
        "local",
        "--data",
        data.to_str().unwrap(),
        "--front",
        "127.0.0.1:0",
    ];
    let stack = Process::start(&arguments, &shell, |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(address) = line["metrics.address"].as_str() {
            *metrics.borrow_mut() = format!("http://{address}/metrics");
        }
        let told = line["message"].as_str()?;
        told.strip_prefix("the local stack answers on ")
            .map(str::to_owned)
    })
    .await;
    let demo = run(&["demo", "--endpoint", &stack.base], &Variables::default(), "").await;
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let asked = |url: String| async move { reqwest::get(url).await.unwrap().text().await.unwrap() };
    let scraped = asked(metrics.into_inner()).await;
    assert!(
        scraped.contains(r#"hasura_siwe_requests_total{route="/actions/login",code="ok"} 1"#),
        "{scraped}"
    );
    let page: Value = serde_json::from_str(&asked(format!("{}/web.json", stack.base)).await).unwrap();
    assert_eq!(page["graphql"], "https://hasura.example.com/v1/graphql");
    let admin = reqwest::Client::new()
        .post(format!("{}/v1/graphql", stack.base))
        .header("x-hasura-admin-secret", "Wd8Gk2Vn5Tz0Hc7Jm4Qx1Rb9Lp6Fy3Sa")
        .body(r#"{"query": "{ audit_log { action } }"}"#);
    let admin = admin.send().await.unwrap().text().await.unwrap();
    assert!(!admin.contains("access-denied"), "{admin}");

    for origin in [
        "http://localhost:5173",
        "http://localhost:5173",
        "null",
        "http://localhost:3000",
    ] {
        for path in ["/v1/graphql", "/sapi/v2/auth/nonce/"] {
            preflight(&stack.base, path, origin).await;
        }
    }
    let (status, log) = stack.stop().await;
    assert!(status.success());
    let lines: Vec<Value> = serde_json::Deserializer::from_str(&log)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {log}"));
    let is_engines =
        |line: &&Value| line["type"] == "http-log" && line["detail"]["http_info"]["url"] == "/v1/graphql";
    assert!(lines.iter().filter(is_engines).count() > 5, "{log}");
    let said: Vec<&str> = lines.iter().filter_map(|line| line["message"].as_str()).collect();
    let starts = |start: &str| said.iter().filter(|line| line.starts_with(start)).count();
    for (start, times) in [
        ("POST /actions/login 200 ok", 1),
        ("WEB is off and not used: ", 1),
        ("HASURA_GRAPHQL_SERVER_PORT is set and not used: ", 1),
        ("OTEL_PROPAGATORS is set, and has no effect: ", 1),
        ("SIWE_PORT", 0),
        ("CORS: a page of http://localhost:5173 is not allowed", 1),
        ("CORS: a page of null is not allowed", 1),
        ("CORS: ", 2),
    ] {
        assert_eq!(starts(start), times, "{start}: {said:#?}");
    }
    assert!(
        said.iter().any(|line| line
            .ends_with("start again with SIWE_ORIGINS=http://localhost:3000,http://localhost:5173")),
        "{said:#?}"
    );
    let spans = collector.spans();
    assert!(
        spans.iter().any(|span| span.name == "POST /actions/login"),
        "{spans:?}"
    );
}
