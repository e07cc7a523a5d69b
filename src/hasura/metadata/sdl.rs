//! actions.graphql: the signatures of the actions and the fields of the custom types.
//!
//! The types it refers to are not looked up here; a database's scalars count as well, and only
//! the schema builder knows them.

use std::collections::BTreeMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{
    Definition, Document, EnumTypeDefinition, FieldDefinition, InputObjectTypeDefinition,
    ObjectTypeDefinition,
};
use apollo_compiler::validation::DiagnosticList;

use super::ActionKind;

/// A type that actions.graphql declares.
#[derive(Clone, Debug)]
pub enum CustomType {
    /// A scalar: any JSON value.
    Scalar,
    /// An enum.
    Enum(Node<EnumTypeDefinition>),
    /// An input object.
    Input(Node<InputObjectTypeDefinition>),
    /// An output object.
    Object(Node<ObjectTypeDefinition>),
}

/// The declared types, by name, each with its description.
#[derive(Debug, Default)]
pub struct CustomTypes(BTreeMap<String, (CustomType, Option<String>)>);

impl CustomTypes {
    /// A declared type.
    pub fn get(&self, name: &str) -> Option<&CustomType> {
        self.0.get(name).map(|(declared, _)| declared)
    }

    /// Every declared type with its name and description.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CustomType, Option<&str>)> {
        self.0
            .iter()
            .map(|(name, (declared, text))| (name.as_str(), declared, text.as_deref()))
    }

    pub(super) fn describe(&mut self, name: &str, description: Option<String>) {
        if let (Some(entry), Some(text)) = (self.0.get_mut(name), description) {
            entry.1 = Some(text);
        }
    }
}

/// What actions.graphql says.
#[derive(Default)]
pub(super) struct Sdl {
    pub(super) actions: BTreeMap<String, (ActionKind, Node<FieldDefinition>)>,
    pub(super) types: CustomTypes,
}

/// Complaints of the parser that are told.
const COMPLAINTS: usize = 3;
/// Characters of each.
const COMPLAINT: usize = 200;

/// A parser that has lost its way complains of every word from there on, and prints the line each time: a slip in a
/// file would be ten times the file. The first complaints tell where it was.
fn complaints(all: &DiagnosticList) -> Vec<String> {
    let told = all.iter().take(COMPLAINTS).map(|one| {
        let error = one.to_json();
        let place = error.locations.first();
        let (line, column) = place.map_or((0, 0), |place| (place.line, place.column));
        let text: String = error.message.chars().take(COMPLAINT).collect();
        format!("line {line}, column {column}: {text}")
    });
    told.collect()
}

pub(super) fn read(text: &str) -> Result<Sdl, Vec<String>> {
    if text.trim().is_empty() {
        return Ok(Sdl::default());
    }
    let document = Document::parse(text, "actions.graphql").map_err(|broken| complaints(&broken.errors))?;
    let mut sdl = Sdl::default();
    let mut problems = Vec::new();
    for definition in &document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(object) if kind(&object.name).is_some() => {
                sdl.add_actions(&object.name, &object.fields);
            }
            Definition::ObjectTypeExtension(object) if kind(&object.name).is_some() => {
                sdl.add_actions(&object.name, &object.fields);
            }
            Definition::ScalarTypeDefinition(scalar) => {
                sdl.add(&scalar.name, CustomType::Scalar, scalar.description.as_deref());
            }
            Definition::EnumTypeDefinition(one) => {
                sdl.add(
                    &one.name,
                    CustomType::Enum(one.clone()),
                    one.description.as_deref(),
                );
            }
            Definition::InputObjectTypeDefinition(one) => {
                if one.fields.iter().any(|field| field.default_value.is_some()) {
                    problems.push(format!("default values in {} are not supported", one.name));
                }
                sdl.add(
                    &one.name,
                    CustomType::Input(one.clone()),
                    one.description.as_deref(),
                );
            }
            Definition::ObjectTypeDefinition(one) => {
                sdl.add(
                    &one.name,
                    CustomType::Object(one.clone()),
                    one.description.as_deref(),
                );
            }
            other => problems.push(format!(
                "a definition of this kind is not supported: {}",
                first_line(other)
            )),
        }
    }
    if problems.is_empty() {
        Ok(sdl)
    } else {
        Err(problems)
    }
}

fn kind(name: &str) -> Option<ActionKind> {
    match name {
        "Query" => Some(ActionKind::Query),
        "Mutation" => Some(ActionKind::Mutation),
        _ => None,
    }
}

fn first_line(definition: &Definition) -> String {
    definition
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

impl Sdl {
    fn add_actions(&mut self, root: &str, fields: &[Node<FieldDefinition>]) {
        let kind = kind(root).expect("asked before");
        for field in fields {
            self.actions.insert(field.name.to_string(), (kind, field.clone()));
        }
    }

    fn add(&mut self, name: &str, declared: CustomType, description: Option<&str>) {
        self.types
            .0
            .insert(name.to_owned(), (declared, description.map(str::to_owned)));
    }
}
