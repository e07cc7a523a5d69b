//! `__schema` and `__type`, answered by the GraphQL library.
//!
//! It wants a valid document of its own. The field is checked and flattened already, so it is
//! written out again: no fragments, no variables, no directives.

use std::fmt::Write;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;

use super::{Answer, Runner};
use crate::engine::fault::Fault;
use crate::engine::request::Field;

impl Runner<'_> {
    pub(super) fn introspection(&self, field: &Field) -> Result<Answer, Fault> {
        let mut text = String::from("{ ");
        write_field(&mut text, field);
        text.push('}');
        let refused =
            |message: String| Fault::validation(message).at(format!("$.selectionSet.{}", field.name));
        let schema = &self.schema.schema;
        let document = ExecutableDocument::parse_and_validate(schema, text, "introspection")
            .map_err(|broken| refused(broken.errors.to_string()))?;
        let operation = document
            .operations
            .get(None)
            .map_err(|error| refused(error.message().to_string()))?;
        // Hasura has no such limit, but a small text must not make a reply without end.
        check_max_depth(&document, operation).map_err(|error| refused(error.message().to_string()))?;
        let no_variables = coerce_variable_values(schema, operation, &JsonMap::new())
            .map_err(|error| refused(error.message().to_string()))?;
        let reply = partial_execute(
            schema,
            &self.schema.implementers,
            &document,
            operation,
            &no_variables,
        )
        .map_err(|error| refused(error.message().to_string()))?;
        match reply.data.as_ref().and_then(|data| data.get(field.key.as_str())) {
            Some(value) => Ok(Answer::of(value)),
            None => Ok(Answer::of(&())),
        }
    }
}

fn write_field(text: &mut String, field: &Field) {
    let _ = write!(text, "{}: {}", field.key, field.name);
    if !field.arguments.is_empty() {
        // Strings and booleans are all that introspection takes; JSON writes them as GraphQL does.
        let arguments: Vec<String> = field
            .arguments
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let _ = write!(text, "({})", arguments.join(", "));
    }
    if !field.selection.is_empty() {
        text.push_str(" { ");
        field.selection.iter().for_each(|inner| write_field(text, inner));
        text.push('}');
    }
    text.push(' ');
}
