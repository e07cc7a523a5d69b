//! `order_by` arguments: columns, columns of the row that an object relationship leads to, and
//! aggregates of the rows that an array relationship leads to.

use serde_json::{Map, Value};

use super::aggregates::find;
use super::relations::Relation;
use super::role::{RoleSchema, Seen};

/// One criterion.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The object relationships on the way.
    pub(crate) through: Vec<Relation>,
    pub(crate) by: OrderBy,
    /// As SQL has it.
    pub(crate) direction: &'static str,
}

/// What is compared at the end of the way.
#[derive(Clone, Debug)]
pub(crate) enum OrderBy {
    Column(String),
    /// How many rows there are, or the function of a column of theirs.
    Aggregate {
        relation: Relation,
        function: Option<(&'static str, String)>,
    },
}

/// An argument that fits the schema. What is null orders nothing.
pub(crate) fn parse_order(schema: &RoleSchema, seen: &Seen, value: &Value) -> Vec<Order> {
    let mut orders = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        add(schema, seen, item.as_object(), &[], &mut orders);
    }
    orders
}

fn add(
    schema: &RoleSchema,
    seen: &Seen,
    fields: Option<&Map<String, Value>>,
    through: &[Relation],
    orders: &mut Vec<Order>,
) {
    let push = |by: OrderBy, value: &Value, orders: &mut Vec<Order>| {
        if let Some(order) = value.as_str() {
            orders.push(Order {
                through: through.to_vec(),
                by,
                direction: direction(order),
            });
        }
    };
    for (name, value) in fields.into_iter().flatten() {
        if seen.table.info.column(name).is_some() {
            push(OrderBy::Column(name.clone()), value, orders);
        } else if let Some(relation) = seen.table.relation(name) {
            let other = schema.seen(&relation.table).expect("the schema knows it");
            let way: Vec<Relation> = through.iter().chain([relation]).cloned().collect();
            add(schema, other, value.as_object(), &way, orders);
        } else {
            let relation = name
                .strip_suffix("_aggregate")
                .and_then(|name| seen.table.relation(name))
                .expect("the schema knows it");
            for (function, value) in value.as_object().into_iter().flatten() {
                let by = |function| OrderBy::Aggregate {
                    relation: relation.clone(),
                    function,
                };
                match find(function) {
                    None => push(by(None), value, orders),
                    Some(found) => {
                        for (column, value) in value.as_object().into_iter().flatten() {
                            push(by(Some((found.name, column.clone()))), value, orders);
                        }
                    }
                }
            }
        }
    }
}

fn direction(order: &str) -> &'static str {
    match order {
        "asc_nulls_first" => "asc nulls first",
        "desc" | "desc_nulls_first" => "desc nulls first",
        "desc_nulls_last" => "desc nulls last",
        _ => "asc nulls last",
    }
}
