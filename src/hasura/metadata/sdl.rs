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

pub(super) fn read(text: &str) -> Result<Sdl, Vec<String>> {
    if text.trim().is_empty() {
        return Ok(Sdl::default());
    }
    let document = Document::parse(text, "actions.graphql")
        .map_err(|broken| vec![broken.errors.to_string().trim().to_owned()])?;
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
