#!/bin/sh
# Becomes a PgBouncer in transaction mode for the database `siwe`: start.sh
#
# Its settings hold the password of the role, so they are written here, from SIWE_DB_PASSWORD, into a folder of its own in
# memory: PGBOUNCER_FOLDER. The other variables let a test run this very file without containers.
set -eu
: "${SIWE_DB_PASSWORD:?SIWE_DB_PASSWORD is not set}"

folder=${PGBOUNCER_FOLDER:-/run/pgbouncer}
umask 077

# The name and the password in quotation marks, doubled inside.
printf '"siwe" "%s"\n' "$(printf '%s' "$SIWE_DB_PASSWORD" | sed 's/"/""/g')" >"$folder/users.txt"
cat >"$folder/pgbouncer.ini" <<EOF
[databases]
siwe = host=${PGHOST:-postgres} port=${PGPORT:-5432} dbname=siwe

[pgbouncer]
listen_addr = ${LISTEN_HOST:-0.0.0.0}
listen_port = ${LISTEN_PORT:-6432}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users.txt
pool_mode = transaction
; Connections to PostgreSQL, for all processes of the service together.
default_pool_size = ${DEFAULT_POOL_SIZE:-20}
max_client_conn = 1000
; A connection at each log-in of a process would fill the log.
log_connections = 0
log_disconnections = 0
EOF
unset SIWE_DB_PASSWORD
exec pgbouncer "$folder/pgbouncer.ini"
