//! Boolean expressions over a table's columns: row filters of permissions and `where` arguments.
//!
//! Both have the same shape and become the same predicate; what differs is who wrote them. A
//! filter may name session variables and is checked at the start; a `where` holds plain values and
//! was checked against the schema.

use serde_json::Value;

use super::tables::ServedTable;
use crate::engine::catalog::{Column, TableInfo};
use crate::engine::fault::{Fault, Path};
use crate::engine::session;

/// Which rows.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare(Comparison),
}

/// One column against one value.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) column: Column,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
}

/// What a column is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Value(Value),
    /// A session variable, by its lower-case name.
    Session(String),
}

/// How the operand of an operator is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A value of the column's type.
    One,
    /// A list of them.
    Many,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// True or false: is it null?
    Null,
}

/// A comparison operator: its GraphQL name, its SQL, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) shape: Shape,
}

const fn operator(name: &'static str, sql: &'static str, shape: Shape) -> Operator {
    Operator { name, sql, shape }
}

/// For every type, in the order of the schema.
const COMMON: [Operator; 9] = [
    operator("_eq", "=", Shape::One),
    operator("_gt", ">", Shape::One),
    operator("_gte", ">=", Shape::One),
    operator("_in", "= any", Shape::Many),
    operator("_is_null", "is null", Shape::Null),
    operator("_lt", "<", Shape::One),
    operator("_lte", "<=", Shape::One),
    operator("_neq", "<>", Shape::One),
    operator("_nin", "<> all", Shape::Many),
];

const TEXT: [Operator; 10] = [
    operator("_ilike", "ilike", Shape::One),
    operator("_iregex", "~*", Shape::One),
    operator("_like", "like", Shape::One),
    operator("_nilike", "not ilike", Shape::One),
    operator("_niregex", "!~*", Shape::One),
    operator("_nlike", "not like", Shape::One),
    operator("_nregex", "!~", Shape::One),
    operator("_nsimilar", "not similar to", Shape::One),
    operator("_regex", "~", Shape::One),
    operator("_similar", "similar to", Shape::One),
];

const JSONB: [Operator; 5] = [
    operator("_contained_in", "<@", Shape::One),
    operator("_contains", "@>", Shape::One),
    operator("_has_key", "?", Shape::Text),
    operator("_has_keys_all", "?&", Shape::Texts),
    operator("_has_keys_any", "?|", Shape::Texts),
];

/// The operators of a scalar.
pub(crate) fn operators(scalar: &str) -> impl Iterator<Item = &'static Operator> {
    let own: &[Operator] = match scalar {
        "String" | "bpchar" | "citext" | "name" => &TEXT,
        "jsonb" => &JSONB,
        _ => &[],
    };
    COMMON.iter().chain(own)
}

/// A `where` argument that fits the schema.
pub(crate) fn parse_where(table: &ServedTable, value: &Value, path: Path<'_>) -> Result<Predicate, Fault> {
    let Value::Object(fields) = value else {
        let message = format!(
            "expected an object for type '{}_bool_exp', but found null",
            table.graphql_name
        );
        return Err(Fault::validation(message).at(path));
    };
    let mut all = Vec::new();
    for (key, inner) in fields {
        let here = path.key(key);
        match key.as_str() {
            "_and" | "_or" => {
                let Value::Array(items) = inner else {
                    return Err(Fault::validation("expected a list, but found null").at(here));
                };
                let parsed: Result<Vec<_>, _> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| parse_where(table, item, here.index(index)))
                    .collect();
                all.push(if key == "_and" {
                    Predicate::And(parsed?)
                } else {
                    Predicate::Or(parsed?)
                });
            }
            "_not" => all.push(Predicate::Not(Box::new(parse_where(table, inner, here)?))),
            column => {
                let column = table.info.column(column).expect("the schema knows it");
                let Value::Object(comparisons) = inner else {
                    return Err(Fault::validation(format!(
                        "expected an object for type '{}_comparison_exp', but found null",
                        column.scalar
                    ))
                    .at(here));
                };
                for (name, operand) in comparisons {
                    let operator = *operators(&column.scalar)
                        .find(|one| one.name == name)
                        .expect("the schema knows it");
                    if operand.is_null() {
                        return Err(null_operand(column, operator).at(here.key(name)));
                    }
                    all.push(Predicate::Compare(Comparison {
                        column: column.clone(),
                        operator,
                        operand: Operand::Value(operand.clone()),
                    }));
                }
            }
        }
    }
    Ok(Predicate::And(all))
}

fn null_operand(column: &Column, operator: Operator) -> Fault {
    match operator.shape {
        Shape::Many | Shape::Texts => Fault::validation("expected a list, but found null"),
        Shape::Null => Fault::validation("expected a boolean for type 'Boolean', but found null"),
        Shape::Text => Fault::validation("unexpected null value for type 'String'"),
        Shape::One => Fault::validation(format!("unexpected null value for type '{}'", column.scalar)),
    }
}

/// A permission's filter. `Err` says what is wrong with it or not supported.
pub(super) fn parse_filter(table: &TableInfo, value: &Value) -> Result<Predicate, String> {
    let Value::Object(fields) = value else {
        return Err("a filter must be an object".to_owned());
    };
    let mut all = Vec::new();
    for (key, inner) in fields {
        match key.as_str() {
            "_and" | "$and" | "_or" | "$or" => {
                let items = inner.as_array().ok_or_else(|| format!("{key} must be a list"))?;
                let parsed: Result<Vec<_>, _> = items.iter().map(|item| parse_filter(table, item)).collect();
                all.push(if key.ends_with("and") {
                    Predicate::And(parsed?)
                } else {
                    Predicate::Or(parsed?)
                });
            }
            "_not" | "$not" => all.push(Predicate::Not(Box::new(parse_filter(table, inner)?))),
            "_exists" | "$exists" => return Err(format!("{key} is not supported by the local engine")),
            name => {
                let column = table
                    .column(name)
                    .ok_or_else(|| format!("\"{name}\" does not exist"))?;
                match inner {
                    Value::Object(comparisons) => {
                        for (name, operand) in comparisons {
                            all.push(Predicate::Compare(comparison(column, name, operand)?));
                        }
                    }
                    // The short form: a column and its value.
                    value => all.push(Predicate::Compare(comparison(column, "_eq", value)?)),
                }
            }
        }
    }
    Ok(Predicate::And(all))
}

fn comparison(column: &Column, name: &str, operand: &Value) -> Result<Comparison, String> {
    let canonical = match name {
        "_ne" | "$ne" | "$neq" => "_neq".to_owned(),
        other => other.replacen('$', "_", 1),
    };
    let operator = *operators(&column.scalar)
        .find(|one| one.name == canonical)
        .ok_or_else(|| {
            format!(
                "the operator {name} on column \"{}\" is not supported",
                column.name
            )
        })?;
    let operand = match operand {
        Value::String(text) if session::is_session_variable(text) => {
            Operand::Session(text.to_ascii_lowercase())
        }
        Value::Null => {
            return Err(format!(
                "the operator {name} on column \"{}\" compares with null",
                column.name
            ));
        }
        value => Operand::Value(value.clone()),
    };
    if let Operand::Value(value) = &operand {
        let fits = match operator.shape {
            Shape::Many | Shape::Texts => value.as_array().is_some_and(|items| {
                // A variable inside a list would have to be replaced there.
                !items
                    .iter()
                    .any(|item| item.as_str().is_some_and(session::is_session_variable))
            }),
            Shape::Null => value.is_boolean(),
            Shape::Text => value.is_string(),
            Shape::One => true,
        };
        if !fits {
            return Err(format!(
                "the operator {name} on column \"{}\" does not take this value",
                column.name
            ));
        }
    }
    Ok(Comparison {
        column: column.clone(),
        operator,
        operand,
    })
}
