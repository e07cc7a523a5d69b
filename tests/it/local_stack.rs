//! `hasura-siwe local` and `hasura-siwe demo`, as `make run` and `make demo` start them.

mod settings;

use hasura_siwe::config::Variables;
use serde_json::json;

use crate::engine::attacks::{ACCOUNTS, ATTACK, until_attacks};
use crate::support::db::connect;
use crate::support::process::{Process, run};
use crate::support::wallet;

/// The environment of a shell, as far as the stack needs it, on ports of its own.
fn shell() -> Variables {
    #[expect(clippy::disallowed_methods, reason = "programs are found on PATH")]
    let path = std::env::var("PATH").unwrap();
    [
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("PATH", &path),
        ("RUST_LOG", "warn"),
    ]
    .into_iter()
    .collect()
}

async fn start(data: &str, shell: &Variables) -> Process {
    start_at("127.0.0.1:0", data, shell).await
}

async fn start_at(front: &str, data: &str, shell: &Variables) -> Process {
    Process::start(&["local", "--data", data, "--front", front], shell, |line| {
        line.trim()
            .strip_prefix("GraphQL")?
            .trim()
            .strip_suffix("/v1/graphql   (local engine; as guest without a token)")
            .map(str::to_owned)
    })
    .await
}

/// The origin that the answer to a preflight allows.
async fn preflight(base: &str, path: &str, origin: &str) -> Option<String> {
    let asked = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, format!("{base}{path}"))
        .header("origin", origin)
        .header("access-control-request-method", "POST");
    let told = asked.send().await.unwrap();
    let told = told.headers().get("access-control-allow-origin")?;
    Some(told.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn one_command_runs_everything_the_demo_plays_and_the_data_outlives_a_restart() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let stack = start(data, &shell()).await;
    let demo = run(&["demo", "--endpoint", &stack.base], &Variables::default(), "").await;
    let told = String::from_utf8(demo.stdout).unwrap();
    assert!(
        demo.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&demo.stderr)
    );
    assert!(
        told.contains("All 11 steps went as they should.") && told.contains("curl -s http"),
        "{told}"
    );
    // A shell takes the secrets over, for commands that want the service's environment.
    let asked = format!(". {data}/secrets.env && printf %s \"$HASURA_GRAPHQL_JWT_SECRET\"");
    let shown = std::process::Command::new("sh")
        .args(["-c", &asked])
        .output()
        .unwrap();
    let jwt: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(jwt["type"], "HS256");

    let body = json!({"eth_address": wallet().address()});
    let nonce = reqwest::Client::new()
        .post(format!("{}/sapi/v2/auth/nonce/", stack.base))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(nonce.status(), 200);
    // Issue 14, item 18: where development servers serve, beside the page of the front.
    let port = stack.base.rsplit(':').next().unwrap();
    let mut origins = vec![("https://localhost:3000".to_owned(), true)];
    for host in ["localhost", "127.0.0.1"] {
        for port in ["3000", "5173", "4173", "8080", port] {
            origins.push((format!("http://{host}:{port}"), true));
        }
    }
    for refused in ["https://evil.example", "http://localhost:4200", "null"] {
        origins.push((refused.to_owned(), false));
    }
    for (origin, allowed) in &origins {
        for path in ["/v1/graphql", "/sapi/v2/auth/nonce/"] {
            let told = preflight(&stack.base, path, origin).await;
            assert_eq!(told.as_deref() == Some(origin), *allowed, "{origin} {path}");
        }
    }
    let app = [
        "demo",
        "--endpoint",
        &stack.base,
        "--origin",
        "http://127.0.0.1:5173",
    ];
    let demo = run(&app, &Variables::default(), "").await;
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));

    for flow in ["lens", "email", "username", "tanx"] {
        let arguments = ["demo", "--endpoint", &stack.base, "--flow", flow];
        let demo = run(&arguments, &Variables::default(), "").await;
        let told = String::from_utf8(demo.stdout).unwrap();
        assert!(
            demo.status.success() && told.contains("steps went as they should."),
            "{flow}: {told}\n{}",
            String::from_utf8_lossy(&demo.stderr)
        );
    }

    let second = run(&["local", "--data", data, "--front", "127.0.0.1:0"], &shell(), "").await;
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another local stack runs on"), "{said}");

    let (status, log) = stack.stop().await;
    assert!(status.success(), "{log}");
    for (origin, allowed) in origins {
        // Each stands between commas in one line.
        assert_eq!(
            log.contains(&format!("{origin}, ")) || log.contains(&format!("{origin}   (SIWE_ORIGINS")),
            allowed,
            "{origin}: {log}"
        );
    }
    assert!(
        !std::path::Path::new(data)
            .join("postgres/postmaster.pid")
            .exists()
    );

    let stack = start(data, &shell()).await;
    let query = r#"{"query": "{ accounts { name } }"}"#;
    let client = reqwest::Client::new();
    let answer = client
        .post(format!("{}/v1/graphql", stack.base))
        .body(query)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"data":{"accounts":[{"name":"demo.eth"},{"name":"demo.eth"}]}}"#
    );
    assert!(stack.stop().await.0.success());
}

#[tokio::test]
async fn webhook_mode_is_one_variable_away() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut shell = shell();
    shell.set("AUTH_MODE", "webhook");
    let data = folder.path().to_str().unwrap();
    let stack = start(data, &shell).await;
    let demo = run(&["demo", "--endpoint", &stack.base], &Variables::default(), "").await;
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let client = reqwest::Client::new();
    let request = client
        .post(format!("{}/v1/graphql", stack.base))
        .header("authorization", "Bearer abc")
        .body(r#"{"query": "{ networks { name } }"}"#);
    let answer = request.send().await.unwrap().text().await.unwrap();
    assert!(
        answer.contains("Authentication hook unauthorized this request"),
        "{answer}"
    );
    assert!(stack.stop().await.0.success());

    shell.set("AUTH_MODE", "both");
    let output = run(&["local", "--data", data, "--front", "127.0.0.1:0"], &shell, "").await;
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("expected jwt or webhook")
    );
}

// Issue 14, item 1.
#[tokio::test]
async fn hasuras_role_of_the_local_stack_has_limits_and_the_timeout_is_a_setting() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().to_str().unwrap();
    let mut shell = shell();
    for (given, shown) in [("", "5s"), ("2s", "2s"), ("", "5s")] {
        shell.set("HASURA_DB_STATEMENT_TIMEOUT", given);
        let stack = start(data, &shell).await;
        let sockets = format!("{data}/run").replace('/', "%2F");
        let client = connect(&format!("postgresql://hasura@{sockets}/siwe")).await;
        for (query, expected) in [
            ("show statement_timeout", shown),
            ("show idle_in_transaction_session_timeout", "10s"),
            (
                "select rolconnlimit::text from pg_roles where rolname = current_user",
                "70",
            ),
        ] {
            let told: String = client.query_one(query, &[]).await.unwrap().get(0);
            assert_eq!(told, expected, "{query}");
        }
        drop(client);
        assert!(stack.stop().await.0.success());
    }
    shell.set("HASURA_DB_STATEMENT_TIMEOUT", "soon");
    let output = run(&["local", "--data", data, "--front", "127.0.0.1:0"], &shell, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("HASURA_DB_STATEMENT_TIMEOUT is \"soon\""), "{said}");
}

// Issue 15, item 5.
#[tokio::test]
async fn the_metadata_api_is_closed_where_other_machines_reach_the_front() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().to_str().unwrap();
    let mut shell = shell();
    shell.set("HASURA_GRAPHQL_ADMIN_SECRET", "the-admin-secret-of-this-test");
    for (front, status) in [("127.0.0.1:0", 200), ("0.0.0.0:0", 400)] {
        let stack = start_at(front, data, &shell).await;
        let reply = reqwest::Client::new()
            .post(format!(
                "{}/v1/metadata",
                stack.base.replace("0.0.0.0", "127.0.0.1")
            ))
            .header("x-hasura-admin-secret", "the-admin-secret-of-this-test")
            .json(&json!({"type": "export_metadata", "version": 2, "args": {}}));
        assert_eq!(reply.send().await.unwrap().status(), status, "{front}");
        assert!(stack.stop().await.0.success());
    }
}

// Issue 14, item 1.
#[tokio::test]
async fn a_client_that_leaves_the_front_takes_its_statement_along() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().to_str().unwrap();
    let mut shell = shell();
    // Without a limit of time, so that nothing else ends the statement.
    shell.set("HASURA_DB_STATEMENT_TIMEOUT", "0");
    let stack = start(data, &shell).await;
    let sockets = format!("{data}/run").replace('/', "%2F");
    let superuser = connect(&format!("postgresql://postgres@{sockets}/siwe")).await;
    superuser.batch_execute(ACCOUNTS).await.unwrap();
    let request = reqwest::Client::new()
        .post(format!("{}/v1/graphql", stack.base))
        .json(&json!({"query": ATTACK}))
        .send();
    let request = tokio::spawn(request);
    until_attacks(&superuser, 1).await;
    request.abort();
    until_attacks(&superuser, 0).await;
    drop(superuser);
    assert!(stack.stop().await.0.success());
}

#[tokio::test]
async fn a_folder_in_which_others_may_write_is_refused() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let output = run(
        &[
            "local",
            "--data",
            open.to_str().unwrap(),
            "--front",
            "127.0.0.1:0",
        ],
        &shell(),
        "",
    )
    .await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("others may write in it"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(&open).unwrap().count(), 0);
}

#[tokio::test]
async fn a_database_that_the_shell_names_is_left_alone() {
    let other = crate::support::db::TestDb::create_empty().await;
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut shell = shell();
    shell.set("DATABASE_URL", other.url());
    let stack = start(folder.path().to_str().unwrap(), &shell).await;
    let (status, log) = stack.stop().await;
    assert!(status.success());
    let tables = other
        .connect()
        .await
        .query(
            "select from pg_tables where schemaname in ('auth', 'public')",
            &[],
        )
        .await
        .unwrap();
    assert!(tables.is_empty());
    // What the banner says reaches the stack's own database.
    assert!(log.contains("database  postgresql://siwe@"), "{log}");
}

#[tokio::test]
async fn a_database_that_a_crash_left_behind_is_adopted() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    start(&data, &shell()).await.kill().await;
    let pid = folder.path().join("postgres/postmaster.pid");
    let first = std::fs::read_to_string(&pid).unwrap();
    let stack = start(&data, &shell()).await;
    assert_eq!(
        std::fs::read_to_string(&pid).unwrap().lines().next(),
        first.lines().next()
    );
    assert!(stack.stop().await.0.success());
    assert!(!pid.exists());
}
