#!/bin/sh
# Creates the two roles and the two databases, once, when the cluster is new. The postgres image runs
# it (docker-compose.yml); anywhere else run it with psql's PG* variables naming a superuser.
#
# siwe    owns the database `siwe` and everything in it but Hasura's own schema.
# hasura  may connect to it and owns `hdb_catalog` there, where Hasura keeps its event tables. What it
#         may read in `public` is granted by `hasura-siwe migrate`. Its metadata has a database of its own.
#
# Guests of Hasura choose what its queries filter by, so its statements in `siwe` have a time limit
# (HASURA_DB_STATEMENT_TIMEOUT, default 5s; its metadata database has none), and the role has a limit of connections
# (HASURA_DB_CONNECTION_LIMIT, default 70), so that `siwe` always finds one. docs/deployment.md has the formula.
#
# The image sources a script that has lost its executable bit, so nothing is set here that would
# change the calling shell.

: "${SIWE_DB_PASSWORD:?SIWE_DB_PASSWORD is not set}" "${HASURA_DB_PASSWORD:?HASURA_DB_PASSWORD is not set}"

connection_limit=${HASURA_DB_CONNECTION_LIMIT:-70}
case $connection_limit in
  *[!0-9]*)
    echo "init: HASURA_DB_CONNECTION_LIMIT is $connection_limit, expected a number" >&2
    exit 1
    ;;
esac

# psql takes the passwords from the environment: on the command line any process could read them.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=statement_timeout="${HASURA_DB_STATEMENT_TIMEOUT:-5s}" \
  --set=connection_limit="$connection_limit" --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL' || exit 1
\getenv siwe_password SIWE_DB_PASSWORD
\getenv hasura_password HASURA_DB_PASSWORD

create role siwe login nosuperuser nocreatedb nocreaterole password :'siwe_password';
create role hasura login nosuperuser nocreatedb nocreaterole connection limit :connection_limit password :'hasura_password';

create database siwe owner siwe;
create database hasura_metadata owner hasura;
revoke all on database siwe from public;
revoke all on database hasura_metadata from public;
grant connect on database siwe to hasura;
alter role hasura in database siwe set statement_timeout = :'statement_timeout';
alter role hasura in database siwe set idle_in_transaction_session_timeout = '10s';

\connect siwe
revoke create on schema public from public;
grant usage, create on schema public to siwe;
create extension if not exists pgcrypto;
-- Hasura makes this schema itself where it may create schemas; here it may not, and needs only to own it.
create schema hdb_catalog authorization hasura;

\connect hasura_metadata
revoke create on schema public from public;
create extension if not exists pgcrypto;
SQL
