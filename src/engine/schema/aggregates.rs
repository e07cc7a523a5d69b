//! The aggregate functions that Hasura offers, and the types that they are asked and answered with.

use std::fmt::Write;

use super::role::Seen;
use super::sdl::{Sdl, description};
use super::where_argument::AGGREGATED;
use crate::engine::catalog::Column;

/// A function over a column.
pub(crate) struct Aggregate {
    pub(crate) name: &'static str,
    /// Over whatever has an order, not numbers alone.
    of_comparable: bool,
    /// It gives what the column holds, and not a fraction.
    keeps_type: bool,
}

const fn of_numbers(name: &'static str, keeps_type: bool) -> Aggregate {
    Aggregate {
        name,
        of_comparable: false,
        keeps_type,
    }
}

const fn of_comparable(name: &'static str) -> Aggregate {
    Aggregate {
        name,
        of_comparable: true,
        keeps_type: true,
    }
}

/// In the order of the schema; `count` stands for itself.
pub(crate) const AGGREGATES: [Aggregate; 10] = [
    of_numbers("avg", false),
    of_comparable("max"),
    of_comparable("min"),
    of_numbers("stddev", false),
    of_numbers("stddev_pop", false),
    of_numbers("stddev_samp", false),
    of_numbers("sum", true),
    of_numbers("var_pop", false),
    of_numbers("var_samp", false),
    of_numbers("variance", false),
];

/// A function whose result a `where` may ask about.
pub(crate) struct AggregatePredicate {
    pub(crate) name: &'static str,
    scalar: &'static str,
    sql_type: &'static str,
}

pub(crate) const AGGREGATE_PREDICATES: [AggregatePredicate; 3] = [
    AggregatePredicate {
        name: "bool_and",
        scalar: "Boolean",
        sql_type: "pg_catalog.bool",
    },
    AggregatePredicate {
        name: "bool_or",
        scalar: "Boolean",
        sql_type: "pg_catalog.bool",
    },
    AggregatePredicate {
        name: "count",
        scalar: "Int",
        sql_type: "pg_catalog.int4",
    },
];

impl AggregatePredicate {
    /// The result, as a column that is compared.
    pub(crate) fn value(&self) -> Column {
        Column {
            name: AGGREGATED.to_owned(),
            comment: None,
            sql_type: self.sql_type.to_owned(),
            scalar: self.scalar.to_owned(),
            is_list: false,
            nullable: true,
        }
    }
}

/// A function by its name.
pub(crate) fn find(name: &str) -> Option<&'static Aggregate> {
    AGGREGATES.iter().find(|one| one.name == name)
}

impl Aggregate {
    /// The columns of those given that it can be applied to.
    fn columns<'c>(&self, columns: &'c [Column]) -> Vec<&'c Column> {
        let fits = |column: &&Column| {
            if self.of_comparable {
                column.is_comparable()
            } else {
                column.is_number()
            }
        };
        columns.iter().filter(fits).collect()
    }
}

impl Sdl<'_> {
    /// What an aggregate field gives.
    pub(super) fn aggregate(&mut self, seen: &Seen) {
        let name = &seen.table.graphql_name;
        if !self.is_new(&format!("{name}_aggregate")) {
            return;
        }
        let mut fields = format!("count(columns: [{name}_select_column!], distinct: Boolean): Int!\n");
        let mut types = String::new();
        for aggregate in &AGGREGATES {
            let columns = aggregate.columns(&seen.access.columns);
            if columns.is_empty() {
                continue;
            }
            let function = aggregate.name;
            let _ = writeln!(fields, "{function}: {name}_{function}_fields");
            let _ = writeln!(
                types,
                "\"aggregate {function} on columns\"\ntype {name}_{function}_fields {{"
            );
            for column in columns {
                let text = description(column.comment.as_deref());
                let ty = if aggregate.keeps_type {
                    &column.scalar
                } else {
                    "Float"
                };
                let _ = writeln!(types, "{text}{}: {ty}", column.name);
            }
            types.push_str("}\n");
        }
        self.write(&format!(
            "\"aggregated selection of \\\"{name}\\\"\"\n\
             type {name}_aggregate {{ aggregate: {name}_aggregate_fields nodes: [{name}!]! }}\n\
             \"aggregate fields of \\\"{name}\\\"\"\ntype {name}_aggregate_fields {{\n{fields}}}\n{types}"
        ));
    }

    /// What orders rows by aggregates of related ones.
    pub(super) fn aggregate_order_by(&mut self, seen: &Seen) {
        let name = &seen.table.graphql_name;
        if !self.is_new(&format!("{name}_aggregate_order_by")) {
            return;
        }
        let mut fields = String::from("count: order_by\n");
        let mut types = String::new();
        for aggregate in &AGGREGATES {
            let columns = aggregate.columns(&seen.access.columns);
            if columns.is_empty() {
                continue;
            }
            let function = aggregate.name;
            let _ = writeln!(fields, "{function}: {name}_{function}_order_by");
            let _ = writeln!(
                types,
                "\"order by {function}() on columns of table \\\"{name}\\\"\"\ninput {name}_{function}_order_by {{"
            );
            for column in columns {
                let text = description(column.comment.as_deref());
                let _ = writeln!(types, "{text}{}: order_by", column.name);
            }
            types.push_str("}\n");
        }
        self.write(&format!(
            "\"order by aggregate values of table \\\"{name}\\\"\"\n\
             input {name}_aggregate_order_by {{\n{fields}}}\n{types}"
        ));
    }

    /// What filters rows by aggregates of related ones.
    pub(super) fn aggregate_bool_exp(&mut self, seen: &Seen) {
        let name = &seen.table.graphql_name;
        if !self.is_new(&format!("{name}_aggregate_bool_exp")) {
            return;
        }
        let booleans: Vec<&Column> = seen
            .access
            .columns
            .iter()
            .filter(|column| column.scalar == "Boolean" && !column.is_list)
            .collect();
        let mut fields = String::new();
        let mut types = String::new();
        for predicate in &AGGREGATE_PREDICATES {
            let function = predicate.name;
            let ty = format!("{name}_aggregate_bool_exp_{function}");
            let arguments = if function == "count" {
                format!("[{name}_select_column!]")
            } else if booleans.is_empty() {
                continue;
            } else {
                let values = format!("{name}_select_column_{ty}_arguments_columns");
                let _ = writeln!(
                    types,
                    "\"select \\\"{ty}_arguments_columns\\\" columns of table \\\"{name}\\\"\"\nenum {values} {{"
                );
                for column in &booleans {
                    let _ = writeln!(types, "\"column name\" {}", column.name);
                }
                types.push_str("}\n");
                format!("{values}!")
            };
            let _ = writeln!(fields, "{function}: {ty}");
            let _ = writeln!(
                types,
                "input {ty} {{ arguments: {arguments} distinct: Boolean filter: {name}_bool_exp \
                 predicate: {}_comparison_exp! }}",
                predicate.scalar
            );
            self.comparison(&predicate.value());
        }
        self.write(&format!(
            "input {name}_aggregate_bool_exp {{\n{fields}}}\n{types}"
        ));
    }
}
