//! Where in a token Hasura's claims lie: under a name, at a path, or scattered and mapped.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::claims::{ALLOWED_ROLES, DEFAULT_ROLE, invalid, missing};
use crate::engine::fault::Fault;
use crate::engine::{aeson, json_path, session};

const DEFAULT_NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// Where the claims are looked for.
pub(super) enum ClaimsSource {
    /// All of them in one object, which may be the text of one.
    Namespace { place: Place, stringified: bool },
    /// Each at a place of its own; the JSON is that of the setting.
    Map {
        claims: BTreeMap<String, Mapped>,
        json: Value,
    },
}

/// Where the one object is.
pub(super) enum Place {
    Name(String),
    Path(Path),
}

/// What a claim is made of.
pub(super) enum Mapped {
    Literal(Value),
    Path { path: Path, default: Option<Value> },
}

/// A path into the claims, with its text.
pub(super) struct Path {
    steps: Vec<String>,
    text: String,
}

impl Path {
    fn read(text: &str) -> Result<Self, String> {
        let steps = json_path::steps(text).ok_or_else(|| format!("invalid JSON path: {text}"))?;
        let text = if text.starts_with('$') {
            text.to_owned()
        } else {
            format!("$.{text}")
        };
        Ok(Self { steps, text })
    }

    fn find<'v>(&self, claims: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(claims, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(step),
        })
    }
}

impl ClaimsSource {
    /// From the four fields of the setting. A map leaves the others without effect.
    pub(super) fn read(
        namespace: Option<String>,
        path: Option<String>,
        format: Option<&str>,
        map: Option<Map<String, Value>>,
    ) -> Result<Self, String> {
        let place = match (namespace, path) {
            (Some(_), Some(_)) => {
                return Err("claims_namespace and claims_namespace_path both cannot be set".to_owned());
            }
            (None, Some(path)) => Place::Path(
                Path::read(&path)
                    .map_err(|problem| format!("invalid JSON path claims_namespace_path error: {problem}"))?,
            ),
            (name, None) => Place::Name(name.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())),
        };
        let stringified = match format {
            None | Some("json") => false,
            Some("stringified_json") => true,
            Some(other) => return Err(format!("claims_format {other} is not known")),
        };
        match map {
            None => Ok(Self::Namespace { place, stringified }),
            Some(map) => mapped(map),
        }
    }

    /// What `/v1alpha1/config` shows.
    pub(super) fn shown(&self) -> Value {
        let (namespace, stringified, map) = match self {
            Self::Namespace { place, stringified } => (place.text(), *stringified, &Value::Null),
            Self::Map { json, .. } => (DEFAULT_NAMESPACE, false, json),
        };
        let format = if stringified { "stringified_json" } else { "json" };
        json!({"claims_namespace": namespace, "claims_format": format, "claims_map": map})
    }

    /// Hasura's claims of a token, their names in lower case.
    pub(super) fn find(&self, claims: &Value) -> Result<BTreeMap<String, Value>, Fault> {
        match self {
            Self::Namespace { place, stringified } => in_one_object(place, *stringified, claims),
            Self::Map { claims: mapped, .. } => mapped
                .iter()
                .map(|(name, mapped)| Ok((name.clone(), mapped.find(name, claims)?)))
                .collect(),
        }
    }
}

impl Place {
    fn text(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Path(path) => &path.text,
        }
    }
}

impl Mapped {
    fn find(&self, name: &str, claims: &Value) -> Result<Value, Fault> {
        let (path, default) = match self {
            Self::Literal(value) => return Ok(value.clone()),
            Self::Path { path, default } => (path, default),
        };
        let Some(found) = path.find(claims) else {
            return default.clone().ok_or_else(|| match name {
                ALLOWED_ROLES | DEFAULT_ROLE => missing(name),
                _ => invalid(format!("JWT claim from claims_map, {name} not found")),
            });
        };
        if name == DEFAULT_ROLE && !found.is_string() {
            let mismatch = aeson::mismatch("Text", "String", found);
            return Err(invalid(format!(
                "invalid {DEFAULT_ROLE}; should be a role: {mismatch}"
            )));
        }
        Ok(found.clone())
    }
}

fn mapped(map: Map<String, Value>) -> Result<ClaimsSource, String> {
    for name in [ALLOWED_ROLES, DEFAULT_ROLE] {
        if !map.contains_key(name) {
            return Err(format!("claims_map: {name} is expected but not found"));
        }
    }
    let json = Value::Object(map.clone());
    let claims = map.into_iter().map(|(name, value)| {
        let fits = |value: &Value| match (name.as_str(), value) {
            (ALLOWED_ROLES, Value::Array(items)) => items.iter().all(Value::is_string),
            (ALLOWED_ROLES, _) => false,
            (_, value) => value.is_string(),
        };
        let wrong = || format!("claims_map: the value of {name} has the wrong kind");
        let mapped = match &value {
            Value::Object(fields) => {
                let path = fields.get("path").and_then(Value::as_str);
                let path = path.ok_or_else(|| format!("claims_map: {name} has no path"))?;
                let default = fields.get("default").filter(|value| !value.is_null()).cloned();
                if default.as_ref().is_some_and(|value| !fits(value)) {
                    return Err(wrong());
                }
                let path = Path::read(path)?;
                Mapped::Path { path, default }
            }
            literal if fits(literal) => Mapped::Literal(literal.clone()),
            _ => return Err(wrong()),
        };
        Ok((name.to_ascii_lowercase(), mapped))
    });
    Ok(ClaimsSource::Map {
        claims: claims.collect::<Result<_, String>>()?,
        json,
    })
}

fn in_one_object(place: &Place, stringified: bool, claims: &Value) -> Result<BTreeMap<String, Value>, Fault> {
    let found = match place {
        Place::Name(name) => claims
            .get(name)
            .ok_or_else(|| invalid(format!("claims key: '{name}' not found")))?,
        Place::Path(path) => path.find(claims).ok_or_else(|| {
            let text = &path.text;
            invalid(format!("claims not found at claims_namespace_path: '{text}'"))
        })?,
    };
    let parsed;
    let object = if stringified {
        let text = found
            .as_str()
            .ok_or_else(|| invalid("expecting a string when claims_format is stringified_json"))?;
        parsed = serde_json::from_str(text).unwrap_or(Value::Null);
        Value::as_object(&parsed).ok_or_else(|| {
            let kind = match place {
                Place::Name(_) => "claims_namespace",
                Place::Path(_) => "claims_namespace_path",
            };
            let place = place.text();
            invalid(format!(
                "expecting stringified json at: '{kind} {place}', but found: {text}"
            ))
        })?
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
