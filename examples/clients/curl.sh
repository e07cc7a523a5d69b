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
# pick JSON PATH: a field of an answer, such as data.v1Nonce.res.nonce.
pick() { printf '%s' "$1" | node -p "JSON.parse(require('fs').readFileSync(0, 'utf8')).$2"; }
code() { pick "$1" 'errors[0].extensions.code'; }

LOG_IN='mutation ($session: LoginInput!) { v1Login(session: $session) { res } }'
RESTORE='mutation ($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res } }'
RENAME='mutation ($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res } }'

nonce=$(pick "$(ask '{ v1Nonce { res } }')" data.v1Nonce.res.nonce)
signed=$(node sign.mjs "$nonce")
address=$(pick "$signed" 'session.message.split("\n")[1]')
account='{"account": {"data": {"networks": ["ethereum"], "name": "curl.eth", "address": "'$address'"}}}'
echo "as guest: $(code "$(ask "$RENAME" "$account")")"

answer=$(ask "$LOG_IN" "$signed")
access=$(pick "$answer" data.v1Login.res.accessToken)
refresh=$(pick "$answer" data.v1Login.res.refreshToken)
echo "signed in as $address"
echo "renamed on: $(pick "$(ask "$RENAME" "$account" "$access")" data.v1UpdateAccount.res.updatedIn)"
echo "the same message again: $(code "$(ask "$LOG_IN" "$signed")")"

# A token that has expired is refused, and so is a restore that carries it, though a guest may call that.
session='{"session": {"refreshToken": "'$refresh'"}}'
echo "with a stale token: $(code "$(ask "$RENAME" "$account" "${access}x")")"
echo "restored with it: $(code "$(ask "$RESTORE" "$session" "${access}x")")"
answer=$(ask "$RESTORE" "$session")
next=$(pick "$answer" data.v1RestoreSession.res.refreshToken)
echo "restored without it: $([ "$next" != "$refresh" ] && echo yes)"
# The answer was lost? The same token gets the same next one, for half a minute.
echo "and once more, alike: $([ "$(pick "$(ask "$RESTORE" "$session")" data.v1RestoreSession.res.refreshToken)" = "$next" ] && echo yes)"

access=$(pick "$answer" data.v1RestoreSession.res.accessToken)
echo "sessions ended: $(pick "$(ask 'mutation { v1Logout { res } }' '' "$access")" data.v1Logout.res.ended)"
echo "after that: $(code "$(ask "$RESTORE" '{"session": {"refreshToken": "'"$next"'"}}')")"
