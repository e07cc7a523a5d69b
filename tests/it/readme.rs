//! The lines of the README, and the examples of docs/siwe.md and docs/api.md, run as a reader would paste them.

use hasura_siwe::clock::Clock;
use serde_json::Value;
use tokio::process::Command;

use crate::repository::{between, read};
use crate::support::hasura::Hasura;

/// The code blocks of the section "Call it", as (language, text).
fn blocks() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let section = readme
        .split("\n## ")
        .find(|section| section.starts_with("Call it"))
        .unwrap();
    let mut blocks = Vec::new();
    for (i, part) in section.split("```").enumerate() {
        if i % 2 == 1 {
            let (language, text) = part.split_once('\n').unwrap();
            blocks.push((language.to_owned(), text.to_owned()));
        }
    }
    blocks
}

/// What the README says to type before `hasura-siwe` is a command.
fn with_the_program(script: &str) -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_hasura-siwe"));
    let folder = program.parent().unwrap().display();
    format!("set -eu\nexport PATH=\"{folder}:$PATH\"\n{script}")
}

/// A folder in which node finds viem.
fn folder_with_viem() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let packages = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wallets/node_modules");
    assert!(
        std::path::Path::new(packages).exists(),
        "viem is missing: run `make test-deps`"
    );
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}

#[tokio::test]
async fn the_lines_of_the_readme_work_when_pasted_in_their_order() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    // The reader's home: the README makes its folder in there, and node finds the packages above it.
    let folder = folder_with_viem();
    std::fs::create_dir(folder.path().join("siwe-try")).unwrap();
    let mut script = String::new();
    for (language, text) in blocks() {
        match language.as_str() {
            "js" => std::fs::write(folder.path().join("siwe-try/login.mjs"), text).unwrap(),
            // The packages are there already; everything else runs as it stands.
            "sh" => script.push_str(&text.replace("npm install viem\n", "")),
            _ => {}
        }
        script.push_str("\necho\n");
    }
    let script = script.replace("http://localhost:8080", &hasura.endpoint);
    let output = Command::new("sh")
        .args(["-c", &with_the_program(&script)])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answers: Vec<Value> = told
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        answers.iter().all(|answer| answer.get("errors").is_none()),
        "{told}"
    );
    let told_of = |field: &str| answers.iter().any(|answer| answer["data"].get(field).is_some());
    for field in ["networks", "v1Login", "v1UpdateAccount", "v1RestoreSession"] {
        assert!(told_of(field), "{field}: {told}");
    }
    assert!(
        answers.iter().any(|answer| answer["ok"] == true),
        "the check of the message: {told}"
    );
    let updated = answers
        .iter()
        .find_map(|answer| answer["data"].get("v1UpdateAccount"))
        .unwrap();
    assert_eq!(updated["res"]["updatedIn"], serde_json::json!(["ethereum"]));
}

#[tokio::test]
async fn the_example_of_docs_siwe_works_when_pasted() {
    let document = read("docs/siwe.md");
    let block = |language: &str| between(&document, &format!("```{language}\n"), "```").to_owned();
    let output = Command::new("sh")
        .args(["-c", &with_the_program(&block("sh"))])
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), block("json"));
}

#[tokio::test]
async fn the_log_ins_by_challenge_of_docs_api_work_when_pasted() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let folder = folder_with_viem();
    let document = read("docs/api.md");
    let lens = between(&document, "\n## `authenticate`\n", "\n## ");
    let program = between(lens, "```js\n", "```");
    std::fs::write(folder.path().join("sign.mjs"), program).unwrap();
    let tanx = between(&document, "\n## `POST /sapi/v2/auth/login`\n", "\n## ");
    let steps = |section: &str| -> String {
        let blocks = section.split("```sh\n").skip(1);
        let mut blocks = blocks.filter_map(|rest| rest.split("```").next());
        blocks
            .find(|block| block.contains("node sign.mjs"))
            .unwrap()
            .to_owned()
    };
    for (section, token) in [(lens, "accessToken"), (tanx, "Login Successful")] {
        let script = steps(section).replace("http://localhost:8080", &hasura.endpoint);
        let output = Command::new("sh")
            .args(["-c", &format!("set -eu\n{script}")])
            .current_dir(folder.path())
            .output()
            .await
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && told.contains(token),
            "{told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
