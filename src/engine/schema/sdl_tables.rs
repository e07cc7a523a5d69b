//! The part of a role's schema that tables make: root fields, rows, and what filters and orders them.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::operators::{Shape, operators};
use super::role::Seen;
use super::sdl::{Sdl, description};
use super::where_argument::comparison_type;
use crate::engine::catalog::Column;
use crate::hasura::metadata::TableName;

const ORDER_BY: &str = "
\"column ordering options\"
enum order_by {
  \"in ascending order, nulls last\" asc
  \"in ascending order, nulls first\" asc_nulls_first
  \"in ascending order, nulls last\" asc_nulls_last
  \"in descending order, nulls first\" desc
  \"in descending order, nulls first\" desc_nulls_first
  \"in descending order, nulls last\" desc_nulls_last
}
";

/// The tables that a role sees.
pub(super) type AllSeen = BTreeMap<TableName, Seen>;

/// The arguments of a list of rows.
fn arguments(name: &str) -> String {
    format!(
        "(\n\"distinct select on columns\" distinct_on: [{name}_select_column!]\n\
         \"limit the number of rows returned\" limit: Int\n\
         \"skip the first n rows. Use only with order_by\" offset: Int\n\
         \"sort the rows by one or more columns\" order_by: [{name}_order_by!]\n\
         \"filter the rows returned\" where: {name}_bool_exp\n)"
    )
}

impl Sdl<'_> {
    pub(super) fn table(&mut self, seen: &Seen, all: &AllSeen) {
        let (table, access) = (&seen.table, &seen.access);
        let name = &table.graphql_name;
        let arguments = arguments(name);
        if access.select {
            let text = format!("fetch data from the table: \"{name}\"");
            self.query_field(name, &text, &format!("{arguments}: [{name}!]!"));
        }
        if access.select_aggregate {
            let field = format!("{name}_aggregate");
            let text = format!("fetch aggregated fields from the table: \"{name}\"");
            self.query_field(&field, &text, &format!("{arguments}: {name}_aggregate!"));
            self.aggregate(seen);
        }
        if access.select_by_pk {
            let keys: Vec<String> = table
                .info
                .primary_key
                .iter()
                .filter_map(|key| table.info.column(key))
                .map(|column| {
                    let text = description(column.comment.as_deref());
                    format!("{text}{}: {}!", column.name, column.graphql_type())
                })
                .collect();
            let field = format!("{name}_by_pk");
            let text = format!("fetch data from the table: \"{name}\" using primary key columns");
            self.query_field(&field, &text, &format!("({}): {name}", keys.join(" ")));
        }
        self.row(seen, all);
        self.bool_exp(seen, all);
        self.order_by(seen, all);
        let mut text = format!("\"select columns of table \\\"{name}\\\"\"\nenum {name}_select_column {{\n");
        for column in &access.columns {
            let _ = writeln!(text, "\"column name\" {}", column.name);
        }
        self.write(&(text + "}\n"));
        if self.is_new("order_by") {
            self.write(ORDER_BY);
        }
        for column in &access.columns {
            self.comparison(column);
        }
    }

    /// The type of a row: columns and relationships by name.
    fn row(&mut self, seen: &Seen, all: &AllSeen) {
        let table = &seen.table;
        let name = &table.graphql_name;
        let mut fields = BTreeMap::new();
        for column in &seen.access.columns {
            let mark = if column.nullable { "" } else { "!" };
            let text = description(column.comment.as_deref());
            let path = if column.is_json() {
                "(\"JSON select path\" path: String)"
            } else {
                ""
            };
            let field = format!("{text}{}{path}: {}{mark}", column.name, column.graphql_type());
            fields.insert(column.name.clone(), field);
        }
        for (relation, other) in seen.related(all) {
            let (field, there) = (&relation.name, &other.table.graphql_name);
            if !relation.is_array {
                let mark = if relation.nullable { "" } else { "!" };
                let text = format!("\"An object relationship\"\n{field}: {there}{mark}");
                fields.insert(field.clone(), text);
                continue;
            }
            let arguments = arguments(there);
            let text = format!("\"An array relationship\"\n{field}{arguments}: [{there}!]!");
            fields.insert(field.clone(), text);
            if other.access.aggregations {
                self.aggregate(other);
                let field = format!("{field}_aggregate");
                let text = format!("\"An aggregate relationship\"\n{field}{arguments}: {there}_aggregate!");
                fields.insert(field, text);
            }
        }
        let told = table
            .info
            .comment
            .clone()
            .unwrap_or_else(|| format!("columns and relationships of \"{name}\""));
        self.object("type", name, &told, &fields);
    }

    fn bool_exp(&mut self, seen: &Seen, all: &AllSeen) {
        let name = &seen.table.graphql_name;
        let mut fields: BTreeMap<String, String> = [
            ("_and", format!("[{name}_bool_exp!]")),
            ("_not", format!("{name}_bool_exp")),
            ("_or", format!("[{name}_bool_exp!]")),
        ]
        .into_iter()
        .map(|(field, ty)| (field.to_owned(), format!("{field}: {ty}")))
        .collect();
        for column in &seen.access.columns {
            let field = format!("{}: {}", column.name, comparison_type(column));
            fields.insert(column.name.clone(), field);
        }
        for (relation, other) in seen.related(all) {
            let (field, there) = (&relation.name, &other.table.graphql_name);
            fields.insert(field.clone(), format!("{field}: {there}_bool_exp"));
            if relation.is_array && other.access.aggregations {
                self.aggregate_bool_exp(other);
                let field = format!("{field}_aggregate");
                fields.insert(field.clone(), format!("{field}: {there}_aggregate_bool_exp"));
            }
        }
        let told = format!(
            "Boolean expression to filter rows from the table \"{name}\". All fields are combined with a logical 'AND'."
        );
        self.object("input", &format!("{name}_bool_exp"), &told, &fields);
    }

    fn order_by(&mut self, seen: &Seen, all: &AllSeen) {
        let name = &seen.table.graphql_name;
        let mut fields = BTreeMap::new();
        for column in &seen.access.columns {
            fields.insert(column.name.clone(), format!("{}: order_by", column.name));
        }
        for (relation, other) in seen.related(all) {
            let there = &other.table.graphql_name;
            let (field, ty) = if relation.is_array {
                self.aggregate_order_by(other);
                (
                    format!("{}_aggregate", relation.name),
                    format!("{there}_aggregate_order_by"),
                )
            } else {
                (relation.name.clone(), format!("{there}_order_by"))
            };
            fields.insert(field.clone(), format!("{field}: {ty}"));
        }
        let told = format!("Ordering options when selecting data from \"{name}\".");
        self.object("input", &format!("{name}_order_by"), &told, &fields);
    }

    fn object(&mut self, keyword: &str, name: &str, told: &str, fields: &BTreeMap<String, String>) {
        let mut text = format!("{}{keyword} {name} {{\n", description(Some(told)));
        for field in fields.values() {
            let _ = writeln!(text, "{field}");
        }
        self.write(&(text + "}\n"));
    }

    pub(super) fn comparison(&mut self, column: &Column) {
        let scalar = &column.scalar;
        let ty = column.graphql_type();
        self.custom_type(scalar);
        let name = comparison_type(column);
        if !self.is_new(&name) {
            return;
        }
        let mut fields = BTreeMap::new();
        for operator in operators(column) {
            let taken = match operator.shape {
                Shape::One => ty.clone(),
                Shape::Many => format!("[{ty}!]"),
                Shape::Text => "String".to_owned(),
                Shape::Texts => "[String!]".to_owned(),
                Shape::Null => "Boolean".to_owned(),
            };
            let told = description(operator.text);
            fields.insert(
                operator.name.to_owned(),
                format!("{told}{}: {taken}", operator.name),
            );
        }
        if scalar == "jsonb" && !column.is_list {
            fields.insert("_cast".to_owned(), "_cast: jsonb_cast_exp".to_owned());
            self.write("input jsonb_cast_exp { String: String_comparison_exp }\n");
            self.comparison(&Column {
                scalar: "String".to_owned(),
                ..column.clone()
            });
        }
        let told = format!(
            "Boolean expression to compare columns of type \"{scalar}\". All fields are combined with logical 'AND'."
        );
        self.object("input", &name, &told, &fields);
    }
}
