//! Our metadata in another shape: some of its actions alone, or under other names.

use std::collections::BTreeSet;

use apollo_compiler::ast::{Definition, Document, OperationDefinition, Selection, Type};
use apollo_compiler::{Name, Node};
use serde_json::{Map, Value, json};

use crate::hasura::metadata::{KINDS, TableName};

/// Keeps the actions that `keep` wants, the types that they use, and the stored queries and REST endpoints that call no
/// other action.
pub fn keep_actions(document: &mut Value, keep: impl Fn(&str) -> bool) {
    let dropped: BTreeSet<String> = names(document, "actions")
        .into_iter()
        .filter(|name| !keep(name))
        .collect();
    if dropped.is_empty() {
        return;
    }
    retain(document, "actions", |action| !dropped.contains(name_of(action)));
    keep_used_types(document);
    let mut gone = BTreeSet::new();
    for collection in items_mut(document, "query_collections") {
        let collection_name = name_of(collection).to_owned();
        if let Some(queries) = collection
            .pointer_mut("/definition/queries")
            .and_then(Value::as_array_mut)
        {
            queries.retain(|query| {
                let text = query["query"].as_str().unwrap_or_default();
                let is_kept = !root_fields(text).iter().any(|field| dropped.contains(field));
                if !is_kept {
                    gone.insert((collection_name.clone(), name_of(query).to_owned()));
                }
                is_kept
            });
        }
    }
    retain(document, "query_collections", |collection| {
        collection["definition"]["queries"] != json!([])
    });
    retain(document, "rest_endpoints", |endpoint| {
        let query = &endpoint["definition"]["query"];
        let text = |key: &str| query[key].as_str().unwrap_or_default().to_owned();
        !gone.contains(&(text("collection_name"), text("query_name")))
    });
}

/// Gives root fields a prefix and custom types a suffix, so that they meet nothing of the same name. Answers keep their
/// shape: a stored query asks for the new names under the old ones.
pub fn rename(document: &mut Value, prefix: &str, suffix: &str) {
    let types: BTreeSet<String> = KINDS
        .iter()
        .flat_map(|kind| names(&document["custom_types"], kind))
        .collect();
    let actions: BTreeSet<String> = names(document, "actions").into_iter().collect();
    let renamed = |text: &str| renamed_type(text, &types, suffix);
    for action in items_mut(document, "actions") {
        put_prefix(action, "name", prefix);
        if let Some(definition) = action.get_mut("definition") {
            rename_types(definition, "arguments", "type", &renamed);
            change(definition, "output_type", &renamed);
        }
    }
    for kind in KINDS {
        for custom_type in items_mut(&mut document["custom_types"], kind) {
            change(custom_type, "name", &renamed);
            rename_types(custom_type, "fields", "type", &renamed);
            for field in items_mut(custom_type, "fields") {
                rename_types(field, "arguments", "type", &renamed);
            }
        }
    }
    if !prefix.is_empty() {
        for source in items_mut(document, "sources") {
            for table in items_mut(source, "tables") {
                let Ok(tracked) = serde_json::from_value::<TableName>(table["table"].clone()) else {
                    continue;
                };
                let name = format!("{prefix}{}", tracked.graphql_name());
                if let Some(fields) = table.as_object_mut() {
                    let configuration = fields.entry("configuration").or_insert_with(|| Map::new().into());
                    configuration["custom_name"] = name.into();
                }
            }
        }
    }
    for collection in items_mut(document, "query_collections") {
        put_prefix(collection, "name", prefix);
        if let Some(Value::Array(queries)) = collection.pointer_mut("/definition/queries") {
            for query in queries {
                change(query, "query", &|text| {
                    renamed_query(text, prefix, &actions, &types, suffix)
                });
            }
        }
    }
    for endpoint in items_mut(document, "rest_endpoints") {
        put_prefix(endpoint, "name", prefix);
        if let Some(query) = endpoint.pointer_mut("/definition/query") {
            put_prefix(query, "collection_name", prefix);
        }
    }
}

fn items_mut<'v>(parent: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    parent
        .get_mut(key)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn name_of(item: &Value) -> &str {
    item["name"].as_str().unwrap_or_default()
}

fn names(parent: &Value, key: &str) -> Vec<String> {
    let items = parent.get(key).and_then(Value::as_array).into_iter().flatten();
    items.map(|item| name_of(item).to_owned()).collect()
}

fn retain(parent: &mut Value, key: &str, keep: impl FnMut(&Value) -> bool) {
    if let Some(items) = parent.get_mut(key).and_then(Value::as_array_mut) {
        items.retain(keep);
        if items.is_empty()
            && let Some(fields) = parent.as_object_mut()
        {
            fields.shift_remove(key);
        }
    }
}

fn change(item: &mut Value, key: &str, change: &impl Fn(&str) -> String) {
    if let Some(value) = item.get_mut(key)
        && let Some(text) = value.as_str()
    {
        *value = change(text).into();
    }
}

fn put_prefix(item: &mut Value, key: &str, prefix: &str) {
    change(item, key, &|name| format!("{prefix}{name}"));
}

fn rename_types(item: &mut Value, list: &str, key: &str, renamed: &impl Fn(&str) -> String) {
    for one in items_mut(item, list) {
        change(one, key, renamed);
    }
}

/// `[Name!]!` with a suffix behind the name, if it is one of these types.
fn renamed_type(text: &str, types: &BTreeSet<String>, suffix: &str) -> String {
    let name = inner_name(text);
    if types.contains(name) {
        text.replacen(name, &format!("{name}{suffix}"), 1)
    } else {
        text.to_owned()
    }
}

/// `Name` of `[Name!]!`.
pub(super) fn inner_name(type_text: &str) -> &str {
    type_text.trim_matches(|mark: char| "[]! ".contains(mark))
}

/// Drops types that no action needs, step by step, since types need others.
fn keep_used_types(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut pending: Vec<String> = Vec::new();
    let inner = |text: &Value| inner_name(text.as_str().unwrap_or_default()).to_owned();
    for action in document["actions"].as_array().into_iter().flatten() {
        let definition = &action["definition"];
        pending.push(inner(&definition["output_type"]));
        let arguments = definition["arguments"].as_array().into_iter().flatten();
        pending.extend(arguments.map(|argument| inner(&argument["type"])));
    }
    while let Some(name) = pending.pop() {
        if !used.insert(name.clone()) {
            continue;
        }
        let types = KINDS
            .iter()
            .flat_map(|kind| document["custom_types"][kind].as_array().into_iter().flatten());
        for custom_type in types.filter(|one| name_of(one) == name) {
            let fields = custom_type["fields"].as_array().into_iter().flatten();
            pending.extend(fields.map(|field| inner(&field["type"])));
        }
    }
    for kind in KINDS {
        if let Some(types) = document["custom_types"]
            .get_mut(kind)
            .and_then(Value::as_array_mut)
        {
            types.retain(|one| used.contains(name_of(one)));
        }
    }
    let is_empty = |types: &Value| {
        KINDS
            .iter()
            .all(|kind| types[kind].as_array().is_none_or(Vec::is_empty))
    };
    if is_empty(&document["custom_types"])
        && let Some(fields) = document.as_object_mut()
    {
        fields.shift_remove("custom_types");
    }
}

fn operations(text: &str) -> Option<Document> {
    Document::parse(text, "query.graphql").ok()
}

/// The root fields of a stored query; none if it cannot be read.
fn root_fields(text: &str) -> BTreeSet<String> {
    let document = operations(text);
    let definitions = document.iter().flat_map(|document| &document.definitions);
    let roots = definitions.filter_map(|definition| match definition {
        Definition::OperationDefinition(operation) => Some(&operation.selection_set),
        _ => None,
    });
    roots
        .flatten()
        .filter_map(|selection| match selection {
            Selection::Field(field) => Some(field.name.to_string()),
            _ => None,
        })
        .collect()
}

fn renamed_query(
    text: &str,
    prefix: &str,
    actions: &BTreeSet<String>,
    types: &BTreeSet<String>,
    suffix: &str,
) -> String {
    let Some(mut document) = operations(text) else {
        return text.to_owned();
    };
    for definition in &mut document.definitions {
        if let Definition::OperationDefinition(operation) = definition {
            rename_operation(operation.make_mut(), prefix, actions, types, suffix);
        }
    }
    document.to_string().trim_end().to_owned()
}

fn rename_operation(
    operation: &mut OperationDefinition,
    prefix: &str,
    actions: &BTreeSet<String>,
    types: &BTreeSet<String>,
    suffix: &str,
) {
    for selection in &mut operation.selection_set {
        if let Selection::Field(field) = selection
            && actions.contains(field.name.as_str())
            && let Ok(name) = Name::new(&format!("{prefix}{}", field.name))
        {
            let field = field.make_mut();
            let old = std::mem::replace(&mut field.name, name);
            if field.name != old {
                field.alias.get_or_insert(old);
            }
        }
    }
    for variable in &mut operation.variables {
        let variable = variable.make_mut();
        let renamed = renamed_type(&variable.ty.to_string(), types, suffix);
        if let Some(ty) = parsed_type(&renamed) {
            variable.ty = Node::new(ty);
        }
    }
}

fn parsed_type(text: &str) -> Option<Type> {
    Type::parse(text, "type.graphql").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "version": 3,
            "sources": [{"name": "default", "tables": [{"table": {"schema": "public", "name": "accounts"}}, {"table": {"schema": "x", "name": "y"}}]}],
            "actions": [
                {"name": "a", "definition": {"output_type": "[Out!]!", "arguments": [{"name": "i", "type": "In!"}]}},
                {"name": "b", "definition": {"output_type": "Other"}}],
            "custom_types": {
                "objects": [{"name": "Out", "fields": [{"name": "f", "type": "Odd"}, {"name": "s", "type": "String!"}]}, {"name": "Other", "fields": []}],
                "input_objects": [{"name": "In", "fields": [{"name": "x", "type": "Int"}]}], "scalars": [{"name": "Odd"}], "enums": []},
            "query_collections": [{"name": "rest", "definition": {"queries": [
                {"name": "qa", "query": "query qa($i: In!) { a(i: $i) { f } }"},
                {"name": "qb", "query": "query qb { b }"}]}}],
            "rest_endpoints": [
                {"name": "ea", "url": "a", "definition": {"query": {"collection_name": "rest", "query_name": "qa"}}},
                {"name": "eb", "url": "b", "definition": {"query": {"collection_name": "rest", "query_name": "qb"}}}],
        })
    }

    #[test]
    fn some_actions_alone_keep_what_they_need() {
        let mut kept = document();
        keep_actions(&mut kept, |name| name == "a");
        assert_eq!(names(&kept, "actions"), ["a"]);
        assert_eq!(names(&kept["custom_types"], "objects"), ["Out"]);
        assert_eq!(names(&kept["custom_types"], "scalars"), ["Odd"]);
        assert_eq!(names(&kept, "rest_endpoints"), ["ea"]);
        assert_eq!(
            kept["query_collections"][0]["definition"]["queries"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let mut none = document();
        keep_actions(&mut none, |_| false);
        let keys: Vec<&String> = none.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["version", "sources"]);
        let mut all = document();
        keep_actions(&mut all, |_| true);
        assert_eq!(all, document());
    }

    #[test]
    fn other_names_reach_every_place_and_answers_keep_their_shape() {
        let mut renamed = document();
        rename(&mut renamed, "my_", "V1");
        let action = &renamed["actions"][0];
        assert_eq!(action["name"], "my_a");
        assert_eq!(action["definition"]["output_type"], "[OutV1!]!");
        assert_eq!(action["definition"]["arguments"][0]["type"], "InV1!");
        let object = &renamed["custom_types"]["objects"][0];
        assert_eq!(
            (
                &object["name"],
                &object["fields"][0]["type"],
                &object["fields"][1]["type"]
            ),
            (&json!("OutV1"), &json!("OddV1"), &json!("String!"))
        );
        let tables = &renamed["sources"][0]["tables"];
        assert_eq!(tables[0]["configuration"], json!({"custom_name": "my_accounts"}));
        assert_eq!(tables[1]["configuration"], json!({"custom_name": "my_x_y"}));
        let query = renamed["query_collections"][0]["definition"]["queries"][0]["query"]
            .as_str()
            .unwrap();
        assert_eq!(
            query.split_whitespace().collect::<Vec<_>>().join(" "),
            "query qa($i: InV1!) { a: my_a(i: $i) { f } }"
        );
        assert_eq!(
            renamed["rest_endpoints"][0],
            json!({"name": "my_ea", "url": "a", "definition": {"query": {"collection_name": "my_rest", "query_name": "qa"}}})
        );
    }
}
