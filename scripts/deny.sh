#!/bin/sh
# Asks cargo-deny whether everything in Cargo.lock may be part of the program (deny.toml), and installs it where it is
# missing, which takes some minutes once. Known faults (advisories) are looked up in the checkout of RustSec's advisory-db that
# ADVISORY_DB names, and skipped with a word without one: nothing is fetched.
set -eu
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
  echo "deny: installing cargo-deny, some minutes" >&2
  cargo install --locked --quiet cargo-deny
fi

cargo deny --locked check licenses bans sources

if [ -z "${ADVISORY_DB:-}" ]; then
  echo "deny: advisories were skipped: ADVISORY_DB names no checkout of https://github.com/RustSec/advisory-db" >&2
  exit 0
fi
test -d "$ADVISORY_DB/crates" || { echo "deny: $ADVISORY_DB is no checkout of advisory-db" >&2; exit 1; }
# cargo-deny looks for a clone in a folder of its own naming; a database of crates is read by cargo-audit as it lies there.
if ! cargo audit --version >/dev/null 2>&1; then
  echo "deny: installing cargo-audit, some minutes" >&2
  cargo install --locked --quiet cargo-audit
fi
cargo audit --db "$ADVISORY_DB" --no-fetch --stale
