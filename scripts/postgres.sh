#!/bin/sh
# Finds PostgreSQL's own programs, installing them where that is possible: postgres.sh ensure
# Prints the folder that holds initdb, postgres and pg_ctl, and nothing else, on standard output.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

holds_all() { [ -x "$1/initdb" ] && [ -x "$1/postgres" ] && [ -x "$1/pg_ctl" ]; }

find_postgres() {
  # Real installations first, the newest of them: PATH may hold links, or a wrapper for one program.
  best='' newest=0
  for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
    holds_all "$folder" || continue
    version=$(printf '%s' "${folder%/bin}" | sed 's/.*[^0-9]//')
    if [ "${version:-0}" -gt "$newest" ]; then best=$folder newest=$version; fi
  done
  if [ -n "$best" ]; then
    printf '%s\n' "$best"
    return 0
  fi

  initdb=$(command -v initdb) || return 1
  for program in "$(readlink -f "$initdb" 2>/dev/null || true)" "$initdb"; do
    if [ -n "$program" ] && holds_all "$(dirname "$program")"; then
      dirname "$program"
      return 0
    fi
  done
  return 1
}

case ${1:-} in
  ensure)
    find_postgres && exit 0
    if [ "$(uname -s)" = Darwin ]; then
      echo "postgres: PostgreSQL is missing; run: brew install postgresql@15" >&2
      exit 1
    fi
    echo "postgres: PostgreSQL is missing, installing it from the system's packages" >&2
    if "$here/apt.sh" postgresql && find_postgres; then exit 0; fi
    echo "postgres: install PostgreSQL 13 or newer, so that initdb, postgres and pg_ctl are on PATH" >&2
    exit 1
    ;;
  *)
    echo "usage: postgres.sh ensure" >&2
    exit 2
    ;;
esac
