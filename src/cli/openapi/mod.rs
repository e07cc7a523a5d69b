//! `openapi`: what can be reached without GraphQL, as an OpenAPI 3.1 document.
//!
//! The endpoints at Hasura and their schemas are read from the shipped metadata, the codes from `http`; what the service answers itself is
//! written in `service`. docs/openapi.json is this document, and a test holds the router and real answers against it.

mod at_hasura;
mod schema;
mod service;

use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::{Map, Value, json};

use super::table::show_json;
use crate::hasura::metadata::{self, Files};

pub(super) fn run() -> anyhow::Result<ExitCode> {
    show_json(&document()?)?;
    Ok(ExitCode::SUCCESS)
}

/// The document, of the shipped metadata.
///
/// # Errors
/// When the shipped metadata does not fit together.
pub fn document() -> anyhow::Result<Value> {
    let built = metadata::build(&Files::embedded()).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!(all.join("\n"))
    })?;
    let program = super::command();
    let mut schemas = schema::shared();
    let mut paths = at_hasura::paths(&built.metadata, &mut schemas)?;
    paths.append(&mut service::paths());
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hasura-siwe",
            "version": program.get_version(),
            "summary": "Sign-In with Ethereum for Hasura, without GraphQL",
            "description": "What a client reaches by plain HTTP: Hasura's REST endpoints, `/v1/login`, and the published API under `/sapi`. Everything else is GraphQL at `/v1/graphql` (docs/api.md). Leave the `Authorization` header out of log-ins and restores: an expired token is refused even where a guest may call.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "http://localhost:8080", "description": "`make run` and compose; your own proxy in production"}],
        "tags": [
            {"name": "clients", "description": "For apps, through the proxy."},
            {"name": "operators", "description": "The service's own port, for Hasura, orchestrators and monitoring. No client reaches it."},
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The `accessToken` of a log-in or a restore."},
            },
            "schemas": Value::Object(schemas),
        },
    }))
}

/// A reference to a schema of the document.
fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// A body, or an answer's content, of JSON.
fn of_json(schema: Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// An object all of whose fields are there, and no other.
fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
