//! Variables: what the operation declares, bound to what the client sent.
//!
//! Types are not checked here: a value is looked at where it is used, because only there is it
//! known what it should be.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, OperationDefinition, Selection, Type, Value as Literal};
use serde_json::{Map, Value};

use super::Document;
use crate::engine::fault::Fault;

/// The bound variables of one request.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    bound: BTreeMap<String, Variable>,
    used: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) ty: Type,
    pub(super) value: Bound,
    /// Whether a default that is not null stands behind it.
    pub(super) has_default: bool,
}

#[derive(Debug)]
pub(super) enum Bound {
    Json(Value),
    Default(Node<Literal>),
    Absent,
}

impl Variables {
    pub(crate) fn bind(
        document: &Document,
        operation: &OperationDefinition,
        sent: &Map<String, Value>,
    ) -> Result<Self, Fault> {
        let mut variables = Self::default();
        for definition in &operation.variables {
            let name = definition.name.as_str();
            let nullable = !definition.ty.is_non_null();
            let value = match sent.get(name) {
                Some(Value::Null) if !nullable => {
                    return Err(Fault::validation(format!(
                        "null value found for non-nullable type: \"{}\"",
                        definition.ty
                    )));
                }
                Some(value) => Bound::Json(value.clone()),
                None => match &definition.default_value {
                    Some(default) => Bound::Default(default.clone()),
                    None if nullable => Bound::Absent,
                    None => {
                        return Err(Fault::validation(format!(
                            "expecting a value for non-nullable variable: \"{name}\""
                        )));
                    }
                },
            };
            let has_default = definition
                .default_value
                .as_ref()
                .is_some_and(|default| !default.is_null());
            let variable = Variable {
                ty: definition.ty.as_ref().clone(),
                value,
                has_default,
            };
            if variables.bound.insert(name.to_owned(), variable).is_some() {
                let message = format!("multiple definitions for variable \"{name}\"");
                return Err(Fault::new(400, "parse-failed", message));
            }
        }
        variables.find_uses(document, &operation.selection_set, &mut BTreeSet::new());
        if let Some(unbound) = variables
            .used
            .iter()
            .find(|name| !variables.bound.contains_key(*name))
        {
            return Err(Fault::validation(format!("unbound variable \"{unbound}\"")));
        }
        let unexpected: Vec<&str> = sent
            .keys()
            .map(String::as_str)
            .filter(|name| !variables.used.contains(*name))
            .collect();
        if !unexpected.is_empty() {
            return Err(Fault::validation(format!(
                "unexpected variables in variableValues: {}",
                unexpected.join(", ")
            )));
        }
        Ok(variables)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.bound.get(name)
    }

    /// The value of a variable, as JSON; `None` when nothing was sent and nothing is the default.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        match &self.bound.get(name)?.value {
            Bound::Json(value) => Some(value.clone()),
            Bound::Default(literal) => Some(super::input::literal_to_json(literal, self)),
            Bound::Absent => None,
        }
    }

    fn find_uses(&mut self, document: &Document, selections: &[Selection], seen: &mut BTreeSet<String>) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        self.find_in_value(&argument.value);
                    }
                    self.find_in_directives(&field.directives.0);
                    self.find_uses(document, &field.selection_set, seen);
                }
                Selection::InlineFragment(fragment) => {
                    self.find_in_directives(&fragment.directives.0);
                    self.find_uses(document, &fragment.selection_set, seen);
                }
                Selection::FragmentSpread(spread) => {
                    self.find_in_directives(&spread.directives.0);
                    if seen.insert(spread.fragment_name.to_string())
                        && let Some(fragment) = document.fragment(&spread.fragment_name)
                    {
                        self.find_uses(document, &fragment.selection_set, seen);
                    }
                }
            }
        }
    }

    fn find_in_directives(&mut self, directives: &[Node<Directive>]) {
        for argument in directives.iter().flat_map(|directive| &directive.arguments) {
            self.find_in_value(&argument.value);
        }
    }

    fn find_in_value(&mut self, value: &Literal) {
        match value {
            Literal::Variable(name) => {
                self.used.insert(name.to_string());
            }
            Literal::List(items) => items.iter().for_each(|item| self.find_in_value(item)),
            Literal::Object(fields) => fields.iter().for_each(|(_, field)| self.find_in_value(field)),
            _ => {}
        }
    }
}
