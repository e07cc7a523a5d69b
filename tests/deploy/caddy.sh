#!/bin/sh
# Runs the real Caddy with the project's Caddyfile, in the foreground: caddy.sh HASURA SERVICE LISTEN_PORT
# Listens on 127.0.0.1:LISTEN_PORT and passes on to HASURA and SERVICE (host:port each). It becomes Caddy, so the
# process that a test started is the one that it stops.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# -ne 3 ]; then
  echo "usage: caddy.sh HASURA SERVICE LISTEN_PORT" >&2
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

caddy validate --config "$root/Caddyfile" --adapter caddyfile >/dev/null 2>"$XDG_CONFIG_HOME/validate.log" || {
  echo "caddy.sh: the Caddyfile is not valid:" >&2
  cat "$XDG_CONFIG_HOME/validate.log" >&2
  exit 1
}
exec caddy run --config "$root/Caddyfile" --adapter caddyfile
