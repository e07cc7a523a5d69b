//! Where PostgreSQL's own programs are: initdb, postgres and pg_ctl, in one folder. It looks, and starts nothing.
//!
//! scripts/postgres.sh, which runs before there is a binary, looks at the same places in the same order.

use std::fs;
use std::path::{Path, PathBuf};

/// Older ones lack what the migrations use.
const OLDEST: u32 = 13;

/// Folders whose entries are installations, with what stands before the version in an entry's name.
const PLACES: &[(&str, &str)] = &[
    ("usr/lib/postgresql", ""),                          // Debian, Ubuntu
    ("usr/lib", "postgresql"),                           // openSUSE
    ("usr", "pgsql-"),                                   // PostgreSQL's own RPMs
    ("opt/homebrew/opt", "postgresql@"),                 // Homebrew on Apple's processors
    ("usr/local/opt", "postgresql@"),                    // Homebrew on Intel's
    ("home/linuxbrew/.linuxbrew/opt", "postgresql@"),    // Homebrew on Linux
    ("Applications/Postgres.app/Contents/Versions", ""), // Postgres.app
    ("opt/local/lib", "postgresql"),                     // MacPorts
];

/// What to do where there is none.
pub(super) const HINT: &str = if cfg!(target_os = "macos") {
    "PostgreSQL is missing; run: brew install postgresql@15"
} else {
    "PostgreSQL is missing: `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), `pacman -S postgresql` \
     (Arch), or put initdb, postgres and pg_ctl on PATH"
};

/// The folder of the newest installation below `root`, or the first of `path` that holds all three: Fedora, Arch and Nix put them
/// there. Installations come first, because PATH may hold a wrapper for one program.
///
/// `of_cluster` is the version that made the cluster which is to be started: no other one can read its files, so it is preferred.
pub fn find(root: &Path, path: &[PathBuf], of_cluster: Option<u32>) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = PLACES
        .iter()
        .flat_map(|(folder, before)| installations(&root.join(folder), before))
        .collect();
    // Stable, so that of equal ones the first place wins, as in the script.
    found.sort_by_key(|(version, _)| std::cmp::Reverse((Some(*version) == of_cluster, *version)));
    found
        .into_iter()
        .map(|(_, folder)| folder)
        .chain(path.iter().filter(|folder| holds_all(folder)).cloned())
        .next()
}

fn installations(folder: &Path, before: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            // Not `latest`, which is a link to one of the others.
            let version: u32 = name.to_str()?.strip_prefix(before)?.parse().ok()?;
            let programs = entry.path().join("bin");
            (version >= OLDEST && holds_all(&programs)).then_some((version, programs))
        })
        .collect()
}

fn holds_all(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"]
        .iter()
        .all(|program| folder.join(program).is_file())
}
