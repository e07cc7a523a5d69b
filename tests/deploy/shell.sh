#!/bin/sh
# Checks every shell script of the project by shellcheck, and those that people run for what a Mac's own tools do not know.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
shellcheck=$root/tests/wallets/.venv/bin/shellcheck
cd "$root"
if [ ! -x "$shellcheck" ]; then
  echo "shell.sh: shellcheck is missing; run make test-deps" >&2
  exit 1
fi

"$shellcheck" --color=never .ci/run scripts/*.sh tests/deploy/*.sh deploy/*/*.sh

# apt.sh runs on Debian alone. What is excused says so on its line.
faults=$(grep -nE 'sed (-[a-zA-Z]+ )*-i|sed -r|grep -P|readlink -f|realpath|\bdate -d|\bdate --|sha256sum|md5sum|\bnproc\b|mktemp --|stat -c|cp -a|xargs -r|head -c -|sort -V|base64 -w|timeout ' \
  Makefile scripts/[!a]*.sh tests/deploy/[!s]*.sh | grep -v '# a Mac' || true)
if [ -n "$faults" ]; then
  printf 'shell.sh: not on a Mac:\n%s\n' "$faults" >&2
  exit 1
fi
echo "shell.sh: the scripts are clean"
