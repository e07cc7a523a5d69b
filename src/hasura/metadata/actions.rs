//! actions.yaml, joined with actions.graphql the way the CLI joins them.
//!
//! The SDL says what an action takes and gives and what the types hold; the YAML says where it is
//! answered and who may call it. A name that only the YAML has is an error, in the CLI's words. A type that only the SDL
//! has is sent as it is.

use std::collections::BTreeSet;

use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::sdl::{self, FILE as SDL_FILE, Lines, Sdl};
use super::yaml::Reader;
use super::{CustomType, CustomTypes, Problem};

pub(super) const FILE: &str = "actions.yaml";
/// Hasura's own default, in seconds.
const DEFAULT_TIMEOUT: u64 = 30;

/// The headers of a client that Hasura does not pass on to a handler. An export names them with every action, in this order.
pub(crate) const IGNORED_CLIENT_HEADERS: [&str; 14] = [
    "content-length",
    "content-md5",
    "user-agent",
    "host",
    "origin",
    "referer",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-datetime",
    "cache-control",
    "connection",
    "dnt",
    "content-type",
];

/// Whether these are the client's headers that Hasura does not pass on unless an action says otherwise.
pub(crate) fn are_ignored_by_default<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let names: BTreeSet<String> = names.map(str::to_ascii_lowercase).collect();
    names == IGNORED_CLIENT_HEADERS.map(str::to_owned).into()
}

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
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    kind: Option<String>,
    // The CLI reads these three and then takes what the SDL says.
    #[serde(default, rename = "type")]
    _type: IgnoredAny,
    #[serde(default, rename = "arguments")]
    _arguments: IgnoredAny,
    #[serde(default, rename = "output_type")]
    _output_type: IgnoredAny,
    handler: String,
    #[serde(default)]
    headers: Vec<RawHeader>,
    #[serde(default)]
    forward_client_headers: bool,
    ignored_client_headers: Option<Vec<String>>,
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
    // The CLI reads these two and then takes what the SDL says.
    #[serde(default, rename = "fields")]
    _fields: IgnoredAny,
    #[serde(default, rename = "values")]
    _values: IgnoredAny,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Vec<Action>, CustomTypes, Lines) {
    let file: ActionsFile = reader.file(FILE).unwrap_or_default();
    let (mut sdl, problems) = sdl::read(reader.text(SDL_FILE));
    let is_understood = problems.is_empty() || !sdl.actions.is_empty();
    problems.into_iter().for_each(|problem| reader.add(problem));
    if !is_understood {
        // Each action of the YAML would seem to be missing.
        return (Vec::new(), sdl.types, sdl.lines);
    }
    let actions = file
        .actions
        .into_iter()
        .filter_map(|raw| join(reader, &mut sdl, raw))
        .collect();
    list_types(reader, &mut sdl, file.custom_types);
    for (_, field) in &sdl.actions {
        let reason = format!("action {} is not present in {FILE}", field.name);
        reader.add(Problem::on_line(SDL_FILE, sdl.lines.of(&field.name), reason));
    }
    (actions, sdl.types, sdl.lines)
}

/// Holds the names under custom_types against what the SDL declares.
fn list_types(reader: &mut Reader<'_>, sdl: &mut Sdl, types: RawTypes) {
    for (kind, names) in [
        ("enums", types.enums),
        ("input_objects", types.input_objects),
        ("objects", types.objects),
        ("scalars", types.scalars),
    ] {
        for raw in names {
            let path = ["custom_types", kind, &raw.name];
            match sdl.types.get(&raw.name).map(CustomType::list) {
                None => {
                    let reason = format!("custom type {} is not present in {SDL_FILE}", raw.name);
                    reader.add(reader.problem_in(FILE, &path, reason));
                }
                Some(list) if list != kind => {
                    let reason = format!("{SDL_FILE} declares {} as one of the {list}", raw.name);
                    reader.add(reader.problem_in(FILE, &path, reason));
                }
                Some(_) => {}
            }
            sdl.types.describe(&raw.name, raw.description);
        }
    }
}

fn join(reader: &mut Reader<'_>, sdl: &mut Sdl, raw: RawAction) -> Option<Action> {
    let name = raw.name;
    // Taken out, so that what remains is what the YAML forgot.
    let here = ["actions", name.as_str()];
    let Some(position) = sdl.position(&name) else {
        let reason = format!("action {name} is not present in {SDL_FILE}");
        reader.add(reader.problem_in(FILE, &here, reason));
        return None;
    };
    let (kind, field) = sdl.actions.remove(position);
    match raw.definition.kind.as_deref() {
        None | Some("" | "synchronous") => {}
        Some("asynchronous") => {
            let reason = format!("action {name}: asynchronous actions are not supported by the local engine");
            let problem = reader.problem_in(FILE, &[&here[..], &["definition", "kind"]].concat(), reason);
            reader.add(problem.into_not_checked());
            return None;
        }
        Some(other) => {
            let reason = format!("action {name}: kind {other} is not known");
            let problem = reader.problem_in(FILE, &[&here[..], &["definition", "kind"]].concat(), reason);
            reader.add(problem);
        }
    }
    if field
        .arguments
        .iter()
        .any(|argument| argument.default_value.is_some())
    {
        let reason = format!("action {name}: default values are not supported by the local engine");
        reader.add(Problem::on_line(SDL_FILE, sdl.lines.of(&name), reason).into_not_checked());
    }
    let ignored = raw.definition.ignored_client_headers;
    if ignored.is_some_and(|names| !are_ignored_by_default(names.iter().map(String::as_str))) {
        let reason = format!("action {name}: ignored_client_headers is not supported by the local engine");
        let problem = reader.problem_in(
            FILE,
            &[&here[..], &["definition", "ignored_client_headers"]].concat(),
            reason,
        );
        reader.add(problem.into_not_checked());
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
    let here = ["actions", action, "definition", "headers", &raw.name];
    let value = match (raw.value, raw.value_from_env) {
        (Some(text), None) => HeaderValue::Literal(text),
        (None, Some(variable)) if variable.starts_with("HASURA_GRAPHQL_") => {
            let reason = "env variables start with \"HASURA_GRAPHQL_\" are not allowed for value_from_env";
            let problem = reader.problem_in(FILE, &here, format!("action {action}: {reason}"));
            reader.add(problem);
            return None;
        }
        (None, Some(variable)) => HeaderValue::FromEnv(variable),
        _ => {
            let reason = format!(
                "action {action}: header {}: expecting value or value_from_env keys",
                raw.name
            );
            reader.add(reader.problem_in(FILE, &here, reason));
            return None;
        }
    };
    Some(Header {
        name: raw.name,
        value,
    })
}
