#!/bin/sh
# Lints the Dockerfiles by hadolint, from PATH or from the environment that scripts/test-deps.sh makes.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
hadolint=$(command -v hadolint || echo "$root/tests/wallets/.venv/bin/hadolint")
if [ ! -x "$hadolint" ]; then
  echo "hadolint.sh: hadolint is missing; run make test-deps" >&2
  exit 1
fi
"$hadolint" --failure-threshold info "$root/Dockerfile" "$root/deploy/pgbouncer/Dockerfile" || {
  echo "hadolint.sh: the Dockerfiles have faults, listed above" >&2
  exit 1
}
echo "hadolint.sh: the Dockerfiles are clean"
