//! From the claims of a verified token to a session.
//!
//! Only the claims under the namespace count; names are compared without regard to letter case.

use std::collections::BTreeMap;

use serde_json::Value;

use super::jwt::JwtConfig;
use crate::engine::fault::Fault;
use crate::engine::session::{self, Session};

const ALLOWED_ROLES: &str = "x-hasura-allowed-roles";
const DEFAULT_ROLE: &str = "x-hasura-default-role";

pub(super) fn session(config: &JwtConfig, claims: &Value, requested: Option<&str>) -> Result<Session, Fault> {
    let mut claims = hasura_claims(config, claims)?;
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
                    aeson_kind(&other)
                )));
            }
        };
    }
    Ok(Session::new(role, variables))
}

fn hasura_claims(config: &JwtConfig, claims: &Value) -> Result<BTreeMap<String, Value>, Fault> {
    let namespace = &config.namespace;
    let found = claims
        .get(namespace)
        .ok_or_else(|| invalid(format!("claims key: '{namespace}' not found")))?;
    let parsed;
    let object = if config.stringified {
        let text = found
            .as_str()
            .ok_or_else(|| invalid("expecting a string when claims_format is stringified_json"))?;
        parsed = serde_json::from_str(text).unwrap_or(Value::Null);
        let location = format!("claims_namespace {namespace}");
        let reason = format!("expecting stringified json at: '{location}', but found: {text}");
        Value::as_object(&parsed).ok_or_else(|| invalid(reason))?
    } else {
        found
            .as_object()
            .ok_or_else(|| invalid("expecting a json object when claims_format is json"))?
    };
    Ok(object
        .iter()
        .filter(|(name, _)| session::is_session_variable(name))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect())
}

fn allowed_roles(claim: Option<Value>) -> Result<Vec<String>, Fault> {
    let claim = claim.ok_or_else(|| missing(ALLOWED_ROLES))?;
    let hint = format!("invalid {ALLOWED_ROLES}; should be a list of roles");
    let Value::Array(items) = claim else {
        let kind = aeson_kind(&claim);
        return Err(invalid(format!(
            "{hint}: parsing [] failed, expected Array, but encountered {kind}"
        )));
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(role) if !role.is_empty() => Ok(role),
            other => {
                let kind = aeson_kind(&other);
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
            aeson_kind(&other)
        ))),
    }
}

fn missing(claim: &str) -> Fault {
    Fault::new(
        400,
        "jwt-missing-role-claims",
        format!("JWT claim does not contain {claim}"),
    )
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, "jwt-invalid-claims", message)
}

/// What Haskell's JSON library calls the kind of a value.
pub(super) fn aeson_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
