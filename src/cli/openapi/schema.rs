//! Schemas: those that several operations share, and GraphQL's types as JSON Schema.

use serde_json::{Map, Value, json};

use super::{named, object};
use crate::http::CODES;

/// Codes that Hasura gives by itself (docs/api.md).
const OF_HASURA: &[&str] = &[
    "access-denied",
    "bad-request",
    "invalid-headers",
    "invalid-jwt",
    "not-found",
    "parse-failed",
    "unexpected",
    "validation-failed",
];

/// Codes that `/sapi` has besides.
const OF_SAPI: &[(&str, u16)] = &[("not_found", 404), ("method_not_allowed", 405)];

/// What several operations share.
pub(super) fn shared() -> Map<String, Value> {
    let codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    let of_sapi: Vec<&str> = codes
        .iter()
        .copied()
        .chain(OF_SAPI.iter().map(|(code, _)| *code))
        .collect();
    let statuses: Map<String, Value> = CODES
        .iter()
        .map(|(code, status)| ((*code).to_owned(), json!(status)))
        .collect();
    let schemas = [
        (
            "Code",
            json!({
                "type": "string", "enum": codes, "x-status": statuses,
                "description": "The service's own codes: frozen, with cause and cure in docs/api.md. `x-status` is the status of each at Hasura's REST endpoints; under /sapi `unavailable` is 503.",
            }),
        ),
        (
            "HasuraCode",
            json!({"type": "string", "enum": OF_HASURA, "description": "Codes of Hasura's own."}),
        ),
        (
            "Refusal",
            json!({
                "type": "object", "description": "A refusal as Hasura's REST endpoints give it.",
                "properties": {
                    "error": {"type": "string", "description": "A sentence for people; it may change."},
                    "path": {"type": "string"},
                    "code": {"anyOf": [named("Code"), named("HasuraCode")]},
                },
                "required": ["error", "path", "code"],
            }),
        ),
        (
            "SapiRefusal",
            object(&[
                ("status", json!({"const": "error"})),
                ("message", json!({"type": "string"})),
                ("code", json!({"type": "string", "enum": of_sapi})),
                ("payload", json!({"type": "null"})),
            ]),
        ),
        (
            "GraphqlErrors",
            json!({
                "type": "object", "description": "Refusals as GraphQL gives them, always with status 200.",
                "properties": {
                    "errors": {
                        "type": "array", "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "message": {"type": "string"},
                                "extensions": {
                                    "type": "object",
                                    "properties": {"code": {"anyOf": [named("Code"), named("HasuraCode")]}},
                                    "required": ["code"],
                                },
                            },
                            "required": ["message", "extensions"],
                        },
                    },
                },
                "required": ["errors"],
            }),
        ),
        (
            "AccessToken",
            json!({"type": "string", "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", "description": "A JWT with Hasura's claims: `Authorization: Bearer …`."}),
        ),
        (
            "RefreshToken",
            json!({"type": "string", "format": "uuid", "description": "Good once; the answer has the next."}),
        ),
        (
            "Tokens",
            json!({
                "type": "object",
                "properties": {"accessToken": named("AccessToken"), "refreshToken": named("RefreshToken")},
                "description": "A page that has its refresh token in a cookie (REFRESH_COOKIE) gets no `refreshToken`.",
                "required": ["accessToken"],
                "additionalProperties": false,
            }),
        ),
        (
            "Updated",
            object(&[(
                "updatedIn",
                json!({"type": "array", "items": {"type": "string"}, "description": "The networks of the request on which the address has an account."}),
            )]),
        ),
        (
            "Address",
            json!({"type": "string", "description": "In checksum form or in one case; anything else is `bad_request`, a wrong checksum `address_not_checksummed`.", "examples": ["0xdfd7D26fd33473F475b57556118F8251464a24eb"]}),
        ),
    ];
    schemas
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// A GraphQL type such as `[String!]!`. Types that are no scalars of GraphQL's are named to `wanted`.
pub(super) fn of_graphql(text: &str, wanted: &mut Vec<String>) -> Value {
    let Some(inner) = text.strip_suffix('!') else {
        return json!({"anyOf": [of_graphql(&format!("{text}!"), wanted), {"type": "null"}]});
    };
    if let Some(item) = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return json!({"type": "array", "items": of_graphql(item, wanted)});
    }
    match inner {
        "String" | "ID" => json!({"type": "string"}),
        "uuid" => json!({"type": "string", "format": "uuid"}),
        "Boolean" => json!({"type": "boolean"}),
        "Int" => json!({"type": "integer"}),
        "Float" => json!({"type": "number"}),
        other => {
            wanted.push(other.to_owned());
            named(other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_graphql_become_schemas() {
        let mut wanted = Vec::new();
        assert_eq!(
            of_graphql("[String!]!", &mut wanted),
            json!({"type": "array", "items": {"type": "string"}})
        );
        assert_eq!(
            of_graphql("Int", &mut wanted),
            json!({"anyOf": [{"type": "integer"}, {"type": "null"}]})
        );
        assert_eq!(of_graphql("LoginInput!", &mut wanted), named("LoginInput"));
        assert_eq!(wanted, ["LoginInput"]);
    }
}
