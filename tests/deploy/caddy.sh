#!/bin/sh
# Runs the real Caddy with the project's Caddyfile, in the foreground: caddy.sh HASURA SERVICE LISTEN_PORT [h2c]
# Listens on 127.0.0.1:LISTEN_PORT and passes on to HASURA and SERVICE (host:port each). It becomes Caddy, so the
# process that a test started is the one that it stops. With h2c it speaks HTTP/2 without TLS, too.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# -lt 3 ] || [ $# -gt 4 ] || [ "${4:-h2c}" != h2c ]; then
  echo "usage: caddy.sh HASURA SERVICE LISTEN_PORT [h2c]" >&2
  exit 2
fi
if ! command -v caddy >/dev/null 2>&1; then
  echo "caddy.sh: caddy is missing; run make test-deps" >&2
  exit 1
fi

# Caddy keeps a copy of what it runs; not in the home of who runs the tests, and not where two tests meet.
export XDG_CONFIG_HOME="$root/target/caddy/$3" XDG_DATA_HOME="$root/target/caddy/$3"
mkdir -p "$XDG_CONFIG_HOME"
export HASURA_UPSTREAM="$1" SERVICE_UPSTREAM="$2" PROXY_PORT="$3" PROXY_BIND=127.0.0.1

caddyfile=$root/Caddyfile
if [ $# -eq 4 ]; then
  caddyfile=$XDG_CONFIG_HOME/Caddyfile
  sed 's/^\tservers {$/&\n\t\tprotocols h1 h2c/' "$root/Caddyfile" >"$caddyfile"
  grep -q 'protocols h1 h2c' "$caddyfile" || {
    echo "caddy.sh: the Caddyfile has no block servers" >&2
    exit 1
  }
fi

caddy validate --config "$caddyfile" --adapter caddyfile >/dev/null 2>"$XDG_CONFIG_HOME/validate.log" || {
  echo "caddy.sh: the Caddyfile is not valid:" >&2
  cat "$XDG_CONFIG_HOME/validate.log" >&2
  exit 1
}
exec caddy run --config "$caddyfile" --adapter caddyfile
