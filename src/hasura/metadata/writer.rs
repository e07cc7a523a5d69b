//! Metadata as a directory: the files that the Hasura CLI writes when it exports.
//!
//! The counterpart of `json`: what is written here is built into the same JSON again.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::actions::FILE as ACTIONS;
use super::sdl::{FILE as SDL, KINDS};
use super::sources::FILE as SOURCES;

/// Files that hold a list, with the key of the JSON that they hold.
const LISTS: [(&str, &str); 6] = [
    ("allow_list.yaml", "allowlist"),
    ("cron_triggers.yaml", "cron_triggers"),
    ("inherited_roles.yaml", "inherited_roles"),
    ("query_collections.yaml", "query_collections"),
    ("remote_schemas.yaml", "remote_schemas"),
    ("rest_endpoints.yaml", "rest_endpoints"),
];
/// Files that hold a map.
const MAPS: [(&str, &str); 6] = [
    ("api_limits.yaml", "api_limits"),
    ("backend_configs.yaml", "backend_configs"),
    (
        "graphql_schema_introspection.yaml",
        "graphql_schema_introspection",
    ),
    ("metrics_config.yaml", "metrics_config"),
    ("network.yaml", "network"),
    ("opentelemetry.yaml", "opentelemetry"),
];
/// Parts of a source that have a folder of their own, with the key that names an item.
const PARTS: [(&str, &str); 2] = [("tables", "table"), ("functions", "function")];

/// The texts of the files, by path.
///
/// # Errors
/// A sentence if a value cannot be written as YAML.
pub fn directory(document: &Value) -> Result<BTreeMap<String, String>, String> {
    let mut files = BTreeMap::from([("version.yaml".to_owned(), "version: 3\n".to_owned())]);
    for (file, key) in LISTS {
        files.insert(file.to_owned(), yaml(document.get(key).unwrap_or(&json!([])))?);
    }
    for (file, key) in MAPS {
        files.insert(file.to_owned(), yaml(document.get(key).unwrap_or(&json!({})))?);
    }
    files.insert(ACTIONS.to_owned(), yaml(&actions(document))?);
    files.insert(SDL.to_owned(), schema(document));
    let mut sources = Vec::new();
    for source in list(document, "sources") {
        sources.push(self::source(source, &mut files)?);
    }
    files.insert(SOURCES.to_owned(), yaml(&sources.into())?);
    Ok(files)
}

fn yaml(value: &Value) -> Result<String, String> {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        folded_wrap_chars: usize::MAX,
    };
    let mut text = serde_saphyr::to_string_with_options(value, options).map_err(|error| error.to_string())?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn list<'v>(parent: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    parent.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(item: &'v Value, key: &str) -> &'v str {
    item.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn without(item: &Value, keys: &[&str]) -> Value {
    let fields = item.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, _)| !keys.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// actions.yaml: what the SDL does not say.
fn actions(document: &Value) -> Value {
    let actions: Vec<Value> = list(document, "actions")
        .map(|action| {
            let mut action = action.clone();
            if let Some(definition) = action.get_mut("definition") {
                *definition = without(definition, &["type", "arguments", "output_type"]);
            }
            action
        })
        .collect();
    let types = document.get("custom_types").unwrap_or(&Value::Null);
    let kinds = KINDS.map(|kind| {
        let all: Vec<Value> = list(types, kind)
            .map(|one| without(one, &["fields", "values"]))
            .collect();
        (kind.to_owned(), all.into())
    });
    json!({"actions": actions, "custom_types": Map::from_iter(kinds)})
}

/// A source with includes in the place of its tables and functions, whose files it adds.
fn source(source: &Value, files: &mut BTreeMap<String, String>) -> Result<Value, String> {
    let mut source = source.clone();
    let name = text(&source, "name").to_owned();
    for (part, key) in PARTS {
        let items = match source.get(part).and_then(Value::as_array) {
            Some(items) if part == "tables" || !items.is_empty() => items.clone(),
            _ => continue,
        };
        let folder = format!("databases/{name}/{part}");
        let mut includes: Vec<String> = Vec::new();
        for item in &items {
            let stem = file_name(&item[key]);
            // `public.a_b` and `public_a.b` would be one file.
            let names = std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}_{number}")));
            let file = names
                .map(|name| format!("{name}.yaml"))
                .find(|file| !files.contains_key(&format!("{folder}/{file}")))
                .unwrap_or(stem);
            files.insert(format!("{folder}/{file}"), yaml(item)?);
            includes.push(format!("!include {file}"));
        }
        files.insert(format!("{folder}/{part}.yaml"), yaml(&json!(includes))?);
        source[part] = format!("!include {name}/{part}/{part}.yaml").into();
    }
    Ok(source)
}

/// `public_accounts`. Of a table of another kind of database, the parts of its name.
fn file_name(table: &Value) -> String {
    let parts: Vec<&str> = match table {
        Value::String(name) => vec!["public", name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        table => {
            let schema = table
                .get("schema")
                .or_else(|| table.get("dataset"))
                .and_then(Value::as_str);
            vec![schema.unwrap_or("public"), text(table, "name")]
        }
    };
    // A slash would be another folder.
    parts.join("_").replace('/', "_")
}

/// actions.graphql: the signatures of the actions and the fields of the types.
fn schema(document: &Value) -> String {
    let mut definitions: Vec<String> = Vec::new();
    for action in list(document, "actions") {
        let definition = action.get("definition").unwrap_or(&Value::Null);
        let root = if text(definition, "type") == "query" {
            "Query"
        } else {
            "Mutation"
        };
        let mut body = String::new();
        field(&mut body, text(action, "name"), definition, "output_type");
        definitions.push(format!("type {root} {{\n{body}}}\n"));
    }
    let types = document.get("custom_types").unwrap_or(&Value::Null);
    for (kind, keyword) in [
        ("enums", "enum"),
        ("input_objects", "input"),
        ("objects", "type"),
        ("scalars", "scalar"),
    ] {
        for one in list(types, kind) {
            let name = text(one, "name");
            let mut body = String::new();
            for value in list(one, "values") {
                description(&mut body, "  ", value);
                let is_deprecated = value.get("is_deprecated") == Some(&Value::Bool(true));
                let mark = if is_deprecated { " @deprecated" } else { "" };
                let _ = writeln!(body, "  {}{mark}", text(value, "value"));
            }
            for one in list(one, "fields") {
                field(&mut body, text(one, "name"), one, "type");
            }
            definitions.push(match kind {
                "scalars" => format!("{keyword} {name}\n"),
                _ => format!("{keyword} {name} {{\n{body}}}\n"),
            });
        }
    }
    definitions.join("\n")
}

/// A field with its arguments, each on a line of its own.
fn field(body: &mut String, name: &str, definition: &Value, type_key: &str) {
    description(body, "  ", definition);
    let _ = write!(body, "  {name}");
    let mut arguments = list(definition, "arguments").peekable();
    if arguments.peek().is_some() {
        body.push_str("(\n");
        for argument in arguments {
            description(body, "    ", argument);
            let _ = writeln!(body, "    {}: {}", text(argument, "name"), text(argument, "type"));
        }
        body.push_str("  )");
    }
    let _ = writeln!(body, ": {}", text(definition, type_key));
}

/// A description as a block string (GraphQL, section 2.9.4).
fn description(body: &mut String, indent: &str, item: &Value) {
    let text = text(item, "description");
    if !text.is_empty() {
        let _ = writeln!(body, "{indent}\"\"\"");
        for line in text.replace("\"\"\"", "\\\"\"\"").lines() {
            let _ = writeln!(body, "{indent}{line}");
        }
        let _ = writeln!(body, "{indent}\"\"\"");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Files, build};
    use super::*;

    #[test]
    fn what_is_written_is_built_into_the_same_json() {
        let shipped = build(&Files::embedded()).unwrap().metadata;
        let with_everything = json!({
            "version": 3,
            "sources": [{"name": "a b", "kind": "postgres", "tables": [
                    {"table": {"schema": "public", "name": "a_b"}}, {"table": {"schema": "public_a", "name": "b"}},
                    {"table": {"schema": "public", "name": "t"}, "select_permissions": [{"role": "r", "permission": {"columns": ["yes", "1"], "filter": {"a": {"_eq": "0777"}}}}]}],
                "functions": [{"function": {"schema": "public", "name": "f"}}],
                "configuration": {"connection_info": {"database_url": {"from_env": "X"}}}}],
            "remote_schemas": [{"name": "r", "definition": {"url": "http://h"}}],
            "query_collections": [{"name": "q", "definition": {"queries": [{"name": "n", "query": "query {\n  a\n}"}]}}],
            "actions": [{"name": "act", "definition": {"handler": "{{H}}", "kind": "", "type": "query",
                "arguments": [{"name": "x", "type": "In!", "description": "two\nlines \"\"\" "}], "output_type": "[Out]"}, "comment": "c"}],
            "custom_types": {
                "enums": [{"name": "E", "values": [{"value": "ONE", "description": "first"}, {"value": "TWO", "is_deprecated": true}], "description": "an enum"}],
                "input_objects": [{"name": "In", "fields": [{"name": "f", "type": "E!", "description": null}]}],
                "objects": [{"name": "Out", "fields": [{"name": "g", "type": "Odd", "description": null}]}],
                "scalars": [{"name": "Odd"}]},
            "network": {"tls_allowlist": [{"host": "h"}]},
        });
        for document in [shipped, with_everything] {
            let files = directory(&document).unwrap();
            let built = build(&Files::from_iter(files)).unwrap();
            assert_eq!(built.warnings, []);
            assert_eq!(
                crate::hasura::document::differences(&built.metadata, &document),
                [],
                "{document:#}"
            );
        }
    }

    #[test]
    fn files_look_as_the_cli_writes_them() {
        let document = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "tables": [
            {"table": {"schema": "public", "name": "t"}, "select_permissions": [{"role": "r", "permission": {"columns": ["a"], "filter": {}}}]}]}],
            "actions": [{"name": "act", "definition": {"handler": "h", "type": "mutation", "arguments": [{"name": "x", "type": "Int!"}], "output_type": "Int"}}]});
        let files = directory(&document).unwrap();
        assert_eq!(
            files["databases/databases.yaml"],
            "- name: default\n  kind: postgres\n  tables: \"!include default/tables/tables.yaml\"\n"
        );
        assert_eq!(
            files["databases/default/tables/tables.yaml"],
            "- \"!include public_t.yaml\"\n"
        );
        assert_eq!(
            files["databases/default/tables/public_t.yaml"],
            "table:\n  schema: public\n  name: t\nselect_permissions:\n  - role: r\n    permission:\n      columns:\n        - a\n      filter: {}\n"
        );
        assert_eq!(
            files["actions.graphql"],
            "type Mutation {\n  act(\n    x: Int!\n  ): Int\n}\n"
        );
        assert_eq!(files["rest_endpoints.yaml"], "[]\n");
        assert_eq!(files["network.yaml"], "{}\n");
    }
}
