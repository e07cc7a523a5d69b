//! What tells an item of a list from its neighbours: a name, a role, a table.
//!
//! The metadata's lists are maps in disguise, and Hasura treats them so: their order means nothing, and an
//! identity that comes twice is refused.

use serde_json::Value;

/// Keys that name an item, in the order in which they count.
const NAMES: [&str; 5] = ["name", "role", "role_name", "collection", "value"];
/// Keys whose value is a name with its schema.
const QUALIFIED: [&str; 2] = ["table", "function"];

/// The identity of an item, of which `get` tells the value of a key.
pub(crate) fn of(get: impl Fn(&str) -> Option<Value>) -> Option<String> {
    NAMES
        .iter()
        .find_map(|key| get(key)?.as_str().map(str::to_owned))
        .or_else(|| QUALIFIED.iter().find_map(|key| qualified(&get(key)?)))
}

/// `public.networks`, of a name alone or of one with its schema.
fn qualified(value: &Value) -> Option<String> {
    let (schema, name) = match value {
        Value::String(name) => ("public", name.as_str()),
        value => (
            value.get("schema").and_then(Value::as_str).unwrap_or("public"),
            value.get("name")?.as_str()?,
        ),
    };
    Some(format!("{schema}.{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(value: Value) -> Option<String> {
        of(|key| value.get(key).cloned())
    }

    #[test]
    fn a_name_counts_before_a_table_and_public_is_understood() {
        assert_eq!(
            identity(json!({"role": "guest", "permission": {}})).as_deref(),
            Some("guest")
        );
        for table in [
            json!("networks"),
            json!({"name": "networks"}),
            json!({"name": "networks", "schema": "public"}),
        ] {
            assert_eq!(
                identity(json!({"table": table})).as_deref(),
                Some("public.networks")
            );
        }
        assert_eq!(identity(json!({"name": {"_eq": 1}})), None);
    }
}
