//! The sign-in page as it is served, without a browser; `web` has one.

use hasura_siwe::config::Variables;
use serde_json::json;

use crate::support::TestApp;
use crate::support::process::Process;

async fn get(base: &str, path: &str) -> reqwest::Response {
    reqwest::get(format!("{base}{path}")).await.unwrap()
}

fn header<'a>(reply: &'a reqwest::Response, name: &str) -> &'a str {
    reply
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_service_has_no_page_until_somebody_wants_one() {
    let app = TestApp::start().await;
    for path in ["/", "/web.json", "/assets/"] {
        app.get(path).await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn where_it_is_wanted_it_comes_with_a_policy_and_says_where_hasura_is() {
    let hasura = "https://hasura.example.com/v1/graphql";
    let app = TestApp::with(&[("WEB", "on"), ("WEB_GRAPHQL_URL", hasura)]).await;
    let base = format!("http://{}", app.address);
    let page = get(&base, "/").await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let policy = header(&page, "content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "connect-src 'self' https://hasura.example.com;",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let html = page.text().await.unwrap();
    assert!(!html.contains("<style") && !html.contains("<script>"), "{html}");

    let told: serde_json::Value = get(&base, "/web.json").await.json().await.unwrap();
    assert_eq!(
        told,
        json!({"graphql": hasura, "testWallet": false, "registration": "closed", "version": env!("CARGO_PKG_VERSION")})
    );
    for path in [
        "/assets/../Cargo.toml",
        "/assets/..%2findex.html",
        "/assets/none.js",
    ] {
        assert_eq!(get(&base, path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn every_file_that_the_page_names_is_served_for_ever() {
    let app = TestApp::with(&[("WEB", "on")]).await;
    let base = format!("http://{}", app.address);
    let html = get(&base, "/").await.text().await.unwrap();
    let named: Vec<&str> = html
        .split('"')
        .filter(|text| text.starts_with("/assets/") || text.starts_with("./assets/"))
        .collect();
    assert!(named.iter().any(|path| path.ends_with(".js")), "{html}");
    for path in named {
        let reply = get(&base, path.trim_start_matches('.')).await;
        assert_eq!(reply.status(), 200, "{path}");
        assert!(header(&reply, "cache-control").contains("immutable"), "{path}");
    }
}

#[tokio::test]
async fn a_local_stack_has_the_page_at_its_front_and_takes_what_is_signed_there() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    #[expect(clippy::disallowed_methods, reason = "programs are found on PATH")]
    let path = std::env::var("PATH").unwrap();
    let shell: Variables = [
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("PATH", &path),
        ("RUST_LOG", "warn"),
        ("SIWE_ORIGINS", "https://app.example.com"),
    ]
    .into_iter()
    .collect();
    let arguments = [
        "local",
        "--data",
        data.to_str().unwrap(),
        "--front",
        "127.0.0.1:0",
    ];
    let stack = Process::start(&arguments, &shell, |line| {
        let rest = line.trim().strip_prefix("page")?;
        rest.trim().split('/').nth(2).map(|host| format!("http://{host}"))
    })
    .await;
    let told: serde_json::Value = get(&stack.base, "/web.json").await.json().await.unwrap();
    assert_eq!(
        (&told["testWallet"], &told["graphql"], &told["registration"]),
        (&json!(true), &json!("/v1/graphql"), &json!("open"))
    );
    let page = get(&stack.base, "/").await;
    assert!(header(&page, "content-security-policy").contains("connect-src 'self';"));

    let port = stack.base.rsplit(':').next().unwrap();
    for origin in [
        format!("http://localhost:{port}"),
        stack.base.clone(),
        "https://app.example.com".to_owned(),
    ] {
        let arguments = ["demo", "--endpoint", &stack.base, "--origin", &origin];
        let demo = crate::support::process::run(&arguments, &Variables::default(), "").await;
        assert!(
            demo.status.success(),
            "{origin}: {}",
            String::from_utf8_lossy(&demo.stdout)
        );
    }
    stack.stop().await;
}
