//! `where` arguments: plain values of a client that were checked against the schema.
//!
//! Through a relationship only rows count that the role may see in the other table.

use serde_json::{Map, Value};

use super::aggregates::AGGREGATE_PREDICATES;
use super::operators::{Operator, Shape, find};
use super::predicate::{AggregateTest, Comparison, Operand, Other, Predicate};
use super::relations::Relation;
use super::role::{RoleSchema, Seen};
use crate::engine::catalog::Column;
use crate::engine::fault::{Fault, Path};

/// The column that an aggregate is, while it is compared.
pub(crate) const AGGREGATED: &str = "value";

/// A `where` argument that fits the schema.
pub(crate) fn parse_where(
    schema: &RoleSchema,
    seen: &Seen,
    value: &Value,
    path: Path<'_>,
) -> Result<Predicate, Fault> {
    let name = &seen.table.graphql_name;
    let Value::Object(fields) = value else {
        return Err(no_object(&format!("{name}_bool_exp"), path));
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
                    .map(|(index, item)| parse_where(schema, seen, item, here.index(index)))
                    .collect();
                all.push(if key == "_and" {
                    Predicate::And(parsed?)
                } else {
                    Predicate::Or(parsed?)
                });
            }
            "_not" => all.push(Predicate::Not(Box::new(parse_where(schema, seen, inner, here)?))),
            name => {
                if let Some(column) = seen.table.info.column(name) {
                    compare(column, false, inner, here, &mut all)?;
                } else if let Some(relation) = seen.table.relation(name) {
                    let other = schema.seen(&relation.table).expect("the schema knows it");
                    let inner = parse_where(schema, other, inner, here)?;
                    all.push(Predicate::Exists(Box::new(related(relation, other, inner))));
                } else {
                    aggregated(schema, seen, name, inner, here, &mut all)?;
                }
            }
        }
    }
    Ok(Predicate::And(all))
}

/// The rows that a relationship leads to, with the permission on them.
fn related(relation: &Relation, other: &Seen, inner: Predicate) -> Other {
    let rows = match &other.access.filter {
        Some(filter) => Predicate::And(vec![filter.clone(), inner]),
        None => inner,
    };
    Other {
        table: relation.table.clone(),
        join: relation.join.clone(),
        rows,
    }
}

fn compare(
    column: &Column,
    cast: bool,
    value: &Value,
    path: Path<'_>,
    all: &mut Vec<Predicate>,
) -> Result<(), Fault> {
    let Value::Object(comparisons) = value else {
        return Err(no_object(&comparison_type(column), path));
    };
    for (name, operand) in comparisons {
        let here = path.key(name);
        if name == "_cast" {
            let text = here.key("String");
            match operand {
                Value::Object(casts) => {
                    if let Some(inner) = casts.get("String") {
                        compare(&as_text(column), true, inner, text, all)?;
                    }
                }
                _ => return Err(no_object("jsonb_cast_exp", here)),
            }
            continue;
        }
        let operator = find(column, name).expect("the schema knows it");
        if operand.is_null() {
            return Err(null_operand(column, operator).at(here));
        }
        all.push(Predicate::Compare(Comparison {
            column: column.clone(),
            cast,
            operator,
            operand: Operand::Value(operand.clone()),
        }));
    }
    Ok(())
}

/// The name of the type that compares a column.
pub(super) fn comparison_type(column: &Column) -> String {
    let list = if column.is_list { "_array" } else { "" };
    format!("{}{list}_comparison_exp", column.scalar)
}

fn as_text(column: &Column) -> Column {
    Column {
        scalar: "String".to_owned(),
        sql_type: "pg_catalog.text".to_owned(),
        ..column.clone()
    }
}

/// `articles_aggregate: {count: {…}, bool_and: {…}}`
fn aggregated(
    schema: &RoleSchema,
    seen: &Seen,
    name: &str,
    value: &Value,
    path: Path<'_>,
    all: &mut Vec<Predicate>,
) -> Result<(), Fault> {
    let relation = name
        .strip_suffix("_aggregate")
        .and_then(|name| seen.table.relation(name))
        .expect("the schema knows it");
    let other = schema.seen(&relation.table).expect("the schema knows it");
    let Value::Object(functions) = value else {
        let ty = format!("{}_aggregate_bool_exp", other.table.graphql_name);
        return Err(no_object(&ty, path));
    };
    for (function, value) in functions {
        let here = path.key(function);
        let Value::Object(fields) = value else {
            let ty = format!("{}_aggregate_bool_exp_{function}", other.table.graphql_name);
            return Err(no_object(&ty, here));
        };
        let predicate = AGGREGATE_PREDICATES
            .iter()
            .find(|one| one.name == function)
            .expect("the schema knows it");
        let rows = match fields.get("filter").filter(|filter| !filter.is_null()) {
            Some(filter) => parse_where(schema, other, filter, here.key("filter"))?,
            None => Predicate::always(),
        };
        let mut test = Vec::new();
        let value = fields.get("predicate").unwrap_or(&Value::Null);
        compare(&predicate.value(), false, value, here.key("predicate"), &mut test)?;
        all.push(Predicate::Aggregate(Box::new(AggregateTest {
            of: related(relation, other, rows),
            function: predicate.name,
            columns: columns(fields),
            distinct: fields.get("distinct") == Some(&Value::Bool(true)),
            test: Predicate::And(test),
        })));
    }
    Ok(())
}

/// One column, or a list of them.
fn columns(fields: &Map<String, Value>) -> Vec<String> {
    match fields.get("arguments") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn no_object(ty: &str, path: Path<'_>) -> Fault {
    Fault::validation(format!("expected an object for type '{ty}', but found null")).at(path)
}

fn null_operand(column: &Column, operator: Operator) -> Fault {
    match operator.shape {
        Shape::Many | Shape::Texts => Fault::validation("expected a list, but found null"),
        Shape::One if column.is_list => Fault::validation("expected a list, but found null"),
        Shape::Null => Fault::validation("expected a boolean for type 'Boolean', but found null"),
        Shape::Text => Fault::validation("unexpected null value for type 'String'"),
        Shape::One => Fault::validation(format!("unexpected null value for type '{}'", column.scalar)),
    }
}
