//! The secrets of the local stack: drawn at its first start, kept beside its data, readable by its
//! owner alone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

use crate::config::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, Variables};
use crate::entropy::Entropy;

const NAMES: [&str; 3] = [
    "ACTIONS_SECRET",
    "HASURA_GRAPHQL_JWT_SECRET",
    "HASURA_GRAPHQL_ADMIN_SECRET",
];

/// Fills in the secrets that `variables` do not hold.
pub(super) fn fill_in(variables: &mut Variables, folder: &Path, entropy: &Entropy) -> anyhow::Result<()> {
    let path = folder.join("secrets.env");
    if !path.exists() {
        write(&path, entropy).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let given = variables.text(&format!("{name}_FILE")).is_some();
        if NAMES.contains(&name) && !given {
            variables.default_to(name, unquoted(value));
        }
    }
    Ok(())
}

/// A shell may read the file too, and JSON is only one word to it in quotes. Files of before have none.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.unwrap_or(value)
}

fn write(path: &Path, entropy: &Entropy) -> anyhow::Result<()> {
    let fresh = || hex::encode(entropy.bytes::<32>());
    let jwt = serde_json::json!({
        "type": "HS256", "key": fresh(), "issuer": DEFAULT_ISSUER, "audience": DEFAULT_AUDIENCE, "allowed_skew": 5,
    });
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "ACTIONS_SECRET={}", fresh())?;
    writeln!(file, "HASURA_GRAPHQL_JWT_SECRET='{jwt}'")?;
    writeln!(file, "HASURA_GRAPHQL_ADMIN_SECRET={}", fresh())?;
    Ok(())
}
