//! The selection: fragments flattened, @include and @skip applied, equal fields merged, every field
//! looked up in the role's schema.

use std::cell::Cell;
use std::collections::BTreeSet;

use apollo_compiler::Node;
use apollo_compiler::Schema;
use apollo_compiler::ast::{self, Directive, FieldDefinition, Selection, Type};
use apollo_compiler::name;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

use super::{Coercion, Document, Variables};
use crate::engine::fault::{Fault, Path};

/// A selected field, checked.
#[derive(Debug)]
pub(crate) struct Field {
    /// The key in the reply.
    pub(crate) key: String,
    pub(crate) name: String,
    /// The type it stands in, which is what `__typename` answers.
    pub(crate) parent: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) selection: Vec<Field>,
}

impl Field {
    pub(crate) fn is_typename(&self) -> bool {
        self.name == "__typename"
    }
}

/// One walk over one operation.
pub(crate) struct Walk<'r> {
    document: &'r Document,
    schema: &'r Schema,
    variables: &'r Variables,
    left: Cell<usize>,
}

/// How many fields a request may have when its fragments are written out. Hasura has no such limit;
/// here a short text must not be able to take all memory.
const FIELDS: usize = 100_000;

impl<'r> Walk<'r> {
    pub(crate) fn new(document: &'r Document, schema: &'r Schema, variables: &'r Variables) -> Self {
        Self {
            document,
            schema,
            variables,
            left: Cell::new(FIELDS),
        }
    }
    /// The fields of a selection on an object type.
    pub(crate) fn fields(
        &self,
        parent: &str,
        selections: &[Selection],
        path: Path<'_>,
    ) -> Result<Vec<Field>, Fault> {
        let path = path.key("selectionSet");
        if selections.is_empty() {
            return Err(Fault::validation(format!("missing selection set for '{parent}'")).at(path));
        }
        let mut collected = Vec::new();
        self.collect(parent, selections, path, &mut BTreeSet::new(), &mut collected)?;
        collected
            .into_iter()
            .map(|written| self.field(parent, written, path))
            .collect()
    }

    fn field(&self, parent: &str, written: Node<ast::Field>, path: Path<'_>) -> Result<Field, Fault> {
        let left = self.left.get().checked_sub(1);
        self.left.set(
            left.ok_or_else(|| Fault::not_supported(format_args!("requests of more than {FIELDS} fields")))?,
        );
        for directive in &written.directives.0 {
            if !["include", "skip"].contains(&directive.name.as_str()) {
                return Err(match directive.name.as_str() {
                    "cached" => Fault::validation("directive 'cached' is not allowed on a field"),
                    other => Fault::validation(format!("directive '{other}' is not defined in the schema")),
                }
                .at(path));
            }
        }
        let name = written.name.clone();
        let key = written.alias.as_ref().unwrap_or(&name).to_string();
        let mut field = Field {
            key,
            name: name.to_string(),
            parent: parent.to_owned(),
            arguments: Map::new(),
            selection: Vec::new(),
        };
        if field.is_typename() {
            return Ok(field);
        }
        let path = path.key(&name);
        let definition = self.definition(parent, &name).ok_or_else(|| {
            Fault::validation(format!("field '{name}' not found in type: '{parent}'")).at(path)
        })?;
        let inner = definition.ty.inner_named_type();
        let is_object = matches!(self.schema.types.get(inner), Some(ExtendedType::Object(_)));
        if !is_object && !written.selection_set.is_empty() {
            return Err(Fault::validation("unexpected subselection set for non-object field").at(path));
        }
        field.arguments = self.arguments(&written, definition, path)?;
        if is_object {
            field.selection = self.fields(inner, &written.selection_set, path)?;
        }
        Ok(field)
    }

    fn definition(&self, parent: &str, name: &str) -> Option<&FieldDefinition> {
        self.schema
            .type_field(parent, name)
            .ok()
            .map(|component| component.node.as_ref())
    }

    fn arguments(
        &self,
        written: &ast::Field,
        definition: &FieldDefinition,
        path: Path<'_>,
    ) -> Result<Map<String, Value>, Fault> {
        for argument in &written.arguments {
            if definition.argument_by_name(&argument.name).is_none() {
                return Err(Fault::validation(format!(
                    "'{}' has no argument named '{}'",
                    written.name, argument.name
                ))
                .at(path));
            }
        }
        let coercion = Coercion {
            schema: self.schema,
            variables: self.variables,
        };
        let path = path.key("args");
        let mut coerced = Map::new();
        for expected in &definition.arguments {
            let here = path.key(&expected.name);
            match argument(written, &expected.name) {
                Some(literal) => {
                    let value = coercion.literal(&expected.ty, literal, here)?;
                    if !(value.is_null() && coercion.is_left_out(literal)) {
                        coerced.insert(expected.name.to_string(), value);
                    }
                }
                None if expected.ty.is_non_null() && expected.default_value.is_none() => {
                    return Err(
                        Fault::validation(format!("missing required field '{}'", expected.name)).at(here),
                    );
                }
                None => {}
            }
        }
        Ok(coerced)
    }

    fn collect(
        &self,
        parent: &str,
        selections: &[Selection],
        path: Path<'_>,
        visited: &mut BTreeSet<String>,
        collected: &mut Vec<Node<ast::Field>>,
    ) -> Result<(), Fault> {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    if self.included(&field.directives.0, path)? {
                        merge(collected, field, path)?;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let applies = fragment
                        .type_condition
                        .as_ref()
                        .is_none_or(|condition| condition == parent);
                    if self.included(&fragment.directives.0, path)? && applies {
                        self.collect(parent, &fragment.selection_set, path, visited, collected)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let fragment = self.document.fragment(name).ok_or_else(|| {
                        Fault::validation(format!("reference to undefined fragment \"{name}\"")).at(path)
                    })?;
                    // Once is enough, and keeps a bomb of nested fragments small.
                    if self.included(&spread.directives.0, path)?
                        && fragment.type_condition == parent
                        && visited.insert(name.to_owned())
                    {
                        self.collect(parent, &fragment.selection_set, path, visited, collected)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn included(&self, directives: &[Node<Directive>], path: Path<'_>) -> Result<bool, Fault> {
        let repeated = directives.iter().enumerate().find(|(index, one)| {
            directives[..*index]
                .iter()
                .any(|earlier| earlier.name == one.name)
        });
        if let Some((_, directive)) = repeated {
            return Err(Fault::validation(format!(
                "the following directives are used more than once: '{}'",
                directive.name
            ))
            .at(path));
        }
        let mut included = true;
        for directive in directives {
            let wanted = match directive.name.as_str() {
                "include" => true,
                "skip" => false,
                _ => continue,
            };
            let condition = directive.specified_argument_by_name("if").ok_or_else(|| {
                Fault::validation(format!(
                    "missing 'if' argument for '{}' directive",
                    directive.name
                ))
                .at(path)
            })?;
            let coercion = Coercion {
                schema: self.schema,
                variables: self.variables,
            };
            let value = coercion.literal(&Type::NonNullNamed(name!("Boolean")), condition, path)?;
            included &= value == Value::Bool(wanted);
        }
        Ok(included)
    }
}

fn argument<'f>(field: &'f ast::Field, name: &str) -> Option<&'f Node<ast::Value>> {
    field
        .arguments
        .iter()
        .find(|argument| argument.name == name)
        .map(|argument| &argument.value)
}

/// Adds a field, or merges it into one with the same key.
fn merge(
    collected: &mut Vec<Node<ast::Field>>,
    field: &Node<ast::Field>,
    path: Path<'_>,
) -> Result<(), Fault> {
    let key = |field: &ast::Field| field.alias.clone().unwrap_or_else(|| field.name.clone());
    let Some(earlier) = collected.iter_mut().find(|earlier| key(earlier) == key(field)) else {
        collected.push(field.clone());
        return Ok(());
    };
    if earlier.name != field.name {
        return Err(Fault::validation(format!(
            "selection of both '{}' and '{}' specify the same response name, '{}'",
            earlier.name,
            field.name,
            key(field)
        ))
        .at(path));
    }
    let same_arguments = earlier.arguments.len() == field.arguments.len()
        && earlier
            .arguments
            .iter()
            .all(|one| argument(field, &one.name) == Some(&one.value));
    if !same_arguments {
        return Err(Fault::validation(format!(
            "inconsistent arguments between multiple selections of field '{}'",
            field.name
        ))
        .at(path));
    }
    earlier
        .make_mut()
        .selection_set
        .extend(field.selection_set.iter().cloned());
    Ok(())
}
