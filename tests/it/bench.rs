//! The load generator of `make bench` still measures: a second of it, on the binary of the tests. What it measures then means
//! nothing.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

/// Where cargo puts the examples of the profile that this test was built with.
fn load() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("examples/load")
}

#[tokio::test]
async fn the_load_generator_measures_restores_and_finds_each_in_the_database() {
    let program = load();
    assert!(
        program.exists(),
        "build it: `cargo build --example load`, as `cargo test` without --test does"
    );
    let output = Command::new(program)
        .args(["restore", "--seconds", "1", "--rounds", "1", "--binary"])
        .arg(env!("CARGO_BIN_EXE_hasura-siwe"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{faults}");
    // A row for each number of connections, each with requests a second.
    for connections in ["1", "8", "32"] {
        let row = text.lines().find(|line| {
            let first = line.split('|').nth(1).map(str::trim);
            first == Some(connections)
        });
        let cells: Vec<&str> = row.unwrap_or_else(|| panic!("{text}")).split('|').collect();
        let rate: f64 = cells[2].trim().parse().unwrap();
        assert!(rate > 0.0, "{text}");
    }
}

#[test]
fn the_page_says_what_a_whole_run_found() {
    let page = crate::repository::read("docs/performance.md");
    let measured = page
        .split_once("<!-- measured")
        .and_then(|(_, rest)| rest.split_once("<!-- end of what was measured -->"))
        .expect("the page has a place for it")
        .0;
    for part in [
        "### Goals",
        "### `v1RestoreSession`",
        "### `v1Login`",
        "### Auth webhook",
        "### Log-in with a password",
        "### Recovery",
        "### Footprint",
        "### Several processes",
        "### Growth",
        "### Cleanup",
    ] {
        assert!(measured.contains(part), "{part}");
    }
    let plot = crate::repository::read("docs/images/performance.svg");
    assert!(plot.contains("v1RestoreSession") && plot.contains("polyline"));
}
