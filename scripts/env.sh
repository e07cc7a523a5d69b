#!/bin/sh
# Writes .env, .env.hasura.jwt and .env.hasura.webhook, with fresh secrets, into the folder given, or the
# project's own.
# Never overwrites: a secret that is replaced ends every session and locks PostgreSQL's roles out.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root}
umask 077

for file in .env .env.hasura.jwt .env.hasura.webhook; do
  if [ -e "$folder/$file" ] || [ -L "$folder/$file" ]; then
    echo "env: $folder/$file is already there and stays as it is; nothing was written." >&2
    echo "env: to begin anew, move it away, and delete the PostgreSQL volume, which keeps its old passwords." >&2
    exit 1
  fi
done

# Letters and digits need no quoting in a URL, in JSON, in a shell or in either compose.
random() {
  value=$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | dd bs=1 count="$1" 2>/dev/null)
  if [ ${#value} -ne "$1" ]; then
    echo "env: no randomness from /dev/urandom" >&2
    exit 1
  fi
  printf '%s' "$value"
}

set -C # a file that appeared meanwhile is not overwritten either

actions_secret=$(random 48)
while IFS= read -r line; do
  case $line in
    ACTIONS_SECRET= | HASURA_ACTIONS_SECRET=)
      printf '%s%s\n' "$line" "$actions_secret"
      ;;
    POSTGRES_PASSWORD= | SIWE_DB_PASSWORD= | HASURA_DB_PASSWORD= | HASURA_GRAPHQL_ADMIN_SECRET=)
      secret=$(random 48)
      printf '%s%s\n' "$line" "$secret"
      ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$root/.env.example" >"$folder/.env"

key=$(random 64)
cat >"$folder/.env.hasura.jwt" <<EOF
# AUTH_MODE=jwt: Hasura checks the tokens itself, with the secret by which the service signs them.
# Keep the single quotes, also around a key of your own: both composes and a shell take what is between them as it
# stands. Without them compose v2 expands a dollar sign, and a shell drops the double quotes. docker-compose 1.29 expands
# a dollar sign before a brace even here, so choose a key without the two.
HASURA_GRAPHQL_JWT_SECRET='{"type":"HS256","key":"$key","issuer":"hasura-siwe","audience":"hasura","allowed_skew":5}'
# The role of a request that carries no token.
HASURA_GRAPHQL_UNAUTHORIZED_ROLE=guest
EOF

cat >"$folder/.env.hasura.webhook" <<'EOF'
# AUTH_MODE=webhook: Hasura asks the service about every request, so a session that ends is refused at once.
# Hasura takes neither a JWT secret nor an unauthorized role beside a hook; the service names the guest.
HASURA_GRAPHQL_AUTH_HOOK=http://service:4000/webhook
HASURA_GRAPHQL_AUTH_HOOK_MODE=GET
EOF

echo "env: wrote .env, .env.hasura.jwt and .env.hasura.webhook into $folder, readable by you alone"
echo "env: SIWE_ORIGINS in .env lists the front ends that may sign in: http(s)://localhost:3000 until you change it"
echo "env: FLOWS in .env opens every way to sign in: keep only those in use"
