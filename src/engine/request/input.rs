//! Arguments: literals and variables, checked against the type that is expected, as JSON.
//!
//! What is left out stays out, what is null stays null: an action's handler is told the
//! difference. The messages are those of Hasura's schema parsers.

use apollo_compiler::Schema;
use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Number, Value};

use super::variables::{Bound, Variable};
use super::{Variables, column};
use crate::engine::aeson;
use crate::engine::fault::{Fault, Path};

/// Checks values against types.
#[derive(Clone, Copy)]
pub(crate) struct Coercion<'s> {
    pub(crate) schema: &'s Schema,
    pub(crate) variables: &'s Variables,
    /// Whether the value meets a column of a table.
    pub(crate) column: bool,
}

/// A value as it was written: in the query text or in the JSON variables.
#[derive(Clone, Copy)]
enum Input<'v> {
    Literal(&'v Literal),
    Json(&'v Value),
}

/// Operators whose operand has a type of its own.
const NOT_OF_COLUMN: [&str; 4] = ["_is_null", "_has_key", "_has_keys_all", "_has_keys_any"];

static NULL: Literal = Literal::Null;

impl Coercion<'_> {
    /// A literal of the query, for a place of the given type.
    pub(crate) fn literal(&self, ty: &Type, literal: &Literal, path: Path<'_>) -> Result<Value, Fault> {
        self.coerce(ty, Input::Literal(literal), path)
    }

    fn coerce(&self, ty: &Type, input: Input<'_>, path: Path<'_>) -> Result<Value, Fault> {
        let input = match input {
            Input::Literal(Literal::Variable(name)) => {
                let variable = self.variables.get(name).expect("bound before the walk");
                if !usable(ty, variable) {
                    return Err(Fault::validation(format!(
                        "variable '{name}' is declared as '{}', but used where '{ty}' is expected",
                        variable.ty
                    ))
                    .at(path));
                }
                match &variable.value {
                    Bound::Json(value) => Input::Json(value),
                    Bound::Default(literal) => Input::Literal(literal),
                    Bound::Absent => Input::Literal(&NULL),
                }
            }
            other => other,
        };
        if is_null(input) && !ty.is_non_null() {
            return Ok(Value::Null);
        }
        match ty {
            Type::List(item) | Type::NonNullList(item) => self.list(item, input, path),
            Type::Named(name) | Type::NonNullNamed(name) => self.named(name, input, path),
        }
    }

    fn list(&self, item: &Type, input: Input<'_>, path: Path<'_>) -> Result<Value, Fault> {
        let items: Vec<Input<'_>> = match input {
            _ if is_null(input) => return Err(Fault::validation("expected a list, but found null").at(path)),
            Input::Literal(Literal::List(items)) => items.iter().map(|item| Input::Literal(item)).collect(),
            Input::Json(Value::Array(items)) => items.iter().map(Input::Json).collect(),
            // A single value stands for a list of one.
            other => vec![other],
        };
        let coerced: Result<Vec<Value>, Fault> = items
            .into_iter()
            .enumerate()
            .map(|(index, input)| self.coerce(item, input, path.index(index)))
            .collect();
        Ok(Value::Array(coerced?))
    }

    fn named(&self, name: &str, input: Input<'_>, path: Path<'_>) -> Result<Value, Fault> {
        match self.schema.types.get(name) {
            Some(ExtendedType::InputObject(object)) => {
                let fields: Vec<(&str, Input<'_>)> = match input {
                    Input::Literal(Literal::Object(fields)) => fields
                        .iter()
                        .map(|(key, value)| (key.as_str(), Input::Literal(value)))
                        .collect(),
                    Input::Json(Value::Object(fields)) => fields
                        .iter()
                        .map(|(key, value)| (key.as_str(), Input::Json(value)))
                        .collect(),
                    other => return Err(mismatch(name, "an object", other, path)),
                };
                if let Some((stranger, _)) = fields.iter().find(|(key, _)| !object.fields.contains_key(*key))
                {
                    return Err(
                        Fault::validation(format!("field '{stranger}' not found in type: '{name}'"))
                            .at(path.key(stranger)),
                    );
                }
                let mut coerced = Map::new();
                for (key, definition) in &object.fields {
                    let here = path.key(key);
                    let column = name.ends_with("_comparison_exp") && !NOT_OF_COLUMN.contains(&key.as_str());
                    let this = Self { column, ..*self };
                    match fields.iter().rev().find(|(found, _)| *found == key.as_str()) {
                        Some((_, input)) if self.is_absent(*input) && !definition.ty.is_non_null() => {
                            this.coerce(&definition.ty, *input, here)?;
                        }
                        Some((_, input)) => {
                            coerced.insert(key.to_string(), this.coerce(&definition.ty, *input, here)?);
                        }
                        None if definition.ty.is_non_null() => {
                            return Err(Fault::validation(format!("missing required field '{key}'")).at(here));
                        }
                        None => {}
                    }
                }
                Ok(Value::Object(coerced))
            }
            Some(ExtendedType::Enum(one)) => {
                let chosen = match input {
                    Input::Literal(Literal::Enum(value)) => value.as_str(),
                    Input::Json(Value::String(value)) => value.as_str(),
                    other => return Err(mismatch(name, "an enum value", other, path)),
                };
                if !one.values.contains_key(chosen) {
                    let known: Vec<String> = one.values.keys().map(|value| format!("'{value}'")).collect();
                    return Err(Fault::validation(format!(
                        "expected one of the values [{}] for type '{name}', but found '{chosen}'",
                        known.join(", ")
                    ))
                    .at(path));
                }
                Ok(chosen.into())
            }
            _ => self.scalar(name, input, path),
        }
    }

    fn scalar(&self, name: &str, input: Input<'_>, path: Path<'_>) -> Result<Value, Fault> {
        if self.column && !is_null(input) {
            let value = match input {
                Input::Literal(literal) => literal_to_json(literal, self.variables),
                Input::Json(value) => value.clone(),
            };
            column::check(name, &value, path)?;
            // As it was written, since a number of PostgreSQL may have more digits than one here.
            return Ok(match input {
                Input::Literal(Literal::Int(text)) if !is_json(name) => text.as_str().into(),
                Input::Literal(Literal::Float(text)) if !is_json(name) => text.as_str().into(),
                _ => value,
            });
        }
        let coerced = match (name, input) {
            ("String", Input::Literal(Literal::String(text))) => Value::String(text.clone()),
            ("String", Input::Json(Value::String(text))) => Value::String(text.clone()),
            ("Boolean", Input::Literal(Literal::Boolean(value))) => Value::Bool(*value),
            ("Boolean", Input::Json(Value::Bool(value))) => Value::Bool(*value),
            ("Int", Input::Literal(Literal::Int(text))) => integer(text.as_str(), path)?,
            ("Int", Input::Json(Value::Number(number))) => integer(&number.to_string(), path)?,
            ("Float", Input::Literal(Literal::Int(text))) => float(text.as_str(), path)?,
            ("Float", Input::Literal(Literal::Float(text))) => float(text.as_str(), path)?,
            ("Float", Input::Json(Value::Number(number))) => Value::Number(number.clone()),
            ("ID", Input::Literal(Literal::String(text))) => Value::String(text.clone()),
            ("ID", Input::Literal(Literal::Int(text))) => Value::String(text.as_str().to_owned()),
            ("ID", Input::Json(Value::String(text))) => Value::String(text.clone()),
            ("ID", Input::Json(Value::Number(number))) => {
                Value::String(integer(&number.to_string(), path)?.to_string())
            }
            _ if self.column => return Err(unexpected_null(name, path)),
            ("String", other) => return Err(mismatch(name, "a string", other, path)),
            ("Boolean", other) => return Err(mismatch(name, "a boolean", other, path)),
            ("Int", other) => return Err(mismatch(name, "a 32-bit integer", other, path)),
            ("Float", other) => return Err(mismatch(name, "a float", other, path)),
            ("ID", other) => return Err(mismatch(name, "a String or a 32-bit integer", other, path)),
            // A custom scalar takes anything but null.
            (_, input) if is_null(input) => {
                return Err(unexpected_null(name, path));
            }
            (_, Input::Literal(literal)) => literal_to_json(literal, self.variables),
            (_, Input::Json(value)) => value.clone(),
        };
        Ok(coerced)
    }

    /// A variable that was declared and never given a value counts as left out.
    fn is_absent(&self, input: Input<'_>) -> bool {
        matches!(input, Input::Literal(Literal::Variable(name))
            if matches!(self.variables.get(name), Some(Variable { value: Bound::Absent, .. })))
    }

    /// The same for an argument.
    pub(super) fn is_left_out(&self, literal: &Literal) -> bool {
        self.is_absent(Input::Literal(literal))
    }
}

/// A literal as JSON, whatever its type; variables inside it are replaced.
pub(super) fn literal_to_json(literal: &Literal, variables: &Variables) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Enum(name) => name.as_str().into(),
        Literal::Variable(name) => variables.json(name).unwrap_or(Value::Null),
        Literal::String(text) => text.as_str().into(),
        Literal::Boolean(value) => (*value).into(),
        Literal::Int(number) => number
            .as_str()
            .parse::<Number>()
            .map_or(Value::Null, Value::Number),
        Literal::Float(number) => number
            .as_str()
            .parse::<Number>()
            .map_or(Value::Null, Value::Number),
        Literal::List(items) => items
            .iter()
            .map(|item| literal_to_json(item, variables))
            .collect(),
        Literal::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.to_string(), literal_to_json(value, variables)))
                .collect(),
        ),
    }
}

fn is_json(scalar: &str) -> bool {
    scalar == "json" || scalar == "jsonb"
}

fn is_null(input: Input<'_>) -> bool {
    matches!(input, Input::Literal(Literal::Null) | Input::Json(Value::Null))
}

fn unexpected_null(name: &str, path: Path<'_>) -> Fault {
    Fault::validation(format!("unexpected null value for type '{name}'")).at(path)
}

fn integer(text: &str, path: Path<'_>) -> Result<Value, Fault> {
    let number = text
        .parse::<Number>()
        .ok()
        .and_then(|number| column::whole(&number));
    number
        .and_then(|number| i32::try_from(number).ok())
        .map(Value::from)
        .ok_or_else(|| column::out_of_bounds(text, path))
}

fn float(text: &str, path: Path<'_>) -> Result<Value, Fault> {
    text.parse::<Number>()
        .ok()
        .filter(|number| number.as_f64().is_some_and(f64::is_finite))
        .map(Value::Number)
        .ok_or_else(|| {
            let message = format!(
                "The value {} lies outside the bounds. Is it overflowing the float bounds?",
                aeson::scientific(text)
            );
            Fault::new(400, "parse-failed", message).at(path)
        })
}

fn mismatch(name: &str, expected: &str, found: Input<'_>, path: Path<'_>) -> Fault {
    let found = match found {
        Input::Json(Value::Null) | Input::Literal(Literal::Null) => "null",
        Input::Json(Value::Bool(_)) | Input::Literal(Literal::Boolean(_)) => "a boolean",
        Input::Json(Value::String(_)) | Input::Literal(Literal::String(_)) => "a string",
        Input::Json(Value::Number(_)) => "a number",
        Input::Json(Value::Array(_)) | Input::Literal(Literal::List(_)) => "a list",
        Input::Json(Value::Object(_)) | Input::Literal(Literal::Object(_)) => "an object",
        Input::Literal(Literal::Int(_)) => "an integer",
        Input::Literal(Literal::Float(_)) => "a float",
        Input::Literal(Literal::Enum(_)) => "an enum value",
        Input::Literal(Literal::Variable(_)) => "a variable",
    };
    Fault::validation(format!(
        "expected {expected} for type '{name}', but found {found}"
    ))
    .at(path)
}

/// The specification's rule that a variable's type fits the place where it is used.
fn usable(place: &Type, variable: &Variable) -> bool {
    let declared = &variable.ty;
    if place.is_non_null() && !declared.is_non_null() && !variable.has_default {
        return false;
    }
    let place = place.clone().nullable();
    compatible(&place, declared)
}

fn compatible(place: &Type, declared: &Type) -> bool {
    if place.is_non_null() && !declared.is_non_null() {
        return false;
    }
    match (place, declared) {
        (Type::List(a) | Type::NonNullList(a), Type::List(b) | Type::NonNullList(b)) => compatible(a, b),
        (Type::Named(a) | Type::NonNullNamed(a), Type::Named(b) | Type::NonNullNamed(b)) => a == b,
        _ => false,
    }
}
