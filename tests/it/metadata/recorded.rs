//! What two real Hasura servers export after the shipped metadata was applied, from tests/fixtures/hasura_recorded.
//!
//! The recordings describe the metadata as it was when they were made, which is frozen beside them.

use serde_json::Value;

use super::Directory;
use super::hasura::Hasura;
use crate::repository::read;
use crate::support::process::run;

const VERSIONS: [&str; 2] = ["2.42.0", "2.48.16"];

fn export(version: &str) -> String {
    read(&format!(
        "tests/fixtures/hasura_recorded/exports/shipped-{version}.json"
    ))
}

fn frozen() -> Directory {
    Directory::copy_of("tests/fixtures/hasura_recorded/shipped")
}

// Issue 15, item 1.
#[tokio::test]
async fn what_a_real_hasura_exports_is_equal_to_what_was_applied() {
    for version in VERSIONS {
        let hasura = Hasura::with(&export(version)).await;
        let directory = frozen();
        let folder = directory.path();
        let diff = run(&["metadata", "diff", "--dir", &folder], &hasura.variables(), "").await;
        let said = String::from_utf8(diff.stdout).unwrap();
        assert_eq!(
            said, "Hasura has what the directory says, and nothing else\n",
            "{version}"
        );
        assert_eq!(diff.status.code(), Some(0), "{version}");
    }
}

// Issue 15, item 1.
#[tokio::test]
async fn a_second_apply_to_a_real_hasura_sends_nothing() {
    for version in VERSIONS {
        let hasura = Hasura::with(&export(version)).await;
        let directory = frozen();
        let folder = directory.path();
        for flags in [&[][..], &["--overwrite"], &["--replace"]] {
            let arguments = [&["metadata", "apply", "--dir", folder.as_str()], flags].concat();
            let applied = run(&arguments, &hasura.variables(), "").await;
            assert!(applied.status.success(), "{version} {flags:?}: {applied:?}");
            let said = String::from_utf8(applied.stdout).unwrap();
            assert!(
                said.starts_with("nothing to change, nothing was sent\n"),
                "{version} {flags:?}: {said}"
            );
        }
        assert!(hasura.replacements().is_empty(), "{version}");
    }
}

// Issue 15, item 1: an export adds the same defaults to the metadata as it is now.
#[tokio::test]
async fn the_shipped_metadata_is_equal_to_its_export() {
    let directory = Directory::copy_of("hasura/metadata");
    let folder = directory.path();
    let hasura = Hasura::empty().await;
    for expected in [
        "sent; Hasura has taken it\n",
        "nothing to change, nothing was sent\n",
    ] {
        let applied = run(&["metadata", "apply", "--dir", &folder], &hasura.variables(), "").await;
        let said = String::from_utf8(applied.stdout).unwrap();
        assert!(applied.status.success() && said.contains(expected), "{said}");
    }
    let headers = |metadata: &Value| metadata["actions"][0]["definition"]["ignored_client_headers"].clone();
    let recorded: Value = serde_json::from_str(&export(VERSIONS[1])).unwrap();
    assert_eq!(
        headers(&hasura.metadata()),
        headers(&recorded),
        "the stand-in adds what Hasura adds"
    );
}
