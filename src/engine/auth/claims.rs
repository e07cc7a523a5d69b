//! From the claims of a verified token to a session.
//!
//! Names are in lower case here; where the claims lie in a token is for `claims_source`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::claims_source::ClaimsSource;
use crate::engine::aeson;
use crate::engine::fault::Fault;
use crate::engine::session::Session;

pub(super) const ALLOWED_ROLES: &str = "x-hasura-allowed-roles";
pub(super) const DEFAULT_ROLE: &str = "x-hasura-default-role";

pub(super) fn session(
    source: &ClaimsSource,
    claims: &Value,
    requested: Option<&str>,
) -> Result<Session, Fault> {
    let mut claims = source.find(claims)?;
    let allowed = allowed_roles(claims.remove(ALLOWED_ROLES))?;
    let default = default_role(claims.remove(DEFAULT_ROLE))?;
    let role = requested.unwrap_or(&default);
    if !allowed.iter().any(|one| one == role) {
        return Err(Fault::new(
            400,
            "access-denied",
            "Your requested role is not in allowed roles",
        ));
    }
    let mut variables = BTreeMap::new();
    for (name, value) in claims {
        match value {
            Value::String(text) => variables.insert(name, text),
            other => {
                return Err(invalid(format!(
                    "x-hasura-* claims: parsing Text failed, expected String, but encountered {}",
                    aeson::kind(&other)
                )));
            }
        };
    }
    Ok(Session::new(role, variables))
}

fn allowed_roles(claim: Option<Value>) -> Result<Vec<String>, Fault> {
    let claim = claim.ok_or_else(|| missing(ALLOWED_ROLES))?;
    let hint = format!("invalid {ALLOWED_ROLES}; should be a list of roles");
    let Value::Array(items) = claim else {
        let kind = aeson::kind(&claim);
        return Err(invalid(format!(
            "{hint}: parsing [] failed, expected Array, but encountered {kind}"
        )));
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(role) if !role.is_empty() => Ok(role),
            other => {
                let kind = aeson::kind(&other);
                Err(invalid(format!(
                    "{hint}: parsing Text failed, expected String, but encountered {kind}"
                )))
            }
        })
        .collect()
}

fn default_role(claim: Option<Value>) -> Result<String, Fault> {
    match claim.ok_or_else(|| missing(DEFAULT_ROLE))? {
        Value::String(role) => Ok(role),
        other => Err(invalid(format!(
            "invalid {DEFAULT_ROLE}; should be a single role name: parsing Text failed, expected String, \
             but encountered {}",
            aeson::kind(&other)
        ))),
    }
}

pub(super) fn missing(claim: &str) -> Fault {
    Fault::new(
        400,
        "jwt-missing-role-claims",
        format!("JWT claim does not contain {claim}"),
    )
}

pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, "jwt-invalid-claims", message)
}
