//! The directory as the JSON that Hasura's metadata API takes: the join that the CLI does.
//!
//! What a file holds is passed on as it stands, known or not. An empty file adds nothing: Hasura refuses some sections that
//! are empty. Only what the CLI stops at is an error. The order of the sections is that of Hasura's own export.

use apollo_compiler::Node as Parsed;
use apollo_compiler::ast::{EnumValueDefinition, FieldDefinition, InputValueDefinition};
use serde_json::{Map, Value, json};

use super::actions::FILE as ACTIONS;
use super::node::{Content, Node};
use super::sdl::{self, FILE as SDL, KINDS, Sdl};
use super::yaml::Reader;
use super::{ActionKind, CustomType, Files, Problem, Severity, sources};

/// A key of the JSON with the file that fills it. `actions` and `custom_types` share one.
const SECTIONS: [(&str, &str); 15] = [
    ("sources", sources::FILE),
    ("remote_schemas", "remote_schemas.yaml"),
    ("query_collections", "query_collections.yaml"),
    ("allowlist", "allow_list.yaml"),
    ("actions", ACTIONS),
    ("custom_types", ACTIONS),
    ("cron_triggers", "cron_triggers.yaml"),
    ("rest_endpoints", "rest_endpoints.yaml"),
    ("api_limits", "api_limits.yaml"),
    ("metrics_config", "metrics_config.yaml"),
    ("inherited_roles", "inherited_roles.yaml"),
    (
        "graphql_schema_introspection",
        "graphql_schema_introspection.yaml",
    ),
    ("network", "network.yaml"),
    ("backend_configs", "backend_configs.yaml"),
    ("opentelemetry", "opentelemetry.yaml"),
];

/// The JSON of a directory.
#[derive(Debug)]
pub struct Built {
    /// What the metadata API takes.
    pub metadata: Value,
    /// What has no effect.
    pub warnings: Vec<Problem>,
}

/// Builds the JSON.
///
/// # Errors
/// What the CLI would stop at, all of it.
pub fn build(files: &Files) -> Result<Built, Vec<Problem>> {
    let mut reader = Reader::new(files);
    let version = reader
        .node("version.yaml")
        .and_then(|node| node.get("version").map(Node::to_value));
    if version != Some(json!(3)) {
        reader.problem("version.yaml", "is needed and must say version: 3");
    }
    let mut metadata = Map::from_iter([("version".to_owned(), json!(3))]);
    let mut actions = Some(join(&mut reader));
    for (key, file) in SECTIONS {
        let value = match (key, file) {
            ("actions", _) => actions.as_mut().and_then(|joined| joined.actions.take()),
            ("custom_types", _) => actions.as_mut().and_then(|joined| joined.types.take()),
            (_, file) => reader.node(file).map(|node| node.to_value()),
        };
        let value = value.filter(|value| key == "sources" || !is_empty(value));
        if let Some(value) = value {
            metadata.insert(key.to_owned(), value);
        }
    }
    let (_, mut problems) = reader.finish();
    problems.retain(|problem| problem.severity != Severity::NotChecked);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        problems.retain(|problem| problem.severity == Severity::Error);
        return Err(problems);
    }
    Ok(Built {
        metadata: metadata.into(),
        warnings: problems,
    })
}

/// A list without items, or a map without keys.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[derive(Default)]
struct Joined {
    actions: Option<Value>,
    types: Option<Value>,
}

fn join(reader: &mut Reader<'_>) -> Joined {
    let file = reader.node(ACTIONS);
    let (mut sdl, problems) = sdl::read(reader.text(SDL));
    let is_broken = problems.iter().any(|problem| problem.severity == Severity::Error);
    problems.into_iter().for_each(|problem| reader.add(problem));
    if is_broken {
        return Joined::default();
    }
    let Some(file) = file else {
        let declared = sdl.actions.len() + sdl.types.iter().count();
        if declared > 0 {
            let reason = format!("has no effect: there is no {ACTIONS}");
            reader.add(Problem::new(SDL, reason).into_warning());
        }
        return Joined::default();
    };
    expect(reader, &file, &["actions", "custom_types"]);
    let actions: Vec<Value> = file
        .get("actions")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|item| action(reader, &mut sdl, item))
        .collect();
    for (_, field) in &sdl.actions {
        let reason = format!("action {} is not present in {ACTIONS}", field.name);
        reader.add(Problem::on_line(SDL, sdl.lines.of(&field.name), reason));
    }
    let named = file.get("custom_types");
    if let Some(named) = named {
        expect(reader, named, &KINDS);
    }
    let mut types = Map::new();
    for kind in KINDS {
        let items = named.and_then(|named| named.get(kind)).map(Node::items);
        let items = items.unwrap_or_default();
        let listed: Vec<String> = items.iter().filter_map(Node::identity).collect();
        let listed_types = items
            .iter()
            .filter_map(|item| custom_type(reader, &sdl, kind, item));
        let mut all: Vec<Value> = listed_types.collect();
        // The CLI sends a type that the YAML does not list as the SDL has it.
        let unlisted = sdl
            .types
            .iter()
            .filter(|(name, declared, _)| declared.list() == kind && !listed.iter().any(|one| one == name));
        all.extend(
            unlisted
                .map(|(name, declared, description)| described(json!({"name": name}), declared, description)),
        );
        types.insert(kind.to_owned(), all.into());
    }
    let has_types = types.values().any(|kind| !is_empty(kind));
    Joined {
        actions: Some(actions.into()),
        types: has_types.then(|| types.into()),
    }
}

/// Says what the join drops: a key that Hasura does not have here, a value that is no list.
fn expect(reader: &mut Reader<'_>, node: &Node, known: &[&str]) {
    let Content::Map(fields) = &node.content else {
        if !node.says_nothing() {
            reader.add(Problem::at(&node.place, "expected a map"));
        }
        return;
    };
    for (key, value) in fields {
        let name = key.name.as_str();
        if !known.contains(&name) {
            let reason = format!(
                "unknown key {name}: Hasura ignores it. Known here: {}",
                known.join(", ")
            );
            reader.add(Problem::at(&key.place, reason).into_warning());
        } else if name != "custom_types"
            && !matches!(value.content, Content::List(_))
            && !value.says_nothing()
        {
            reader.add(Problem::at(&key.place, format!("{name}: expected a list")));
        }
    }
}

fn action(reader: &mut Reader<'_>, sdl: &mut Sdl, item: &Node) -> Option<Value> {
    let name = item.identity().unwrap_or_default();
    let Some(position) = sdl.position(&name) else {
        let reason = format!("action {name} is not present in {SDL}");
        reader.add(Problem::at(&item.place, reason));
        return None;
    };
    let (kind, field) = sdl.actions.remove(position);
    let mut value = item.to_value();
    let root = match kind {
        ActionKind::Query => "query",
        ActionKind::Mutation => "mutation",
    };
    let Some(Value::Object(definition)) = value.get_mut("definition") else {
        reader.add(Problem::at(
            &item.place,
            format!("action {name} has no definition"),
        ));
        return None;
    };
    definition.insert("type".to_owned(), root.into());
    definition.insert(
        "arguments".to_owned(),
        field.arguments.iter().map(input).collect(),
    );
    definition.insert("output_type".to_owned(), field.ty.to_string().into());
    Some(value)
}

fn custom_type(reader: &mut Reader<'_>, sdl: &Sdl, kind: &str, item: &Node) -> Option<Value> {
    let name = item.identity().unwrap_or_default();
    let declared = sdl
        .types
        .iter()
        .find(|(own, declared, _)| *own == name && declared.list() == kind);
    let Some((_, declared, description)) = declared else {
        let reason = format!("custom type {name} is not present in {SDL}");
        reader.add(Problem::at(&item.place, reason));
        return None;
    };
    Some(described(item.to_value(), declared, description))
}

/// A custom type with what the SDL says of it.
fn described(mut value: Value, declared: &CustomType, description: Option<&str>) -> Value {
    let Some(own) = value.as_object_mut() else {
        return value;
    };
    own.remove("fields");
    own.remove("values");
    match declared {
        CustomType::Scalar => {}
        CustomType::Enum(one) => {
            own.insert("values".to_owned(), one.values.iter().map(enum_value).collect());
        }
        CustomType::Input(one) => {
            own.insert("fields".to_owned(), one.fields.iter().map(input).collect());
        }
        CustomType::Object(one) => {
            own.insert("fields".to_owned(), one.fields.iter().map(output).collect());
        }
    }
    if let (Some(text), None | Some(Value::Null)) = (description, own.get("description")) {
        own.insert("description".to_owned(), text.into());
    }
    value
}

/// The CLI writes a description that is not there as null.
fn input(one: &Parsed<InputValueDefinition>) -> Value {
    json!({"name": one.name.as_str(), "type": one.ty.to_string(), "description": one.description.as_deref()})
}

fn output(one: &Parsed<FieldDefinition>) -> Value {
    let mut field = json!({"name": one.name.as_str(), "type": one.ty.to_string(), "description": one.description.as_deref()});
    if !one.arguments.is_empty() {
        field["arguments"] = one.arguments.iter().map(input).collect();
    }
    field
}

fn enum_value(one: &Parsed<EnumValueDefinition>) -> Value {
    let mut value = json!({"value": one.value.as_str()});
    if let Some(text) = one.description.as_deref() {
        value["description"] = text.into();
    }
    if one.directives.has("deprecated") {
        value["is_deprecated"] = true.into();
    }
    value
}
