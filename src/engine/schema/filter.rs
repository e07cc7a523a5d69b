//! The row filters of permissions: written by the operator, checked at the start.
//!
//! They may name session variables, go through relationships and into tables that the role does not
//! see; no permission applies inside them.

use serde_json::Value;

use super::operators::{Shape, between_columns, find};
use super::predicate::{Comparison, Operand, Other, Predicate};
use super::tables::{ServedTable, Tables};
use crate::engine::catalog::Column;
use crate::engine::session;
use crate::hasura::metadata::TableName;

/// A permission's filter. `Err` says what is wrong with it or not supported.
pub(super) fn parse_filter(tables: &Tables, table: &ServedTable, value: &Value) -> Result<Predicate, String> {
    let Value::Object(fields) = value else {
        return Err("a filter must be an object".to_owned());
    };
    let mut all = Vec::new();
    for (key, inner) in fields {
        match key.as_str() {
            "_and" | "$and" | "_or" | "$or" => {
                let items = inner.as_array().ok_or_else(|| format!("{key} must be a list"))?;
                let parsed: Result<Vec<_>, _> = items
                    .iter()
                    .map(|item| parse_filter(tables, table, item))
                    .collect();
                all.push(if key.ends_with("and") {
                    Predicate::And(parsed?)
                } else {
                    Predicate::Or(parsed?)
                });
            }
            "_not" | "$not" => all.push(Predicate::Not(Box::new(parse_filter(tables, table, inner)?))),
            "_exists" | "$exists" => all.push(exists(tables, inner)?),
            name => match (table.info.column(name), table.relation(name)) {
                (Some(column), _) => all.extend(comparisons(table, column, inner)?),
                (None, Some(relation)) => {
                    let other = tables
                        .get(&relation.table)
                        .expect("a relation leads to a tracked table");
                    all.push(Predicate::Exists(Box::new(Other {
                        table: relation.table.clone(),
                        join: relation.join.clone(),
                        rows: parse_filter(tables, other, inner)?,
                    })));
                }
                (None, None) => return Err(format!("\"{name}\" does not exist")),
            },
        }
    }
    Ok(Predicate::And(all))
}

/// `{_table: …, _where: …}`: a row in any tracked table.
fn exists(tables: &Tables, value: &Value) -> Result<Predicate, String> {
    let name = match &value["_table"] {
        Value::String(name) => TableName {
            schema: "public".to_owned(),
            name: name.clone(),
        },
        full => serde_json::from_value(full.clone()).map_err(|_| "_exists needs a _table".to_owned())?,
    };
    let table = tables
        .get(&name)
        .ok_or_else(|| format!("_exists: table {name} is not tracked"))?;
    Ok(Predicate::Exists(Box::new(Other {
        rows: parse_filter(tables, table, &value["_where"])?,
        table: name,
        join: Default::default(),
    })))
}

fn comparisons(table: &ServedTable, column: &Column, value: &Value) -> Result<Vec<Predicate>, String> {
    match value {
        Value::Object(comparisons) => comparisons
            .iter()
            .map(|(name, operand)| comparison(table, column, name, operand))
            .collect(),
        // The short form: a column and its value.
        value => Ok(vec![comparison(table, column, "_eq", value)?]),
    }
}

/// Operators that Hasura has and this engine has not; any other that is not found is none.
const HASURAS_OWN: &[&str] = &[
    "_ancestor",
    "_ancestor_any",
    "_descendant",
    "_descendant_any",
    "_matches",
    "_matches_any",
    "_matches_fulltext",
    "_st_3d_d_within",
    "_st_3d_intersects",
    "_st_contains",
    "_st_crosses",
    "_st_d_within",
    "_st_equals",
    "_st_intersects",
    "_st_intersects_geom_nband",
    "_st_intersects_nband_geom",
    "_st_intersects_rast",
    "_st_overlaps",
    "_st_touches",
    "_st_within",
];

fn comparison(
    table: &ServedTable,
    column: &Column,
    name: &str,
    operand: &Value,
) -> Result<Predicate, String> {
    let canonical = match name {
        "_ne" | "$ne" | "$neq" => "_neq".to_owned(),
        other => other.replacen('$', "_", 1),
    };
    if let Some(sql) = between_columns(&canonical) {
        return with_column(table, column, sql, operand);
    }
    let operator =
        find(column, &canonical).ok_or_else(|| match HASURAS_OWN.contains(&canonical.as_str()) {
            true => format!(
                "the operator {name} on column \"{}\" is not supported",
                column.name
            ),
            false => format!("unexpected operator {name} on column \"{}\"", column.name),
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
            // Hasura reads it as a value of the column's type.
            Shape::One => column.is_list || column.is_json() || !(value.is_array() || value.is_object()),
        };
        if !fits {
            return Err(format!(
                "the operator {name} on column \"{}\" does not take this value",
                column.name
            ));
        }
    }
    Ok(Predicate::Compare(Comparison {
        column: column.clone(),
        cast: false,
        operator,
        operand,
    }))
}

/// The other column: of the same table, or of the filter's own by `["$", column]`, which cannot be
/// looked up where it stands.
fn with_column(
    table: &ServedTable,
    column: &Column,
    sql: &'static str,
    operand: &Value,
) -> Result<Predicate, String> {
    let words: Vec<&str> = match operand {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    let (of_root, other) = match words[..] {
        ["$", other] => (true, other),
        [other] => (false, other),
        _ => {
            return Err(format!(
                "column \"{}\" is compared with something that is no column",
                column.name
            ));
        }
    };
    if !of_root && table.info.column(other).is_none() {
        return Err(format!("\"{other}\" does not exist"));
    }
    Ok(Predicate::Columns {
        column: column.name.clone(),
        sql,
        other: other.to_owned(),
        of_root,
    })
}
