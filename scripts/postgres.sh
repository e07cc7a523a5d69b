#!/bin/sh
# Finds PostgreSQL's own programs, of version 13 or newer.
#
#   postgres.sh ensure       installs them where they are missing and that is possible
#   postgres.sh find [ROOT]  looks below ROOT instead of /, for tests; installs nothing
#
# Prints the folder that holds initdb, postgres and pg_ctl, and nothing else, on standard output. src/local/programs.rs looks at the same
# places in the same order.
set -eu

here=$(cd "${0%/*}" && pwd)

holds_all() { [ -x "$1/initdb" ] && [ -x "$1/postgres" ] && [ -x "$1/pg_ctl" ]; }

find_postgres() {
  root=$1
  # Installations first, the newest of them: PATH may hold a wrapper for one program. Debian, openSUSE, PostgreSQL's own RPMs, Homebrew
  # (Apple, Intel, Linux), Postgres.app, MacPorts; Fedora, Arch and Nix put them on PATH.
  best='' newest=12
  for folder in "$root"/usr/lib/postgresql/*/bin "$root"/usr/lib/postgresql*/bin "$root"/usr/pgsql-*/bin \
    "$root"/opt/homebrew/opt/postgresql@*/bin "$root"/usr/local/opt/postgresql@*/bin "$root"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin \
    "$root"/Applications/Postgres.app/Contents/Versions/*/bin "$root"/opt/local/lib/postgresql*/bin; do
    holds_all "$folder" || continue
    version=${folder%/bin}
    version=${version##*[!0-9]}
    if [ "${version:-0}" -gt "$newest" ]; then best=$folder newest=$version; fi
  done
  if [ -n "$best" ]; then
    printf '%s\n' "$best"
    return 0
  fi

  rest=$PATH:
  while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    if [ -n "$folder" ] && holds_all "$folder"; then
      printf '%s\n' "$folder"
      return 0
    fi
  done
  return 1
}

case ${1:-} in
  find) find_postgres "${2:-}" ;;
  ensure)
    find_postgres '' && exit 0
    if [ "$(uname -s)" = Darwin ]; then
      echo "postgres: PostgreSQL is missing; run: brew install postgresql@15" >&2
      exit 1
    fi
    echo "postgres: PostgreSQL is missing, installing it from the system's packages" >&2
    if "$here/apt.sh" postgresql && find_postgres ''; then exit 0; fi
    echo "postgres: install PostgreSQL 13 or newer (dnf install postgresql-server, pacman -S postgresql), so that initdb, postgres and pg_ctl are on PATH" >&2
    exit 1
    ;;
  *)
    echo "usage: postgres.sh ensure | find [ROOT]" >&2
    exit 2
    ;;
esac
