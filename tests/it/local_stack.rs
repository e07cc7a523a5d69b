//! `hasura-siwe local` and `hasura-siwe demo`, as `make run` and `make demo` start them.

use hasura_siwe::config::Variables;
use serde_json::json;

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
    Process::start(
        &["local", "--data", data, "--front", "127.0.0.1:0"],
        shell,
        |line| {
            line.trim()
                .strip_prefix("GraphQL")?
                .trim()
                .strip_suffix("/v1/graphql   (local engine; as guest without a token)")
                .map(str::to_owned)
        },
    )
    .await
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
        told.contains("All 10 steps went as they should.") && told.contains("curl -s http"),
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
    for (origin, allowed) in [
        ("http://localhost:3000", true),
        ("https://localhost:3000", true),
        ("https://evil.example", false),
    ] {
        let asked = reqwest::Client::new()
            .request(reqwest::Method::OPTIONS, format!("{}/v1/graphql", stack.base))
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let told = asked.send().await.unwrap();
        let told = told.headers().get("access-control-allow-origin");
        assert_eq!(told.is_some_and(|told| told == origin), allowed, "{origin}");
    }

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
        r#"{"data":{"accounts":[{"name":"demo.eth"}]}}"#
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
