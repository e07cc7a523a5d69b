#!/bin/sh
# Creates the two roles and the two databases, once, when the cluster is new. The postgres image runs
# it (docker-compose.yml); anywhere else run it with psql's PG* variables naming a superuser.
#
# siwe    owns the database `siwe` and everything in it but Hasura's own schema.
# hasura  may connect to it and owns `hdb_catalog` there, where Hasura keeps its event tables. What it
#         may read in `public` is granted by `hasura-siwe migrate`. Its metadata has a database of its own.
#
# The image sources a script that has lost its executable bit, so nothing is set here that would
# change the calling shell.

: "${SIWE_DB_PASSWORD:?SIWE_DB_PASSWORD is not set}" "${HASURA_DB_PASSWORD:?HASURA_DB_PASSWORD is not set}"

# psql takes the passwords from the environment: on the command line any process could read them.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL' || exit 1
\getenv siwe_password SIWE_DB_PASSWORD
\getenv hasura_password HASURA_DB_PASSWORD

create role siwe login nosuperuser nocreatedb nocreaterole password :'siwe_password';
create role hasura login nosuperuser nocreatedb nocreaterole password :'hasura_password';

create database siwe owner siwe;
create database hasura_metadata owner hasura;
revoke all on database siwe from public;
revoke all on database hasura_metadata from public;
grant connect on database siwe to hasura;

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
