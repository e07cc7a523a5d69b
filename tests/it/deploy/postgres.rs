//! Where PostgreSQL is looked for, by scripts/postgres.sh and by the program: on trees that look like other people's machines.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hasura_siwe::local::find_programs;

use crate::repository::root;

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// A machine with these programs in these folders.
fn machine(folders: &[&str], programs: &[&str]) -> tempfile::TempDir {
    let machine = tempfile::tempdir().unwrap();
    for folder in folders {
        let folder = machine.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        for program in programs {
            let path = folder.join(program);
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    machine
}

/// What both find with these folders on PATH, by its path on the machine.
fn found(machine: &Path, on_path: &[&str]) -> Option<String> {
    let folders: Vec<PathBuf> = on_path.iter().map(|folder| machine.join(folder)).collect();
    let output = Command::new("/bin/sh")
        .arg(root().join("scripts/postgres.sh"))
        .arg("find")
        .arg(machine)
        .env_clear()
        .env("PATH", std::env::join_paths(&folders).unwrap())
        .output()
        .unwrap();
    let by_script = output
        .status
        .success()
        .then(|| PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end()));
    assert_eq!(
        by_script,
        find_programs(machine, &folders, None),
        "both find the same"
    );
    Some(
        by_script?
            .strip_prefix(machine)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    )
}

#[test]
fn postgresql_is_found_where_each_system_keeps_it() {
    for folder in [
        "usr/lib/postgresql/15/bin",
        "usr/lib/postgresql16/bin",
        "usr/pgsql-17/bin",
        "opt/homebrew/opt/postgresql@15/bin",
        "usr/local/opt/postgresql@14/bin",
        "home/linuxbrew/.linuxbrew/opt/postgresql@17/bin",
        "Applications/Postgres.app/Contents/Versions/16/bin",
        "opt/local/lib/postgresql15/bin",
    ] {
        let machine = machine(&[folder], &PROGRAMS);
        assert_eq!(found(machine.path(), &["bin"]).as_deref(), Some(folder));
    }
}

#[test]
fn of_several_the_newest_is_taken_and_path_comes_last() {
    let several = machine(
        &[
            "usr/bin",
            "opt/homebrew/opt/postgresql@9/bin",
            "opt/homebrew/opt/postgresql@15/bin",
            "opt/homebrew/opt/postgresql@17/bin",
            "Applications/Postgres.app/Contents/Versions/16/bin",
            "Applications/Postgres.app/Contents/Versions/latest/bin",
        ],
        &PROGRAMS,
    );
    assert_eq!(
        found(several.path(), &["usr/bin"]).as_deref(),
        Some("opt/homebrew/opt/postgresql@17/bin")
    );
    // Fedora and Arch.
    let on_path = machine(&["usr/bin"], &PROGRAMS);
    assert_eq!(
        found(on_path.path(), &["sbin", "usr/bin"]).as_deref(),
        Some("usr/bin")
    );
}

#[test]
fn what_is_too_old_or_has_only_the_client_is_passed_over() {
    let old = machine(
        &["usr/lib/postgresql/12/bin", "usr/lib/postgresql/9.6/bin"],
        &PROGRAMS,
    );
    assert_eq!(found(old.path(), &["bin"]), None);
    let client = machine(
        &["opt/homebrew/opt/postgresql@15/bin", "bin"],
        &["psql", "pg_ctl"],
    );
    assert_eq!(found(client.path(), &["bin"]), None);
}

#[test]
fn a_cluster_is_started_by_the_version_that_made_it() {
    let both = machine(
        &[
            "opt/homebrew/opt/postgresql@15/bin",
            "opt/homebrew/opt/postgresql@17/bin",
        ],
        &PROGRAMS,
    );
    let of = |version| find_programs(both.path(), &[], version).unwrap();
    assert!(of(Some(15)).ends_with("postgresql@15/bin"));
    assert!(
        of(Some(14)).ends_with("postgresql@17/bin"),
        "which says what is wrong"
    );
    assert!(of(None).ends_with("postgresql@17/bin"));
}
