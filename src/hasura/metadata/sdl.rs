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
use apollo_compiler::parser::SourceMap;

use super::{ActionKind, Problem};

pub(super) const FILE: &str = "actions.graphql";

/// The lists under custom_types, in the CLI's order.
pub(crate) const KINDS: [&str; 4] = ["enums", "input_objects", "objects", "scalars"];

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

impl CustomType {
    /// The list under custom_types that it belongs to.
    pub(super) fn list(&self) -> &'static str {
        match self {
            Self::Scalar => "scalars",
            Self::Enum(_) => "enums",
            Self::Input(_) => "input_objects",
            Self::Object(_) => "objects",
        }
    }
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
    /// In their order.
    pub(super) actions: Vec<(ActionKind, Node<FieldDefinition>)>,
    pub(super) types: CustomTypes,
    pub(super) lines: Lines,
    problems: Vec<Problem>,
    sources: SourceMap,
}

/// Complaints of the parser that are told.
const COMPLAINTS: usize = 3;
/// Characters of each.
const COMPLAINT: usize = 200;

/// Where the names of actions.graphql stand.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Of actions and types.
    names: BTreeMap<String, u64>,
    /// Of what refers to a type, by who refers and the type.
    uses: BTreeMap<(String, String), u64>,
}

impl Lines {
    /// Where an action or a type is declared.
    pub(crate) fn of(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    /// Where an action or a type refers to a type.
    pub(crate) fn of_use(&self, owner: &str, used: &str) -> Option<u64> {
        self.uses.get(&(owner.to_owned(), used.to_owned())).copied()
    }
}

/// Reads the text; what is wrong with it comes beside what was understood.
pub(super) fn read(text: &str) -> (Sdl, Vec<Problem>) {
    let mut sdl = Sdl::default();
    if text.trim().is_empty() {
        return (sdl, Vec::new());
    }
    let document = match Document::parse(text, FILE) {
        Ok(document) => document,
        Err(broken) => {
            // A parser that has lost its way complains of every word from there on: a slip in a file would be ten
            // times the file. The first complaints tell where it was.
            let problems = broken.errors.iter().take(COMPLAINTS).map(|error| {
                let error = error.to_json();
                let line = error.locations.first().map(|at| at.line as u64);
                let reason: String = error.message.chars().take(COMPLAINT).collect();
                Problem::on_line(FILE, line, reason)
            });
            return (sdl, problems.collect());
        }
    };
    sdl.sources = document.sources.clone();
    for definition in &document.definitions {
        sdl.take(definition);
    }
    let problems = std::mem::take(&mut sdl.problems);
    (sdl, problems)
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
    /// Where an action stands in the list.
    pub(super) fn position(&self, action: &str) -> Option<usize> {
        self.actions.iter().position(|(_, field)| field.name == action)
    }

    fn take(&mut self, definition: &Definition) {
        match definition {
            Definition::ObjectTypeDefinition(object) if kind(&object.name).is_some() => {
                self.add_actions(&object.name, &object.fields);
            }
            Definition::ObjectTypeExtension(object) if kind(&object.name).is_some() => {
                self.add_actions(&object.name, &object.fields);
            }
            Definition::ScalarTypeDefinition(scalar) => {
                let line = self.line(scalar);
                self.add(
                    &scalar.name,
                    CustomType::Scalar,
                    scalar.description.as_deref(),
                    line,
                );
            }
            Definition::EnumTypeDefinition(one) => {
                let line = self.line(one);
                let text = one.description.as_deref();
                self.add(&one.name, CustomType::Enum(one.clone()), text, line);
            }
            Definition::InputObjectTypeDefinition(one) => {
                for field in &one.fields {
                    let line = self.line(field);
                    self.note_use(&one.name, field.ty.inner_named_type(), line);
                    if field.default_value.is_some() {
                        let reason = format!(
                            "default values in {} are not supported by the local engine",
                            one.name
                        );
                        self.problems
                            .push(Problem::on_line(FILE, line, reason).into_not_checked());
                    }
                }
                let (line, text) = (self.line(one), one.description.as_deref());
                self.add(&one.name, CustomType::Input(one.clone()), text, line);
            }
            Definition::ObjectTypeDefinition(one) => {
                for field in &one.fields {
                    self.note_use(&one.name, field.ty.inner_named_type(), self.line(field));
                }
                let (line, text) = (self.line(one), one.description.as_deref());
                self.add(&one.name, CustomType::Object(one.clone()), text, line);
            }
            other => {
                let line = other.location().and_then(|at| at.line_column(&self.sources));
                let reason = format!(
                    "a definition of this kind is not supported by the local engine: {}",
                    first_line(other)
                );
                let line = line.map(|at| at.line as u64);
                self.problems
                    .push(Problem::on_line(FILE, line, reason).into_not_checked());
            }
        }
    }

    fn add_actions(&mut self, root: &str, fields: &[Node<FieldDefinition>]) {
        let kind = kind(root).expect("asked before");
        for field in fields {
            let (name, line) = (field.name.as_str(), self.line(field));
            if self.position(name).is_some() {
                self.complain(line, format!("action {name} is declared twice"));
                continue;
            }
            for argument in &field.arguments {
                self.note_use(name, argument.ty.inner_named_type(), self.line(argument));
            }
            self.note_use(name, field.ty.inner_named_type(), line);
            self.lines.names.extend(line.map(|line| (name.to_owned(), line)));
            self.actions.push((kind, field.clone()));
        }
    }

    fn add(&mut self, name: &str, declared: CustomType, description: Option<&str>, line: Option<u64>) {
        if BUILT_IN.contains(&name) {
            self.complain(line, format!("type {name} is GraphQL's own"));
        }
        if self.types.get(name).is_some() {
            self.complain(line, format!("type {name} is declared twice"));
            return;
        }
        self.lines.names.extend(line.map(|line| (name.to_owned(), line)));
        self.types
            .0
            .insert(name.to_owned(), (declared, description.map(str::to_owned)));
    }

    fn line<T>(&self, node: &Node<T>) -> Option<u64> {
        let at = node.location()?.line_column(&self.sources)?;
        Some(at.line as u64)
    }

    fn note_use(&mut self, owner: &str, used: &str, line: Option<u64>) {
        if let Some(line) = line {
            let key = (owner.to_owned(), used.to_owned());
            self.lines.uses.entry(key).or_insert(line);
        }
    }

    fn complain(&mut self, line: Option<u64>, reason: String) {
        self.problems.push(Problem::on_line(FILE, line, reason));
    }
}

const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];
