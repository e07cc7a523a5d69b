//! The examples of examples/clients, run as their README says, and what it says that they print.
//!
//! `make test-deps` installs what they need; without it these tests fail and say so.

use std::process::Stdio;
use std::time::{Duration, Instant};

use hasura_siwe::clock::Clock;
use tokio::process::Command;

use crate::repository::{between, read, root};
use crate::support::hasura::{Hasura, Mode};
use crate::support::in_both_modes;

const FOLDER: &str = "examples/clients";
const PYTHON: &str = "tests/wallets/.venv";

in_both_modes! {
    viem_and_graphql_request,
    wagmi_and_urql,
    ethers_and_apollo_client,
    curl,
    python,
}

/// A copy of the examples, with what they need installed: an example may write, and others run beside it.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for installed in [&format!("{FOLDER}/node_modules"), PYTHON] {
        let packages = root().join(installed);
        assert!(packages.exists(), "{installed} is missing: run `make test-deps`");
        let name = packages.file_name().unwrap();
        std::os::unix::fs::symlink(&packages, copy.path().join(name)).unwrap();
    }
    for folder in ["", "codegen"] {
        std::fs::create_dir_all(copy.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(root().join(FOLDER).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let to = copy.path().join(folder).join(path.file_name().unwrap());
                std::fs::copy(&path, to).unwrap();
            }
        }
    }
    copy
}

/// The commands of a section of the README, and what it says that they print.
fn section(heading: &str) -> (String, String) {
    let readme = read(&format!("{FOLDER}/README.md"));
    let section = between(&readme, &format!("\n## {heading}\n"), "\n## ");
    let commands: Vec<&str> = between(section, "```sh\n", "\n```")
        .lines()
        // Of Python's packages; the others are installed at the top of the README.
        .filter(|line| !line.contains("-m venv") && !line.contains("pip install"))
        .collect();
    (
        commands.join("\n"),
        between(section, "```text\n", "```").to_owned(),
    )
}

/// What these commands print, in a copy of the folder.
async fn paste(commands: &str, hasura: &Hasura) -> String {
    let folder = copy();
    let run = Command::new("sh")
        .args(["-c", &format!("set -eu\n{commands}")])
        .current_dir(folder.path())
        .env("ENDPOINT", &hasura.endpoint)
        .env("ORIGIN", crate::support::origin().to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(240), run).await;
    let output = ended
        .unwrap_or_else(|_| panic!("{commands} does not end"))
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{commands}\n{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

/// `told` with the address, which is another each time, as the README prints it.
fn without_address(told: &str) -> String {
    let lines = told.lines().map(|line| match line.split_once("0x") {
        Some((before, rest)) => {
            assert!(
                rest.len() == 40 && rest.chars().all(|c| c.is_ascii_hexdigit()),
                "{told}"
            );
            format!("{before}0x…\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

async fn runs_as_its_readme_says(heading: &str, hasura: &Hasura) {
    let (commands, mut expected) = section(heading);
    if hasura.mode == Mode::Webhook {
        expected = expected.replace("invalid-jwt", "access-denied");
    }
    let told = without_address(&paste(&commands, hasura).await);
    assert_eq!(told, expected, "{commands}");
}

async fn viem_and_graphql_request(hasura: Hasura) {
    runs_as_its_readme_says("viem and graphql-request", &hasura).await;
}

async fn wagmi_and_urql(hasura: Hasura) {
    runs_as_its_readme_says("wagmi and urql", &hasura).await;
}

async fn ethers_and_apollo_client(hasura: Hasura) {
    runs_as_its_readme_says("ethers and Apollo Client", &hasura).await;
}

async fn curl(hasura: Hasura) {
    runs_as_its_readme_says("curl", &hasura).await;
}

async fn python(hasura: Hasura) {
    runs_as_its_readme_says("Python", &hasura).await;
}

#[tokio::test]
async fn types_that_graphql_codegen_makes_for_a_user_compile_and_run() {
    runs_as_its_readme_says("graphql-codegen", &Hasura::start().await).await;
}

/// Elsewhere a token of an hour is spoilt, which Hasura refuses in the same words. Here it ends under the examples: they wait
/// for that wherever it takes two minutes at most, so against a real Hasura with ACCESS_TOKEN_TTL=1m as well.
#[tokio::test]
async fn every_session_outlives_a_token_that_really_ends() {
    const LIFE: u16 = 15;
    let hasura = match Hasura::real() {
        Some(hasura) => hasura,
        None => {
            // Tokens of a minute, the shortest, of a service whose clock is 45 seconds behind Hasura's.
            let behind = Clock::system();
            behind.advance(time::Duration::seconds(i64::from(LIFE) - 60));
            let clocks = (behind, Clock::system());
            Hasura::with_clocks(Mode::Jwt, clocks, &[("ACCESS_TOKEN_TTL", "1m")]).await
        }
    };
    let begun = Instant::now();
    let examples = [
        "viem and graphql-request",
        "wagmi and urql",
        "ethers and Apollo Client",
        "graphql-codegen",
        "Python",
    ];
    let runs = examples.map(|heading| runs_as_its_readme_says(heading, &hasura));
    futures_util::future::join_all(runs).await;
    assert!(begun.elapsed() > Duration::from_secs(LIFE.into()) || hasura.app.is_none());
}

#[tokio::test]
async fn the_helper_signs_in_and_restores_where_the_refresh_token_is_a_cookie() {
    let script = read("tests/clients/cookie.mjs");
    let told = paste(
        &format!("cat > cookie.mjs <<'END'\n{script}END\nnode cookie.mjs"),
        &Hasura::start().await,
    )
    .await;
    assert_eq!(
        told,
        "before: refresh_token_invalid\nsigned in: accessToken staleAt siwe-refresh\nreloaded: 1\ntwo pages: [ 1, 1 ]\n\
         signed out: true\nafter: refresh_token_invalid\n"
    );
}

#[tokio::test]
async fn the_helper_does_what_its_own_tests_say() {
    let output = Command::new("npm")
        .args(["test", "--silent"])
        .current_dir(copy().path())
        .output()
        .await
        .unwrap_or_else(|error| panic!("npm does not run ({error}): run `make test-deps`"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("# fail 0") && !told.contains("# pass 0"), "{told}");
}

#[test]
fn the_helper_needs_no_package() {
    for file in ["session.mjs", "tabs.mjs"] {
        let text = read(&format!("{FOLDER}/{file}"));
        let lines = text.lines().filter(|line| !line.starts_with("//"));
        for line in lines {
            assert!(
                !line.starts_with("import ") && !line.contains("require("),
                "{file}: {line}"
            );
        }
        assert!(!text.contains("localStorage."), "{file} keeps something");
    }
}

#[test]
fn versions_are_pinned_and_come_from_the_public_registry() {
    let package: serde_json::Value = serde_json::from_str(&read(&format!("{FOLDER}/package.json"))).unwrap();
    for (name, version) in package["dependencies"].as_object().unwrap() {
        let version = version.as_str().unwrap();
        assert!(
            version.chars().all(|c| c.is_ascii_digit() || c == '.'),
            "{name}: {version}"
        );
    }
    let lock: serde_json::Value =
        serde_json::from_str(&read(&format!("{FOLDER}/package-lock.json"))).unwrap();
    for (name, package) in lock["packages"].as_object().unwrap() {
        let from = package["resolved"]
            .as_str()
            .unwrap_or("https://registry.npmjs.org/");
        assert!(from.starts_with("https://registry.npmjs.org/"), "{name}: {from}");
        assert!(name.is_empty() || package["integrity"].is_string(), "{name}");
    }
    // The tests run the Python example with the packages of tests/wallets.
    let installed = read("tests/wallets/requirements.txt");
    for line in read(&format!("{FOLDER}/requirements.txt")).lines() {
        assert!(installed.lines().any(|own| own == line), "{line}");
    }
}
