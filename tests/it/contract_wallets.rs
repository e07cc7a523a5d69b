//! Contract wallets sign in: on a real EVM, and against nodes that do what no node should.

mod balanced;
mod nodes;
mod on_chain;
mod sessions;
mod slow_owners;
mod stubs;
mod without_validator;

use std::path::Path;
use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts");

#[test]
fn the_kept_bytecode_is_what_the_sources_give() {
    let compiler = format!("{FOLDER}/node_modules/solc");
    assert!(
        Path::new(&compiler).exists(),
        "{compiler} is missing: run `make test-deps`"
    );
    let output = Command::new("node")
        .args(["compile.mjs", "--check"])
        .current_dir(FOLDER)
        .output()
        .expect("node runs: `make test-deps`");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
