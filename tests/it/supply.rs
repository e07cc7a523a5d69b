//! What the program is made of: where it comes from, what there may be only one of, and the bill of it.
//!
//! Licences and duplicates are judged by cargo-deny (`make deny`), which takes minutes to install.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::repository::{between, read, root};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Two versions of one of these would be two implementations of what must be one.
const ONE_OF: &[&str] = &[
    "argon2",
    "aws-lc-rs",
    "jsonwebtoken",
    "rustls",
    "secp256k1",
    "zeroize",
];
/// Versions from which on a known fault is mended, with the number of the fault at RustSec.
const MENDED: &[(&str, [u64; 3], &str)] = &[
    ("aws-lc-sys", [0, 39, 0], "2026-0048"),
    ("bytes", [1, 11, 1], "2026-0007"),
    ("postgres-protocol", [0, 6, 12], "2026-0179"),
    ("rustls", [0, 23, 45], "2026-0285"),
    ("rustls-webpki", [0, 103, 13], "2026-0104"),
    ("tokio-postgres", [0, 7, 18], "2026-0178"),
];

/// The fields of each package of Cargo.lock.
fn packages() -> Vec<BTreeMap<String, String>> {
    let lock = read("Cargo.lock");
    lock.split("[[package]]")
        .skip(1)
        .map(|block| {
            let fields = block.lines().filter_map(|line| line.split_once(" = \""));
            fields
                .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()))
                .collect()
        })
        .collect()
}

#[test]
fn everything_comes_from_one_registry_and_is_known_by_its_hash() {
    for package in packages()
        .iter()
        .filter(|package| package["name"] != "hasura-siwe")
    {
        let name = &package["name"];
        assert_eq!(
            package.get("source").map(String::as_str),
            Some(REGISTRY),
            "{name}"
        );
        assert!(
            package.get("checksum").is_some_and(|hash| hash.len() == 64),
            "{name} has no checksum"
        );
    }
}

#[test]
fn there_is_one_version_of_what_guards_secrets() {
    let packages = packages();
    for name in ONE_OF {
        let versions: Vec<&str> = packages
            .iter()
            .filter(|package| package["name"] == *name)
            .map(|package| package["version"].as_str())
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
}

#[test]
fn no_version_with_a_fault_that_we_know_of_comes_back() {
    for package in packages() {
        for (name, mended, fault) in MENDED.iter().filter(|(name, ..)| package["name"] == *name) {
            let version: Vec<u64> = package["version"]
                .split('.')
                .map(|part| part.parse().unwrap())
                .collect();
            assert!(version[..] >= mended[..], "{name} {version:?}: RUSTSEC-{fault}");
        }
    }
}

#[test]
fn the_bill_of_materials_lists_what_is_built_in_and_nothing_of_the_tests() {
    let run = || {
        let output = Command::new("python3")
            .arg(root().join("scripts/sbom.py"))
            .output()
            .expect("the tests need python3");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    let bill: Value = serde_json::from_slice(&run()).unwrap();
    assert_eq!(
        (&bill["bomFormat"], &bill["specVersion"]),
        (&"CycloneDX".into(), &"1.5".into())
    );
    let serial = bill["serialNumber"]
        .as_str()
        .unwrap()
        .strip_prefix("urn:uuid:")
        .unwrap();
    assert!(uuid::Uuid::parse_str(serial).is_ok());
    assert_eq!(bill["metadata"]["component"]["type"], "application");
    assert_eq!(bill["metadata"]["component"]["name"], "hasura-siwe");

    let components = bill["components"].as_array().unwrap();
    let names: BTreeSet<&str> = components
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let manifest = read("Cargo.toml");
    let section = |name: &str| -> Vec<String> {
        let lines = between(&manifest, &format!("\n[{name}]\n"), "\n[").lines();
        lines
            .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
            .collect()
    };
    for name in section("dependencies") {
        assert!(names.contains(name.as_str()), "{name} is not listed");
    }
    for name in ["divan", "proptest", "signinwithethereum"] {
        assert!(
            section("dev-dependencies").contains(&name.to_owned()) && !names.contains(name),
            "{name}"
        );
    }
    let mut refs = BTreeSet::new();
    for one in components {
        assert!(
            refs.insert(one["bom-ref"].as_str().unwrap()),
            "listed twice: {one}"
        );
        assert!(one["purl"].as_str().unwrap().starts_with("pkg:cargo/"), "{one}");
        assert_eq!(
            one["hashes"][0]["content"].as_str().map(str::len),
            Some(64),
            "{one}"
        );
    }
    refs.insert(bill["metadata"]["component"]["bom-ref"].as_str().unwrap());
    for edge in bill["dependencies"].as_array().unwrap() {
        let named = edge["dependsOn"].as_array().unwrap();
        let ends = std::iter::once(&edge["ref"]).chain(named);
        assert!(
            ends.map(|end| end.as_str().unwrap())
                .all(|end| refs.contains(end)),
            "{edge}"
        );
    }
    assert_eq!(run(), run(), "the same lock has another bill");
}
