//! A document as Hasura reads it: a default is left out, whether an export leaves it out or adds it, and what has no order
//! is sorted.
//!
//! Only for comparing. What is sent is sent as it was written.

use serde_json::{Map, Value, json};

use crate::hasura::metadata::{are_ignored_by_default, identity};

/// Below these stand expressions and values of the user's own; nothing in them is a default.
const AS_IT_STANDS: [&str; 6] = [
    "filter",
    "check",
    "set",
    "payload",
    "request_transform",
    "response_transform",
];

/// Lists that say something when they are empty.
const MEANT_WHEN_EMPTY: [&str; 3] = ["columns", "query_root_fields", "subscription_root_fields"];

/// Objects that say nothing when they are empty.
const NOTHING_WHEN_EMPTY: [&str; 15] = [
    "api_limits",
    "backend_configs",
    "column_config",
    "configuration",
    "custom_column_names",
    "custom_root_fields",
    "custom_types",
    "customization",
    "graphql_schema_introspection",
    "metrics_config",
    "network",
    "opentelemetry",
    "root_fields",
    "set",
    "type_names",
];

/// What Hasura takes when a key is absent.
const DEFAULTS: [(&str, Default); 11] = [
    ("forward_client_headers", Default::False),
    ("allow_aggregations", Default::False),
    ("backend_only", Default::False),
    ("is_enum", Default::False),
    ("is_deprecated", Default::False),
    ("use_prepared_statements", Default::False),
    ("analyze_query_variables", Default::False),
    ("analyze_response_body", Default::False),
    ("isolation_level", Default::Text("read-committed")),
    ("comment", Default::Text("")),
    ("description", Default::Text("")),
];

#[derive(Clone, Copy)]
enum Default {
    False,
    Text(&'static str),
}

impl Default {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::False => value == &Value::Bool(false),
            Self::Text(text) => value.as_str() == Some(text),
        }
    }
}

/// The seconds that a handler has when an action names none.
const TIMEOUT: u64 = 30;

/// The canonical form of a document or of a part of one.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => object(fields),
        Value::Array(items) => list(items),
        leaf => leaf.clone(),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let mut kept = Map::new();
    for (key, value) in fields {
        let value = match key.as_str() {
            key if AS_IT_STANDS.contains(&key) => value.clone(),
            "table" | "function" | "remote_table" => qualified(value),
            // The entry of an allow list.
            "scope" if value == &json!({"global": true}) => continue,
            _ => canonical(value),
        };
        if !says_nothing(key, &value) {
            kept.insert(key.clone(), value);
        }
    }
    if fields.contains_key("handler") {
        definition(&mut kept);
    }
    if fields.contains_key("schedule") {
        cron_trigger(&mut kept);
    }
    if fields.contains_key("custom_column_names") {
        column_names(&mut kept);
    }
    foreign_key(&mut kept);
    kept.into()
}

fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => key == "check" || !AS_IT_STANDS.contains(&key),
        Value::Array(items) => items.is_empty() && !MEANT_WHEN_EMPTY.contains(&key),
        Value::Object(fields) => fields.is_empty() && NOTHING_WHEN_EMPTY.contains(&key),
        leaf => DEFAULTS
            .iter()
            .any(|(own, default)| *own == key && default.is(leaf)),
    }
}

/// An action's definition: a query has no kind, and a mutation is synchronous unless it says otherwise.
fn definition(fields: &mut Map<String, Value>) {
    let is_query = fields.get("type").and_then(Value::as_str) == Some("query");
    let kind = fields.get("kind").and_then(Value::as_str);
    if is_query || matches!(kind, Some("" | "synchronous")) {
        fields.remove("kind");
    }
    if !is_query {
        fields.remove("type");
    }
    if fields.get("timeout").and_then(Value::as_u64) == Some(TIMEOUT) {
        fields.remove("timeout");
    }
    let headers = fields.get("ignored_client_headers").and_then(Value::as_array);
    if headers.is_some_and(|names| are_ignored_by_default(names.iter().filter_map(Value::as_str))) {
        fields.remove("ignored_client_headers");
    }
}

/// How often and when a scheduled call is tried again, unless the trigger says otherwise.
fn cron_trigger(fields: &mut Map<String, Value>) {
    let default = json!({"num_retries": 0, "retry_interval_seconds": 10, "timeout_seconds": 60, "tolerance_seconds": 21600});
    if fields.get("retry_conf") == Some(&default) {
        fields.remove("retry_conf");
    }
}

/// The names of columns have two forms, and an export writes both.
fn column_names(fields: &mut Map<String, Value>) {
    let names = fields.remove("custom_column_names");
    if fields.contains_key("column_config") {
        return;
    }
    if let Some(Value::Object(names)) = names {
        let configs = names
            .into_iter()
            .map(|(column, name)| (column, json!({"custom_name": name})));
        fields.insert("column_config".to_owned(), configs.collect::<Map<_, _>>().into());
    }
}

/// A foreign key of one column may be written as that column or as a list.
fn foreign_key(fields: &mut Map<String, Value>) {
    match fields.get_mut("foreign_key_constraint_on") {
        Some(Value::Array(columns)) if columns.len() == 1 => {
            let column = columns.remove(0);
            fields.insert("foreign_key_constraint_on".to_owned(), column);
        }
        Some(Value::Object(key)) => {
            if let Some(column) = key.remove("column") {
                key.insert("columns".to_owned(), Value::Array(vec![column]));
            }
        }
        _ => {}
    }
}

fn list(items: &[Value]) -> Value {
    let mut items: Vec<Value> = items.iter().map(canonical).collect();
    if items.iter().all(Value::is_string) {
        items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    } else if items.iter().all(|item| named(item).is_some()) {
        items.sort_by_key(named);
    }
    items.into()
}

/// What tells an item from its neighbours.
pub(super) fn named(item: &Value) -> Option<String> {
    identity::of(|key| item.get(key).cloned())
}

/// A name alone is one of `public`.
fn qualified(value: &Value) -> Value {
    match value {
        Value::String(name) => json!({"name": name, "schema": "public"}),
        Value::Object(fields) if fields.contains_key("name") && !fields.contains_key("schema") => {
            let mut fields = fields.clone();
            fields.insert("schema".to_owned(), "public".into());
            fields.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_export_leaves_out_makes_no_difference() {
        let written = json!({"actions": [
            {"name": "b", "definition": {
                "kind": "synchronous", "type": "mutation", "handler": "h", "timeout": 30, "forward_client_headers": false,
                "arguments": [{"name": "a", "type": "Int", "description": null}], "output_type": "T", "headers": []}, "comment": ""},
            {"name": "a", "definition": {"kind": "", "type": "query", "handler": "h", "output_type": "T", "timeout": 15}},
        ], "network": {}, "cron_triggers": []});
        let exported = json!({"actions": [
            {"name": "a", "definition": {"handler": "h", "output_type": "T", "type": "query", "timeout": 15}},
            {"name": "b", "definition": {
                "handler": "h", "output_type": "T", "arguments": [{"name": "a", "type": "Int"}], "type": "mutation", "kind": "synchronous"}},
        ]});
        assert_eq!(canonical(&written), canonical(&exported));
    }

    #[test]
    fn what_an_export_adds_makes_no_difference() {
        let headers = json!([
            "Content-Length",
            "Content-MD5",
            "User-Agent",
            "Host",
            "Origin",
            "Referer",
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Accept-Datetime",
            "Cache-Control",
            "Connection",
            "DNT",
            "Content-Type"
        ]);
        for (written, exported) in [
            (
                json!({"handler": "h", "type": "query"}),
                json!({"handler": "h", "type": "query", "ignored_client_headers": headers}),
            ),
            (
                json!({"table": "t", "configuration": {"custom_column_names": {"a": "b"}}}),
                json!({"table": {"name": "t", "schema": "public"}, "configuration": {
                    "column_config": {"a": {"custom_name": "b"}}, "custom_column_names": {"a": "b"}, "custom_root_fields": {}}}),
            ),
            (
                json!({"name": "r", "using": {"manual_configuration": {"remote_table": "t", "column_mapping": {"a": "b"}}}}),
                json!({"name": "r", "using": {"manual_configuration": {
                    "remote_table": {"name": "t", "schema": "public"}, "column_mapping": {"a": "b"}, "insertion_order": null}}}),
            ),
            (
                json!({"using": {"foreign_key_constraint_on": ["a"]}}),
                json!({"using": {"foreign_key_constraint_on": "a"}}),
            ),
            (
                json!({"using": {"foreign_key_constraint_on": {"table": "t", "column": "a"}}}),
                json!({"using": {"foreign_key_constraint_on": {"table": {"name": "t", "schema": "public"}, "columns": ["a"]}}}),
            ),
            (
                json!({"role": "r", "permission": {"columns": ["a"], "filter": {}}}),
                json!({"role": "r", "permission": {"columns": ["a"], "filter": {}, "check": null, "set": {}, "backend_only": false}}),
            ),
            (
                json!({"name": "c", "schedule": "* * * * *"}),
                json!({"name": "c", "schedule": "* * * * *", "headers": [], "retry_conf": {
                    "num_retries": 0, "retry_interval_seconds": 10, "timeout_seconds": 60, "tolerance_seconds": 21600}}),
            ),
        ] {
            assert_eq!(canonical(&written), canonical(&exported), "{written}");
        }
    }

    #[test]
    fn what_means_something_makes_one() {
        for (a, b) in [
            (json!({"query_root_fields": []}), json!({})),
            (json!({"columns": []}), json!({})),
            (
                json!({"filter": {"a": {"_eq": null}}}),
                json!({"filter": {"a": {}}}),
            ),
            (
                json!({"filter": {"_or": [{"a": 1}, {"b": 2}]}}),
                json!({"filter": {"_or": []}}),
            ),
            (json!({"handler": "h", "timeout": 31}), json!({"handler": "h"})),
            (
                json!({"handler": "h", "ignored_client_headers": ["Host"]}),
                json!({"handler": "h"}),
            ),
            (
                json!({"handler": "h", "kind": "asynchronous"}),
                json!({"handler": "h"}),
            ),
        ] {
            assert_ne!(canonical(&a), canonical(&b), "{a}");
        }
        assert_eq!(
            canonical(&json!({"columns": ["b", "a"], "table": "t"})),
            canonical(&json!({"columns": ["a", "b"], "table": {"schema": "public", "name": "t"}}))
        );
    }
}
