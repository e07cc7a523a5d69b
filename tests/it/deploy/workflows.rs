//! GitHub's workflows against the project. Their form is judged by tests/deploy/workflows.sh.

use serde_json::Value;

use super::yaml;
use crate::repository::{between, files, read, root};

fn jobs(workflow: &str) -> Vec<(String, Value)> {
    let file = yaml(workflow);
    let jobs = file["jobs"].as_object().unwrap();
    jobs.iter()
        .map(|(name, job)| (name.clone(), job.clone()))
        .collect()
}

fn steps(workflow: &str) -> Vec<Value> {
    jobs(workflow)
        .iter()
        .flat_map(|(_, job)| job["steps"].as_array().cloned().unwrap_or_default())
        .collect()
}

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

#[test]
fn ci_runs_make_test_on_the_oldest_rust_that_is_promised() {
    let manifest = read("Cargo.toml");
    let oldest = between(&manifest, "rust-version = \"", "\"");
    let (_, test) = jobs(WORKFLOWS[0]).remove(0);
    let runs: Vec<(&str, &str)> = test["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["rust"].as_str().unwrap(), run["target"].as_str().unwrap()))
        .collect();
    assert_eq!(runs, [(oldest, "test"), ("stable", "test-deps")]);
    assert!(
        read(WORKFLOWS[0]).contains(&format!("toolchain install {oldest} ")),
        "on a Mac"
    );
}

#[test]
fn every_make_target_and_file_in_the_workflows_is_there() {
    let makefile = read("Makefile");
    let mut seen = 0;
    for step in WORKFLOWS.iter().flat_map(|workflow| steps(workflow)) {
        for line in step["run"].as_str().unwrap_or_default().lines().map(str::trim) {
            let target = line
                .strip_prefix("make ")
                .and_then(|rest| rest.split_whitespace().next());
            if let Some(target) = target.filter(|target| !target.starts_with('"')) {
                assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
                seen += 1;
            }
            for word in line.split_whitespace() {
                let named = word.starts_with("docker-compose")
                    || word.starts_with("deploy/")
                    || word.starts_with("src/");
                if named && !word.contains('*') {
                    assert!(root().join(word).exists(), "{word}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 6, "only {seen} were seen");
}

#[test]
fn actions_are_githubs_own_with_a_version_and_no_job_may_more_than_it_names() {
    for workflow in WORKFLOWS {
        for step in steps(workflow) {
            if let Some(action) = step["uses"].as_str() {
                let (owner, version) = (
                    action.split('/').next().unwrap(),
                    action.split('@').nth(1).unwrap(),
                );
                assert!(owner == "actions" && version.starts_with('v'), "{action}");
            }
            if step["uses"]
                .as_str()
                .is_some_and(|action| action.contains("/checkout@"))
            {
                assert_eq!(step["with"]["persist-credentials"], false, "{workflow}");
            }
            let script = step["run"].as_str().unwrap_or_default();
            assert!(
                !script.contains("${{"),
                "{workflow} puts text into a script: {script}"
            );
        }
        let general = &yaml(workflow)["permissions"];
        for (name, job) in jobs(workflow) {
            let own = job
                .get("permissions")
                .unwrap_or(general)
                .as_object()
                .unwrap()
                .clone();
            let writes: Vec<&str> = own
                .iter()
                .filter_map(|(what, right)| (right == "write").then_some(what.as_str()))
                .collect();
            let expected: &[&str] = match name.as_str() {
                "build" => &["packages"],
                "publish" => &["contents", "packages", "id-token", "attestations"],
                _ => &[],
            };
            assert_eq!(writes, expected, "{workflow}: {name}");
        }
    }
}

#[test]
fn dependabot_looks_at_every_file_that_pins_something() {
    let file = yaml(".github/dependabot.yml");
    let looked: Vec<(&str, String)> = file["updates"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|update| {
            let system = update["package-ecosystem"].as_str().unwrap();
            let one = update["directory"].as_str().map(str::to_owned);
            let many = update["directories"].as_array().into_iter().flatten();
            many.filter_map(Value::as_str)
                .map(str::to_owned)
                .chain(one)
                .map(move |folder| (system, folder))
                .collect::<Vec<_>>()
        })
        .collect();
    let looks_at = |system: &str, folder: &str| {
        looked.iter().any(|(of, looked)| {
            *of == system
                && (looked == folder
                    || looked
                        .strip_suffix("/*")
                        .is_some_and(|above| folder.rsplit_once('/').unwrap().0 == above))
        })
    };
    let mut locks = files("tests", "json");
    locks.extend(["web/package-lock.json", "examples/clients/package-lock.json"].map(str::to_owned));
    locks.retain(|path| path.ends_with("/package-lock.json"));
    assert!(locks.len() >= 3);
    for path in locks {
        let folder = format!("/{}", path.rsplit_once('/').unwrap().0);
        assert!(looks_at("npm", &folder), "{path}");
    }
    for (system, folder) in [
        ("cargo", "/"),
        ("github-actions", "/"),
        ("docker", "/"),
        ("docker", "/deploy/pgbouncer"),
        ("pip", "/tests/wallets"),
    ] {
        assert!(looks_at(system, folder), "{system} {folder}");
    }
}

#[test]
fn what_is_to_be_copied_names_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let example = read("deploy/kubernetes/example/kustomization.yaml");
    assert_eq!(between(&example, "newTag: ", "\n"), version);
    assert_eq!(between(&example, "?ref=v", "\n"), version);
    let mut seen = 0;
    for path in files("", "md") {
        for named in read(&path).split("ghcr.io/OWNER/hasura-siwe:").skip(1) {
            let named: String = named
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            assert_eq!(named, version, "{path}");
            seen += 1;
        }
    }
    assert!(seen >= 2);
}
