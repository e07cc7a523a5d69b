//! The text of a role's schema, in the schema language, from the parts it may see.
//!
//! The GraphQL library parses it again; a text is the one form in which it can be read and
//! compared with what a real Hasura prints. What tables add is in `sdl_tables` and `aggregates`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::actions::{BUILT_IN, ServedAction};
use crate::hasura::metadata::{ActionKind, CustomType, CustomTypes};

/// What the one field of an empty query root says, in its description and as its value.
pub(crate) const NO_QUERIES: &str = "There are no queries available to the current role. Either there are no sources \
     or remote schemas configured, or the current role doesn't have the required permissions.";

/// Hasura's community edition has it and caches nothing.
const CACHED: &str = "
\"whether this query should be cached (Hasura Cloud only)\"
directive @cached(
  \"measured in seconds\" ttl: Int! = 60
  \"refresh the cache entry\" refresh: Boolean! = false
) on QUERY
";

/// A schema text that grows.
pub(super) struct Sdl<'m> {
    types: &'m CustomTypes,
    /// The root fields by name: Hasura lists them so.
    query: BTreeMap<String, String>,
    mutation: BTreeMap<String, String>,
    rest: String,
    written: BTreeSet<String>,
}

impl<'m> Sdl<'m> {
    pub(super) fn new(types: &'m CustomTypes) -> Self {
        Self {
            types,
            query: BTreeMap::new(),
            mutation: BTreeMap::new(),
            rest: String::new(),
            written: BTreeSet::new(),
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.query.is_empty() {
            self.query_field("no_queries_available", NO_QUERIES, ": String!");
        }
        let fields = |all: &BTreeMap<String, String>| all.values().cloned().collect::<String>();
        let mut text = format!("{CACHED}schema {{ query: query_root");
        if !self.mutation.is_empty() {
            text.push_str(" mutation: mutation_root");
        }
        let _ = write!(text, " }}\ntype query_root {{\n{}}}\n", fields(&self.query));
        if !self.mutation.is_empty() {
            let _ = write!(
                text,
                "\"mutation root\"\ntype mutation_root {{\n{}}}\n",
                fields(&self.mutation)
            );
        }
        text.push_str(&self.rest);
        text
    }

    pub(super) fn action(&mut self, action: &ServedAction) {
        let action = &action.definition;
        let mut field = description(action.comment.as_deref());
        field.push_str(&action.name);
        if !action.arguments.is_empty() {
            let arguments: Vec<String> = action
                .arguments
                .iter()
                .map(|argument| format!("{}: {}", argument.name, argument.ty))
                .collect();
            let _ = write!(field, "({})", arguments.join(", "));
        }
        let _ = writeln!(field, ": {}", action.output_type);
        match action.kind {
            ActionKind::Query => self.query.insert(action.name.clone(), field),
            ActionKind::Mutation => self.mutation.insert(action.name.clone(), field),
        };
        self.custom_type(action.output_type.inner_named_type());
        for argument in &action.arguments {
            self.custom_type(argument.ty.inner_named_type());
        }
    }

    /// A type of actions.graphql with all it refers to; or a scalar of the database.
    pub(super) fn custom_type(&mut self, name: &str) {
        if BUILT_IN.contains(&name) || !self.written.insert(name.to_owned()) {
            return;
        }
        let text = self
            .types
            .iter()
            .find(|(one, ..)| *one == name)
            .and_then(|(.., text)| text);
        self.rest.push_str(&description(text));
        match self.types.get(name) {
            None | Some(CustomType::Scalar) => {
                let _ = writeln!(self.rest, "scalar {name}");
            }
            Some(CustomType::Enum(one)) => {
                let _ = writeln!(self.rest, "enum {name} {{");
                for value in &one.values {
                    let text = description(value.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}", value.value);
                }
                self.rest.push_str("}\n");
            }
            Some(CustomType::Input(object)) => {
                let _ = writeln!(self.rest, "input {name} {{");
                for field in &object.fields {
                    let text = description(field.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}: {}", field.name, field.ty);
                }
                self.rest.push_str("}\n");
                object
                    .fields
                    .iter()
                    .for_each(|field| self.custom_type(field.ty.inner_named_type()));
            }
            Some(CustomType::Object(object)) => {
                let _ = writeln!(self.rest, "type {name} {{");
                for field in &object.fields {
                    let text = description(field.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}: {}", field.name, field.ty);
                }
                self.rest.push_str("}\n");
                object
                    .fields
                    .iter()
                    .for_each(|field| self.custom_type(field.ty.inner_named_type()));
            }
        }
    }

    /// Whether nothing of this name was written yet; from now on it was.
    pub(super) fn is_new(&mut self, name: &str) -> bool {
        self.written.insert(name.to_owned())
    }

    /// Adds types.
    pub(super) fn write(&mut self, text: &str) {
        self.rest.push_str(text);
    }

    /// Adds a field of the query root: its name, what is said about it, its arguments and type.
    pub(super) fn query_field(&mut self, name: &str, told: &str, rest: &str) {
        let field = format!("{}{name}{rest}\n", description(Some(told)));
        self.query.insert(name.to_owned(), field);
    }
}

/// A description as the schema language writes it: its escapes are those of JSON.
pub(super) fn description(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("{}\n", serde_json::Value::from(text)))
}
