#!/bin/sh
# Checks the compose files with a real compose, on the environment that scripts/env.sh writes.
#
#   compose.sh                  every check; says which one failed
#   compose.sh print            prints docker-compose.yml as compose resolves it (generated secrets in it)
#   compose.sh print console    the same with docker-compose.console.yml on top
#   compose.sh print webhook    the same in AUTH_MODE=webhook
#   compose.sh print pgbouncer  the same with docker-compose.pgbouncer.yml on top
#
# Works in a folder of its own, so that a .env of the developer has no part in it.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
fail() {
  echo "compose.sh: $*" >&2
  exit 1
}

# The older one first: what it reads, compose v2 reads too.
if command -v docker-compose >/dev/null 2>&1; then
  compose() { docker-compose "$@"; }
elif docker compose version >/dev/null 2>&1; then
  compose() { docker compose "$@"; }
else
  fail "neither docker-compose nor docker's compose plug-in is here; run make test-deps"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$root/docker-compose.yml" "$root/docker-compose.console.yml" "$root/docker-compose.rpc.yml" "$root/docker-compose.pgbouncer.yml" \
  "$root/docker-compose.metrics.yml" "$folder/"
# Compose looks whether the folder of a build is there.
mkdir "$folder/deploy"
cp -R "$root/deploy/pgbouncer" "$folder/deploy/"
cd "$folder"

# What the caller's environment sets would win over .env, so nothing of ours is passed on.
for name in $(sed -n 's/^#* *\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$root/.env.example") HASURA_GRAPHQL_JWT_SECRET COMPOSE_FILE COMPOSE_PROJECT_NAME; do
  unset "$name"
done

plain() { compose -f docker-compose.yml config; }
rpc() { compose -f docker-compose.yml -f docker-compose.rpc.yml config; }
pgbouncer() { compose -f docker-compose.yml -f docker-compose.pgbouncer.yml config; }
metrics() { compose -f docker-compose.yml -f docker-compose.metrics.yml config; }
console() { compose -f docker-compose.yml -f docker-compose.console.yml config; }

if [ "${1:-}" = print ]; then
  "$root/scripts/env.sh" "$folder" >&2
  case ${2:-} in
    '') plain ;;
    console) console ;;
    webhook) AUTH_MODE=webhook plain ;;
    pgbouncer) pgbouncer ;;
    *) fail "usage: compose.sh [print [console|webhook|pgbouncer]]" ;;
  esac
  exit 0
fi

# 1. Nothing starts without the secrets, and the message says what to do.
if plain >out 2>err; then fail "compose starts without .env"; fi
grep -q 'run make env first' err || fail "without .env compose does not say to run make env: $(cat err)"

# What an old compose lets pass, the specification may not.
schemas=$root/tests/wallets/.venv/bin/check-jsonschema
[ -x "$schemas" ] || fail "check-jsonschema is missing; run make test-deps"
"$schemas" --quiet --builtin-schema vendor.compose-spec "$root"/docker-compose*.yml || fail "a file is not what the specification of compose says"

# 2. The files that make env writes are enough, and are never replaced.
"$root/scripts/env.sh" "$folder" >/dev/null
cksum .env .env.hasura.* >before
if "$root/scripts/env.sh" "$folder" >/dev/null 2>&1; then fail "env.sh replaced what was there"; fi
cksum .env .env.hasura.* | cmp -s - before || fail "env.sh changed what was there"
[ "$(find .env .env.hasura.* -perm 600 | wc -l)" -eq 3 ] || fail "others may read the files of env.sh"
plain >plain.yml 2>err || fail "docker-compose.yml is refused: $(cat err)"
console >console.yml 2>err || fail "docker-compose.console.yml is refused: $(cat err)"
rpc >rpc.yml 2>err || fail "docker-compose.rpc.yml is refused: $(cat err)"
pgbouncer >pgbouncer.yml 2>err || fail "docker-compose.pgbouncer.yml is refused: $(cat err)"
HASURA_SIWE_IMAGE=registry.example.com/siwe:1 plain >image.yml 2>err || fail "HASURA_SIWE_IMAGE is refused: $(cat err)"
metrics >metrics.yml 2>err || fail "docker-compose.metrics.yml is refused: $(cat err)"

# 3. Every secret is asked for: one that is empty stops compose.
for name in POSTGRES_PASSWORD SIWE_DB_PASSWORD HASURA_DB_PASSWORD ACTIONS_SECRET HASURA_ACTIONS_SECRET HASURA_GRAPHQL_ADMIN_SECRET SIWE_ORIGINS; do
  cp .env whole
  sed "s/^$name=.*/$name=/" whole >.env
  if plain >out 2>&1; then fail "compose starts with an empty $name"; fi
  mv whole .env
done
if AUTH_MODE=nonsense plain >out 2>&1; then fail "AUTH_MODE=nonsense starts, though it has no env_file"; fi
AUTH_MODE=webhook plain >webhook.yml 2>err || fail "AUTH_MODE=webhook is refused: $(cat err)"
grep -q 'HASURA_GRAPHQL_AUTH_HOOK: http://service:4000/webhook' webhook.yml || fail "AUTH_MODE=webhook sets no hook"

# 4. The secret is the same JSON for Hasura and the service, for a shell and for compose.
# shellcheck disable=SC1091 # written above
secret=$(set -a && . ./.env && . ./.env.hasura.jwt && printf '%s' "$HASURA_GRAPHQL_JWT_SECRET")
case $secret in
  '{"type":"HS256","key":"'*'","issuer":"hasura-siwe","audience":"hasura","allowed_skew":5}') ;;
  *) fail "a shell reads another JWT secret than env.sh wrote" ;;
esac
[ "$(grep -cF "$secret" plain.yml)" -eq 2 ] || fail "compose does not give Hasura and the service the JWT secret as it was written"
# Hasura refuses to start with a hook and a JWT secret: with the hook, the service alone has the secret.
[ "$(grep -cF "$secret" webhook.yml)" -eq 1 ] || fail "AUTH_MODE=webhook gives Hasura the JWT secret too"

# 5. One port, on this machine only; a literal $ left over is an expansion that this compose cannot do.
[ "$(grep -cE '127\.0\.0\.1:8080:8080|published: "?8080' plain.yml)" -eq 1 ] || fail "the proxy's port is not published on 127.0.0.1:8080"
[ "$(grep -cE '^ +ports:' plain.yml)" -eq 1 ] || fail "something besides the proxy publishes a port"
[ "$(grep -cE '^ +ports:' console.yml)" -eq 2 ] || fail "the console overlay does not publish Hasura's port"
[ "$(grep -cE '^ +(- nodes|nodes: (null|\{\}))$' rpc.yml)" -ge 2 ] || fail "the rpc overlay does not let the service out"
[ "$(grep -cE 'DATABASE_POOLER: transaction' pgbouncer.yml)" -eq 2 ] || fail "the pgbouncer overlay does not tell service and migrate of it"
[ "$(grep -cE 'image: registry.example.com/siwe:1' image.yml)" -eq 2 ] || fail "HASURA_SIWE_IMAGE is not the image of service and migrate"
# Set in .env, so that each can be tried; unset, fewer are open.
[ "$(grep -cE 'FLOWS: "?siwe,lens,email,username,tanx"?$' plain.yml)" -eq 1 ] || fail "the service does not get FLOWS of .env"
grep -qE 'METRICS_ADDR: "?0\.0\.0\.0:9464' metrics.yml || fail "the metrics overlay does not turn metrics on"
[ "$(grep -cE '^ +(- metrics|metrics: (null|\{\}))$' metrics.yml)" -ge 3 ] || fail "the metrics overlay does not join the service and Prometheus"
if grep -E 'published: |- .*:(9090|3000)' metrics.yml | grep -q '0\.0\.0\.0'; then fail "the metrics overlay opens a port to the network"; fi
if grep -nF '$$' plain.yml console.yml metrics.yml; then fail "an expansion was left as it stands"; fi
if grep -q 'HASURA_GRAPHQL_ENABLED_APIS: .*metadata' plain.yml; then fail "the metadata API is open without the overlay"; fi

# 6. A key of one's own with a $ and a # in it is the same for Hasura, the service and a shell where it stands between single
# quotes, as env.sh writes it. Without them a shell reads another one, which the service refuses to start with.
# (With ${ in it docker-compose 1.29 expands it even there: docs/configuration.md.)
cp .env.hasura.jwt whole
# shellcheck disable=SC2016 # nothing is to be expanded
own='{"type":"HS256","key":"ab$cd#9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}'
in_shell() {
  # shellcheck disable=SC1091 # written here
  (set +u && set -a && . ./.env.hasura.jwt && printf '%s' "$HASURA_GRAPHQL_JWT_SECRET")
}
printf "HASURA_GRAPHQL_JWT_SECRET='%s'\n" "$own" >.env.hasura.jwt
[ "$(in_shell)" = "$own" ] || fail "a shell changes a key between single quotes"
plain >dollar.yml 2>err || fail "a key with a dollar is refused: $(cat err)"
# Compose prints each $ twice.
[ "$(sed 's/[$][$]/$/g' dollar.yml | grep -cF "$own")" -eq 2 ] || fail "compose changes a key between single quotes"
printf 'HASURA_GRAPHQL_JWT_SECRET=%s\n' "$own" >.env.hasura.jwt
[ "$(in_shell)" != "$own" ] || fail "a shell keeps a key without single quotes"
mv whole .env.hasura.jwt

echo "compose.sh: the compose files are sound"
