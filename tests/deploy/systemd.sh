#!/bin/sh
# Checks the units by systemd itself: that it knows every line, and that it finds little for the service to do but serve.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
fail() {
  echo "systemd.sh: $*" >&2
  exit 1
}

if [ "$(uname -s)" = Darwin ]; then
  echo "systemd.sh: no systemd on a Mac, nothing was checked"
  exit 0
fi
command -v systemd-analyze >/dev/null 2>&1 || fail "systemd-analyze is missing; run make test-deps"
# Credentials as files came with 247, their folder as %d with 250.
version=$(systemd-analyze --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 250 ] || fail "systemd 250 or newer is needed, here is ${version:-none}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for unit in "$root"/deploy/systemd/*.service; do
  # It looks whether the program is there.
  sed 's|^\(Exec[A-Za-z]*=\)/usr/local/bin/hasura-siwe|\1/bin/true|' "$unit" >"$folder/$(basename "$unit")"
done
# A line that it does not know is a warning to it, and a fault to us. PostgreSQL's unit may not be there.
systemd-analyze verify --man=no "$folder"/*.service >"$folder/said" 2>&1 || fail "$(cat "$folder/said")"
if grep -F "$folder" "$folder/said" >&2; then fail "the units have the faults above"; fi
# From 0, which may do nothing, to 10.0, which may do everything; here in tenths.
for unit in "$folder"/*.service; do
  systemd-analyze security --offline=yes --no-pager --threshold=15 "$unit" >"$folder/said" 2>&1 || {
    grep '✗' "$folder/said" >&2
    fail "$(basename "$unit") may do more than it has to"
  }
done
echo "systemd.sh: the units are sound"
