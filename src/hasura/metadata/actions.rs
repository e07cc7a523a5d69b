//! actions.yaml, joined with actions.graphql the way the CLI joins them.
//!
//! The SDL says what an action takes and gives and what the types hold; the YAML says where it is
//! answered and who may call it. A name that only the YAML has is an error, in the CLI's words.

use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use serde::Deserialize;

use super::CustomTypes;
use super::sdl::{self, Sdl};
use super::yaml::Reader;

const FILE: &str = "actions.yaml";
const SDL_FILE: &str = "actions.graphql";
/// Hasura's own default, in seconds.
const DEFAULT_TIMEOUT: u64 = 30;

/// Whether an action is a field of the query or of the mutation root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `type: query`.
    Query,
    /// `type: mutation`.
    Mutation,
}

/// A synchronous action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name, which is its root field.
    pub name: String,
    /// Under which root it stands.
    pub kind: ActionKind,
    /// Its arguments.
    pub arguments: Vec<Node<InputValueDefinition>>,
    /// What it gives.
    pub output_type: Type,
    /// The handler's URL, with `{{ENV}}` templates unresolved.
    pub handler: String,
    /// Headers to send.
    pub headers: Vec<Header>,
    /// Whether the client's headers are passed on.
    pub forward_client_headers: bool,
    /// How long the handler may take.
    pub timeout_seconds: u64,
    /// The roles that may call it.
    pub roles: Vec<String>,
    /// What the schema says about it.
    pub comment: Option<String>,
}

/// A configured header.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub value: HeaderValue,
}

/// The value of a configured header.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// Written in the metadata.
    Literal(String),
    /// Taken from an environment variable.
    FromEnv(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionsFile {
    #[serde(default)]
    actions: Vec<RawAction>,
    #[serde(default)]
    custom_types: RawTypes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAction {
    name: String,
    definition: RawDefinition,
    #[serde(default)]
    permissions: Vec<RawPermission>,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPermission {
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    kind: Option<String>,
    handler: String,
    #[serde(default)]
    headers: Vec<RawHeader>,
    #[serde(default)]
    forward_client_headers: bool,
    timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader {
    name: String,
    value: Option<String>,
    value_from_env: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTypes {
    enums: Vec<RawType>,
    input_objects: Vec<RawType>,
    objects: Vec<RawType>,
    scalars: Vec<RawType>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawType {
    name: String,
    description: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Vec<Action>, CustomTypes) {
    let file: ActionsFile = reader.file(FILE).unwrap_or_default();
    let mut sdl = match sdl::read(reader.text(SDL_FILE)) {
        Ok(sdl) => sdl,
        Err(problems) => {
            for problem in problems {
                reader.problem(SDL_FILE, problem);
            }
            return Default::default();
        }
    };
    let actions = file
        .actions
        .into_iter()
        .filter_map(|raw| join(reader, &mut sdl, raw))
        .collect();
    let RawTypes {
        enums,
        input_objects,
        objects,
        scalars,
    } = file.custom_types;
    let mut listed = Vec::new();
    for raw in enums
        .into_iter()
        .chain(input_objects)
        .chain(objects)
        .chain(scalars)
    {
        if sdl.types.get(&raw.name).is_none() {
            reader.problem(
                FILE,
                format!("custom type {} is not present in {SDL_FILE}", raw.name),
            );
        }
        sdl.types.describe(&raw.name, raw.description);
        listed.push(raw.name);
    }
    for (name, ..) in sdl.types.iter() {
        if !listed.iter().any(|one| one == name) {
            reader.problem(
                SDL_FILE,
                format!("type {name} is not listed under custom_types in {FILE}"),
            );
        }
    }
    for name in sdl.actions.keys() {
        reader.problem(SDL_FILE, format!("action {name} is not present in {FILE}"));
    }
    (actions, sdl.types)
}

fn join(reader: &mut Reader<'_>, sdl: &mut Sdl, raw: RawAction) -> Option<Action> {
    let name = raw.name;
    // Taken out, so that what remains is what the YAML forgot.
    let Some((kind, field)) = sdl.actions.remove(&name) else {
        reader.problem(FILE, format!("action {name} is not present in {SDL_FILE}"));
        return None;
    };
    match raw.definition.kind.as_deref() {
        None | Some("" | "synchronous") => {}
        Some("asynchronous") => {
            reader.problem(
                FILE,
                format!("action {name}: asynchronous actions are not supported"),
            );
        }
        Some(other) => reader.problem(FILE, format!("action {name}: kind {other} is not known")),
    }
    if field
        .arguments
        .iter()
        .any(|argument| argument.default_value.is_some())
    {
        reader.problem(
            SDL_FILE,
            format!("action {name}: default values are not supported"),
        );
    }
    let headers = raw
        .definition
        .headers
        .into_iter()
        .filter_map(|raw| header(reader, &name, raw))
        .collect();
    Some(Action {
        kind,
        arguments: field.arguments.clone(),
        output_type: field.ty.clone(),
        handler: raw.definition.handler,
        headers,
        forward_client_headers: raw.definition.forward_client_headers,
        timeout_seconds: raw.definition.timeout.unwrap_or(DEFAULT_TIMEOUT),
        roles: raw
            .permissions
            .into_iter()
            .map(|permission| permission.role)
            .collect(),
        comment: raw.comment.filter(|text| !text.is_empty()),
        name,
    })
}

fn header(reader: &mut Reader<'_>, action: &str, raw: RawHeader) -> Option<Header> {
    let value = match (raw.value, raw.value_from_env) {
        (Some(text), None) => HeaderValue::Literal(text),
        (None, Some(variable)) if variable.starts_with("HASURA_GRAPHQL_") => {
            let reason = "env variables start with \"HASURA_GRAPHQL_\" are not allowed for value_from_env";
            reader.problem(FILE, format!("action {action}: {reason}"));
            return None;
        }
        (None, Some(variable)) => HeaderValue::FromEnv(variable),
        _ => {
            reader.problem(
                FILE,
                format!(
                    "action {action}: header {}: expecting value or value_from_env keys",
                    raw.name
                ),
            );
            return None;
        }
    };
    Some(Header {
        name: raw.name,
        value,
    })
}
