//! The sign-in page in a real browser (tests/browser), and its files in web/dist against their source.
//!
//! `make test-deps` installs Chromium and the packages; without them these tests fail and say so. How the page is served is in `page`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use hasura_siwe::config::Variables;
use tokio::process::Command;

use crate::repository::{read, root};
use crate::support::process::Process;

/// Chromium and the wallets need a minute or two; a run that hangs must not hang the others.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs node in a folder of the project, whose packages must be there, with these variables beside PATH.
async fn node(folder: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = root().join(folder);
    let installed = folder.join("node_modules");
    assert!(
        installed.exists(),
        "{} is missing: run `make test-deps`",
        installed.display()
    );
    let mut command = Command::new("node");
    command
        .args(arguments)
        .current_dir(folder)
        .envs(variables.iter().copied())
        .kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .expect("node ends")
        .unwrap_or_else(|error| panic!("node does not run ({error}): run `make test-deps`"))
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a file of tests/browser against a local stack with these variables besides; what else the file is told is in `told_besides`.
async fn browse(file: &str, more: &[(&str, &str)], told_besides: &[(&str, &str)]) {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    #[expect(clippy::disallowed_methods, reason = "programs are found on PATH")]
    let path = std::env::var("PATH").unwrap();
    let shell = [
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("PATH", &path),
        ("RUST_LOG", "warn"),
    ];
    let shell: Variables = shell.into_iter().chain(more.iter().copied()).collect();
    let arguments = [
        "local",
        "--data",
        data.to_str().unwrap(),
        "--front",
        "127.0.0.1:0",
    ];
    // What it says at its start: where the page is, and with which database an operator reaches the accounts.
    let page = RefCell::new(String::new());
    let stack = Process::start(&arguments, &shell, |line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("page") {
            let address = rest.split_whitespace().next().unwrap_or_default();
            *page.borrow_mut() = address.trim_end_matches('/').to_owned();
        }
        let database = line.strip_prefix("database")?.split_whitespace().next()?;
        Some(database.to_owned())
    })
    .await;
    let page = page.into_inner();
    let variables = [
        ("WEB_BASE", page.as_str()),
        ("WEB_PROGRAM", env!("CARGO_BIN_EXE_hasura-siwe")),
        ("DATABASE_URL", &stack.base),
    ];
    let variables = [&variables, told_besides].concat();
    let arguments = ["--test", "--test-reporter=spec", file];
    let output = node("tests/browser", &arguments, &variables).await;
    let text = told(&output);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("skipped 0") && text.contains("todo 0") && !text.contains("tests 0"),
        "{text}"
    );
    assert!(stack.stop().await.0.success());
}

#[tokio::test]
async fn the_page_does_in_a_browser_what_its_tests_say() {
    browse("web.test.mjs", &[], &[]).await;
}

#[tokio::test]
async fn the_page_does_without_a_refresh_token_where_the_browser_has_it_in_a_cookie() {
    let variables = [("REFRESH_COOKIE", "on"), ("AUTH_MODE", "webhook")];
    browse("cookies.test.mjs", &variables, &[]).await;
}

// Issue 14, items 17 and 18.
#[tokio::test]
async fn a_browser_lets_a_page_call_whose_origin_is_listed_and_no_other() {
    // An empty page at two origins: the browser has to be shown real ones.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = axum::response::Html("<!doctype html><title>An app</title>");
    let router = axum::Router::new().route("/", axum::routing::get(async move || page));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (allowed, refused) = (
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
    );
    browse(
        "cors.test.mjs",
        &[("SIWE_ORIGINS", &allowed)],
        &[("ALLOWED_ORIGIN", &allowed), ("REFUSED_ORIGIN", &refused)],
    )
    .await;
}

/// The files below a folder, by their path in it.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn the_files_that_the_program_carries_are_what_their_source_gives() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dist");
    let vite = "node_modules/vite/bin/vite.js";
    let arguments = [vite, "build", "--emptyOutDir", "--outDir", out.to_str().unwrap()];
    let output = node("web", &arguments, &[]).await;
    assert!(output.status.success(), "{}", told(&output));
    let (built, kept) = (tree(&out), tree(&root().join("web/dist")));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&built), names(&kept), "run `npm run build` in web/");
    assert!(built == kept, "run `npm run build` in web/");
}

#[tokio::test]
async fn the_source_of_the_page_has_no_type_errors() {
    let output = node("web", &["node_modules/typescript/bin/tsc", "--noEmit"], &[]).await;
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn the_locks_of_the_page_and_its_tests_name_no_registry_but_npms_own() {
    for folder in ["web", "tests/browser"] {
        let lock = read(&format!("{folder}/package-lock.json"));
        let own = "\"resolved\": \"https://registry.npmjs.org/";
        let elsewhere: Vec<&str> = lock
            .lines()
            .filter(|line| line.contains("\"resolved\"") && !line.contains(own))
            .collect();
        assert!(elsewhere.is_empty(), "{folder}: {elsewhere:?}");
        let package = read(&format!("{folder}/package.json"));
        assert!(
            !package.contains(": \"^") && !package.contains(": \"~"),
            "{folder} pins each package"
        );
    }
}
