//! What an action's handler answered, checked against the declared output and cut to the selection.
//!
//! Only the top level is checked, as in Hasura: that declared non-null fields are there. The types of
//! scalars inside an object pass unseen.

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, ObjectType};
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

/// The selected part. A nullable field that the handler left out is null.
pub(super) fn project(selection: &[Field], value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| project(selection, item)).collect(),
        Value::Object(fields) if !selection.is_empty() => {
            let selected = selection.iter().map(|field| {
                let value = if field.is_typename() {
                    field.parent.as_str().into()
                } else {
                    let value = fields.get(&field.name).cloned().unwrap_or(Value::Null);
                    project(&field.selection, value)
                };
                (field.key.clone(), value)
            });
            Value::Object(selected.collect())
        }
        other => other,
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
