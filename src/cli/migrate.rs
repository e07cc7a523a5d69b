//! `migrate`: the schema brought up to this program, and Hasura's database role let in to what it
//! serves.

use std::process::ExitCode;

use anyhow::Context;

use super::logging;
use crate::config::{Database, LogFormat, Pooler, Variables, postgres_user};
use crate::storage::{
    Grants, UnsendableClaims, connect_directly, grant_to_hasura, migrate, settings_for_pooler,
    unsendable_claims,
};

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let _log = logging::start(LogFormat::Text, &variables, None);
    let database = Database::read(&variables)?;
    let hasura_role = hasura_role(&variables)?;
    let (ran, claims) = up_to_date(&database, hasura_role.as_deref()).await?;
    if ran.is_empty() {
        println!("the database is up to date");
    }
    for name in ran {
        println!("ran {name}");
    }
    if let Some(left) = told(&claims) {
        println!("{left}: {SET_AGAIN}");
    }
    if hasura_role.is_none() {
        println!("PG_DATABASE_URL is not set, so no role was given access for Hasura");
    }
    Ok(ExitCode::SUCCESS)
}

/// What to do about claims that no header can carry.
pub(super) const SET_AGAIN: &str =
    "set each again with `hasura-siwe account claim USER_ID NAME VALUE`, or take it away with --remove";

/// Claims that the database took before it refused control characters, in a sentence; `None` where there are none.
pub(super) fn told(claims: &UnsendableClaims) -> Option<String> {
    let some: Vec<String> = claims
        .some
        .iter()
        .map(|(user_id, name)| format!("{name} of {user_id}"))
        .collect();
    let more = if claims.count > some.len() as i64 {
        ", …"
    } else {
        ""
    };
    (claims.count > 0).then(|| {
        format!(
            "claims with control characters in their values, which can begin another header where a header carries them: {} ({}{more})",
            claims.count,
            some.join(", ")
        )
    })
}

/// Migrates, and grants what Hasura serves to `hasura_role` where one is named. Returns what ran, and the claims that have to be set
/// again.
async fn up_to_date(
    database: &Database,
    hasura_role: Option<&str>,
) -> anyhow::Result<(Vec<String>, UnsendableClaims)> {
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
    let claims = unsendable_claims(&client)
        .await
        .context("cannot look at the claims")?;
    Ok((ran, claims))
}

/// The user that Hasura connects as: the one in PG_DATABASE_URL.
fn hasura_role(variables: &Variables) -> anyhow::Result<Option<String>> {
    let Some(url) = variables.secret("PG_DATABASE_URL").map_err(anyhow::Error::msg)? else {
        return Ok(None);
    };
    postgres_user(&url).map_err(|end| anyhow::anyhow!("PG_DATABASE_URL {end}"))
}
