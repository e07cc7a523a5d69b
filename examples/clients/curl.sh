#!/bin/sh
# curl asks, viem signs: the requests of a session one by one, as they go over the wire.
#
#   npm ci && ./curl.sh
set -eu
cd "$(dirname "$0")"
GRAPHQL=${ENDPOINT:-http://localhost:8080}/v1/graphql

# ask QUERY [VARIABLES] [TOKEN]: one request. Only what is to be asked as a user carries a token.
ask() {
  printf '{"query": "%s", "variables": %s}' "$1" "${2:-{\}}" |
    curl --silent --show-error "$GRAPHQL" --header 'content-type: application/json' ${3:+--header "authorization: Bearer $3"} --data @-
}
# pick PATH: a field of the JSON on standard input, such as data.v1Nonce.res.nonce.
pick() { node -p "$(printf 'JSON.parse(require("fs").readFileSync(0, "utf8")).%s' "$1")"; }
code() { pick 'errors[0].extensions.code'; }

LOG_IN='mutation ($session: LoginInput!) { v1Login(session: $session) { res } }'
RESTORE='mutation ($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res } }'
RENAME='mutation ($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res } }'

signed=$(node sign.mjs "$(ask '{ v1Nonce { res } }' | pick data.v1Nonce.res.nonce)")
address=$(echo "$signed" | pick 'session.message.split("\n")[1]')
account='{"account": {"data": {"networks": ["ethereum"], "name": "curl.eth", "address": "'$address'"}}}'
echo "as guest: $(ask "$RENAME" "$account" | code)"

answer=$(ask "$LOG_IN" "$signed")
access=$(echo "$answer" | pick data.v1Login.res.accessToken)
refresh=$(echo "$answer" | pick data.v1Login.res.refreshToken)
echo "signed in as $address"
echo "renamed on: $(ask "$RENAME" "$account" "$access" | pick data.v1UpdateAccount.res.updatedIn)"
echo "the same message again: $(ask "$LOG_IN" "$signed" | code)"

# A token that has expired is refused, and so is a restore that carries it, though a guest may call that.
session='{"session": {"refreshToken": "'$refresh'"}}'
echo "with a stale token: $(ask "$RENAME" "$account" "${access}x" | code)"
echo "restored with it: $(ask "$RESTORE" "$session" "${access}x" | code)"
answer=$(ask "$RESTORE" "$session")
next=$(echo "$answer" | pick data.v1RestoreSession.res.refreshToken)
echo "restored without it: $([ "$next" != "$refresh" ] && echo yes)"
# The answer was lost? The same token gets the same next one, for half a minute.
echo "and once more, alike: $([ "$(ask "$RESTORE" "$session" | pick data.v1RestoreSession.res.refreshToken)" = "$next" ] && echo yes)"

access=$(echo "$answer" | pick data.v1RestoreSession.res.accessToken)
echo "sessions ended: $(ask 'mutation { v1Logout { res } }' '' "$access" | pick data.v1Logout.res.ended)"
echo "after that: $(ask "$RESTORE" '{"session": {"refreshToken": "'"$next"'"}}' | code)"
