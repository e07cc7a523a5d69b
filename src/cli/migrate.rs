//! `migrate`: the schema brought up to this program, and Hasura's database role let in to what it
//! serves.

use std::process::ExitCode;

use anyhow::Context;

use super::logging;
use crate::config::{Database, LogFormat, Pooler, Variables, postgres_user};
use crate::storage::{Grants, connect_directly, grant_to_hasura, migrate, settings_for_pooler};

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let _log = logging::start(LogFormat::Text, &variables, None);
    let database = Database::read(&variables)?;
    let hasura_role = hasura_role(&variables)?;
    let ran = up_to_date(&database, hasura_role.as_deref()).await?;
    if ran.is_empty() {
        println!("the database is up to date");
    }
    for name in ran {
        println!("ran {name}");
    }
    if hasura_role.is_none() {
        println!("PG_DATABASE_URL is not set, so no role was given access for Hasura");
    }
    Ok(ExitCode::SUCCESS)
}

/// Migrates, and grants what Hasura serves to `hasura_role` where one is named.
async fn up_to_date(database: &Database, hasura_role: Option<&str>) -> anyhow::Result<Vec<String>> {
    let mut client = connect_directly(database).await?;
    let ran = migrate(&mut client).await?;
    if database.pooler == Pooler::Transaction {
        settings_for_pooler(&client)
            .await
            .context("cannot give the role its settings")?;
    }
    if let Some(role) = hasura_role {
        match grant_to_hasura(&client, role)
            .await
            .context("cannot grant access to Hasura's role")?
        {
            Grants::Given => {}
            Grants::NoSuchRole(sql) => anyhow::bail!(
                "the database has no role {role:?}, which PG_DATABASE_URL names for Hasura. As a superuser run:\n{sql}\nand then `hasura-siwe migrate` again"
            ),
        }
    }
    Ok(ran)
}

/// The user that Hasura connects as: the one in PG_DATABASE_URL.
fn hasura_role(variables: &Variables) -> anyhow::Result<Option<String>> {
    let Some(url) = variables.secret("PG_DATABASE_URL").map_err(anyhow::Error::msg)? else {
        return Ok(None);
    };
    postgres_user(&url).map_err(|end| anyhow::anyhow!("PG_DATABASE_URL {end}"))
}
