//! The JSON body of a GraphQL request.

use serde_json::{Map, Value};

use crate::engine::fault::Fault;

/// One request: a query text, its variables, and which operation of the text is meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct GraphqlRequest {
    pub(crate) query: String,
    pub(crate) variables: Map<String, Value>,
    pub(crate) operation_name: Option<String>,
}

impl GraphqlRequest {
    pub(crate) fn from_json(value: &Value) -> Result<Self, Fault> {
        let Value::Object(fields) = value else {
            return Err(mismatch("a JSON object or an array of them", value, "$"));
        };
        let query = match fields.get("query") {
            Some(Value::String(query)) => query.clone(),
            Some(other) => return Err(mismatch("String", other, "$.query")),
            None => return Err(Fault::new(400, "parse-failed", "the key 'query' was not present")),
        };
        let variables = match fields.get("variables") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(variables)) => variables.clone(),
            Some(other) => return Err(mismatch("Object", other, "$.variables")),
        };
        let operation_name = match fields.get("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(other) => return Err(mismatch("String", other, "$.operationName")),
        };
        Ok(Self {
            query,
            variables,
            operation_name,
        })
    }
}

/// A body's JSON, whatever it holds.
pub(crate) fn parse_body(bytes: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::new(400, "invalid-json", format!("Error in $: {error}")))
}

fn mismatch(expected: &str, found: &Value, path: &str) -> Fault {
    let kind = match found {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    };
    Fault::new(
        400,
        "parse-failed",
        format!("expected {expected}, but encountered {kind}"),
    )
    .at(path)
}
