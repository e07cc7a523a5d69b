#!/bin/sh
# Builds the documents as one book in target/book/html, and checks its links. `scripts/book.sh tools` only installs mdBook, as a Python wheel
# in target/book/venv: building it takes minutes. One of the same kind that is on the path already is taken instead.
set -eu

cd "$(dirname "$0")/.."
venv=target/book/venv
mdbook=$venv/bin/mdbook

case $(mdbook --version 2>/dev/null) in
  "mdbook v0.5."*) mdbook=mdbook ;;
  *)
    # A copy of the list in a finished install stands for it.
    if ! cmp -s scripts/book/requirements.txt "$venv/requirements.txt"; then
      mkdir -p target/book
      # Debian's python3 makes no environment with pip in it until python3-venv is installed.
      if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then scripts/apt.sh python3-venv || true; fi
      python3 -m venv --clear "$venv" >&2
      "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement scripts/book/requirements.txt >&2
      cp scripts/book/requirements.txt "$venv/requirements.txt"
    fi
    ;;
esac
[ "${1:-}" != tools ] || exit 0

node scripts/book/stage.mjs
"$mdbook" build
node scripts/book/check.mjs
