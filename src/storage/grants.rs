//! What Hasura's own database role may see: the tables it serves, and nothing of `auth`.

use tokio_postgres::Client;

use super::Error;
use super::hasura_limits::{RoleLimits, hasura_limits};

/// The tables that the metadata tracks.
const SERVED: &[&str] = &[
    "public.networks",
    "public.accounts",
    "public.audit",
    "public.sessions",
    "public.signing_keys",
];

/// What became of the grants.
#[derive(Debug, PartialEq, Eq)]
pub enum Grants {
    /// The role may read what it serves.
    Given,
    /// There is no such role. The SQL that a superuser has to run is in here, with a password to fill in.
    NoSuchRole(String),
}

/// Lets `role` read the served tables. Safe to repeat.
///
/// # Errors
/// [`Error`] when the connected role may not grant, or the database gave no answer.
pub async fn grant_to_hasura(client: &Client, role: &str) -> Result<Grants, Error> {
    let quoted = quote(role);
    let found = client
        .query_opt("select rolsuper from pg_roles where rolname = $1", &[&role])
        .await?;
    let Some(row) = found else {
        let database: String = client
            .query_one("select current_database()::text", &[])
            .await?
            .get(0);
        let limits = RoleLimits::none(role, &database).missing().unwrap_or_default();
        return Ok(Grants::NoSuchRole(format!(
            "create role {quoted} login password '...';\n\
             {}\n\
             revoke create on schema public from public;\n\
             create schema if not exists hdb_catalog authorization {quoted};\n\
             create extension if not exists pgcrypto;",
            limits.replace("; ", ";\n")
        )));
    };
    if row.get::<_, bool>(0) {
        tracing::warn!(
            role,
            "Hasura's database role is a superuser and sees the schema auth: give it a role of its own"
        );
    }
    let reach = client
        .query_one(
            "select has_schema_privilege($1::name, 'public', 'create')
               or exists (select from pg_database where datname = current_database() and pg_has_role($1::name, datdba, 'member'))",
            &[&role],
        )
        .await?;
    if reach.get(0) {
        tracing::warn!(
            role,
            "Hasura's database role may create in the schema public, and with that what runs with the service's rights: revoke create on schema public from public, and give Hasura a role of its own (docs/deployment.md)"
        );
    }
    client
        .batch_execute(&format!(
            "grant usage on schema public to {quoted};
             grant select on {} to {quoted};
             revoke all on schema auth from {quoted};",
            SERVED.join(", ")
        ))
        .await?;
    for limits in hasura_limits(client).await? {
        if limits.role == role
            && let Some(sql) = limits.missing()
        {
            tracing::warn!(
                role,
                "Hasura's database role lacks limits, so a guest's query may keep PostgreSQL busy without end (docs/deployment.md): as a superuser run: {sql}"
            );
        }
    }
    Ok(Grants::Given)
}

/// An SQL identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_identifier_cannot_end_its_own_quotes() {
        assert_eq!(super::quote("a\"b; drop"), "\"a\"\"b; drop\"");
    }
}
