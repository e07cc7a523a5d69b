//! What an action's handler answered, checked against the declared output and cut to the selection.
//!
//! Only the top level is checked, as in Hasura: that declared non-null fields are there. The types of
//! scalars inside an object pass unseen.

use std::collections::BTreeMap;

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, ObjectType};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::engine::request::Field;

/// Checks a success body. `Err` is Hasura's message.
pub(super) fn check(schema: &Schema, ty: &Type, value: &Value) -> Result<(), String> {
    let name = ty.inner_named_type().as_str();
    let declared = schema.types.get(name);
    let built_in = ["Int", "Float", "String", "Boolean", "ID"].contains(&name);
    if !built_in && matches!(declared, Some(ExtendedType::Scalar(_))) {
        return Ok(());
    }
    match (value, ty) {
        (Value::Null, _) if ty.is_non_null() => Err("got null for the action webhook response".to_owned()),
        (Value::Null, _) => Ok(()),
        (Value::Array(items), Type::List(item) | Type::NonNullList(item)) => {
            items.iter().try_for_each(|one| check(schema, item, one))
        }
        (_, Type::List(_) | Type::NonNullList(_)) => {
            Err("expecting array for the action webhook response".to_owned())
        }
        (Value::Array(_), _) => Err(format!(
            "got array for the action webhook response, expecting {name}"
        )),
        (Value::Object(fields), _) => match declared {
            Some(ExtendedType::Object(object)) => check_object(object, fields),
            _ => Err(format!(
                "got object for the action webhook response, expecting {name}"
            )),
        },
        // A number is called a String too: Hasura's own slip.
        (Value::Number(_), _) if name == "Int" || name == "Float" => Ok(()),
        (Value::String(_), _) if name == "String" || name == "ID" => Ok(()),
        (Value::Bool(_), _) if name == "Boolean" => Ok(()),
        (Value::Bool(_), _) => Err(format!(
            "got scalar Boolean for the action webhook response, expecting {name}"
        )),
        _ => Err(format!(
            "got scalar String for the action webhook response, expecting {name}"
        )),
    }
}

fn check_object(object: &ObjectType, fields: &Map<String, Value>) -> Result<(), String> {
    for (name, declared) in &object.fields {
        if !declared.ty.is_non_null() {
            continue;
        }
        match fields.get(name.as_str()) {
            None => {
                return Err(format!(
                    "field \"{name}\" expected in webhook response, but not found"
                ));
            }
            Some(Value::Null) => return Err(format!("expecting not null value for field \"{name}\"")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The selected part of a body that was checked. A nullable field that the handler left out is null.
///
/// What is not cut is passed on as it was written, so that no number loses a digit.
pub(super) fn project(selection: &[Field], body: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
    let text = body.get();
    if text.starts_with('[') {
        let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
        let items: Result<Vec<_>, _> = items.iter().map(|item| project(selection, item)).collect();
        return to_raw_value(&items?);
    }
    if !text.starts_with('{') || selection.is_empty() {
        return Ok(body.to_owned());
    }
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
    let mut selected = Selected(Vec::with_capacity(selection.len()));
    for field in selection {
        let value = if field.is_typename() {
            to_raw_value(&field.parent)?
        } else {
            match fields.get(&field.name) {
                Some(value) if field.selection.is_empty() => value.clone(),
                Some(value) => project(&field.selection, value)?,
                None => to_raw_value(&())?,
            }
        };
        selected.0.push((&field.key, value));
    }
    to_raw_value(&selected)
}

/// An object in the order of the selection.
struct Selected<'s>(Vec<(&'s str, Box<RawValue>)>);

impl Serialize for Selected<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;
    use serde_json::json;

    use super::*;

    fn checked(output: &str, value: Value) -> Result<(), String> {
        let schema = Schema::parse_and_validate(
            "type Query { a: UserId b: Any } scalar Any
             type UserId { id: Int! name: String }",
            "schema",
        )
        .unwrap();
        let ty = Parser::new().parse_type(output, "type").unwrap();
        check(&schema, &ty, &value)
    }

    #[test]
    fn mismatches_are_worded_as_in_hasura() {
        for (output, value, message) in [
            (
                "[UserId]",
                json!({"id": 1}),
                "expecting array for the action webhook response",
            ), // list_expected_got_object
            (
                "UserId",
                json!([{"id": 1}]),
                "got array for the action webhook response, expecting UserId",
            ),
            (
                "UserId",
                json!("some-string"),
                "got scalar String for the action webhook response, expecting UserId",
            ),
            (
                "UserId",
                json!(5),
                "got scalar String for the action webhook response, expecting UserId",
            ),
            (
                "UserId",
                json!(true),
                "got scalar Boolean for the action webhook response, expecting UserId",
            ),
            (
                "String!",
                json!({"id": 1}),
                "got object for the action webhook response, expecting String",
            ),
            (
                "[Int]!",
                json!(["foo", null]),
                "got scalar String for the action webhook response, expecting Int",
            ),
            (
                "[String!]!",
                json!(["foo", null]),
                "got null for the action webhook response",
            ),
            ("UserId!", json!(null), "got null for the action webhook response"),
            (
                "UserId",
                json!({"id": null}),
                "expecting not null value for field \"id\"",
            ), // nonnull_field_null
            (
                "UserId",
                json!({}),
                "field \"id\" expected in webhook response, but not found",
            ),
        ] {
            assert_eq!(checked(output, value), Err(message.to_owned()), "{output}");
        }
    }

    #[test]
    fn what_hasura_lets_pass_passes() {
        for (output, value) in [
            ("UserId", json!(null)),                      // nullable_output_null_body
            ("UserId", json!({"id": "abc", "extra": 1})), // scalar_types_inside_object_not_checked
            ("[String]!", json!(["foo", "bar", null])),   // scalar_array_output_nullable_items
            ("Any!", json!({"foo": "bar"})),              // pg_json_scalar_output_without_subselection
            ("Any", json!([1, "x"])),
            ("ID", json!("x")),
            ("Float", json!(1)),
        ] {
            assert_eq!(checked(output, value), Ok(()), "{output}");
        }
    }
}
