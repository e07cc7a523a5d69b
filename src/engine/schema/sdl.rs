//! The text of a role's schema, in the schema language, from the parts it may see.
//!
//! The GraphQL library parses it again; a text is the one form in which it can be read and
//! compared with what a real Hasura prints.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::actions::{BUILT_IN, ServedAction};
use super::filter::{Shape, operators};
use super::tables::{Access, ServedTable};
use crate::engine::catalog::Column;
use crate::hasura::metadata::{ActionKind, CustomType, CustomTypes};

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

/// A schema text that grows.
pub(super) struct Sdl<'m> {
    types: &'m CustomTypes,
    query: String,
    mutation: String,
    rest: String,
    written: BTreeSet<String>,
}

impl<'m> Sdl<'m> {
    pub(super) fn new(types: &'m CustomTypes) -> Self {
        Self {
            types,
            query: String::new(),
            mutation: String::new(),
            rest: String::new(),
            written: BTreeSet::new(),
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.query.is_empty() {
            self.query = "\"There are no queries available to the current role. Either there are no sources or remote \
                          schemas configured, or the current role doesn't have the required permissions.\"\n\
                          no_queries_available: String!\n"
                .to_owned();
        }
        let mut text = String::from("schema { query: query_root");
        if !self.mutation.is_empty() {
            text.push_str(" mutation: mutation_root");
        }
        let _ = write!(text, " }}\ntype query_root {{\n{}}}\n", self.query);
        if !self.mutation.is_empty() {
            let _ = write!(
                text,
                "\"mutation root\"\ntype mutation_root {{\n{}}}\n",
                self.mutation
            );
        }
        text.push_str(&self.rest);
        text
    }

    pub(super) fn action(&mut self, action: &ServedAction) {
        let action = &action.definition;
        let mut field = description(action.comment.as_deref());
        field.push_str(&action.name);
        if !action.arguments.is_empty() {
            let arguments: Vec<String> = action
                .arguments
                .iter()
                .map(|argument| format!("{}: {}", argument.name, argument.ty))
                .collect();
            let _ = write!(field, "({})", arguments.join(", "));
        }
        let _ = writeln!(field, ": {}", action.output_type);
        match action.kind {
            ActionKind::Query => self.query.push_str(&field),
            ActionKind::Mutation => self.mutation.push_str(&field),
        }
        self.custom_type(action.output_type.inner_named_type());
        for argument in &action.arguments {
            self.custom_type(argument.ty.inner_named_type());
        }
    }

    /// A type of actions.graphql with all it refers to; or a scalar of the database.
    fn custom_type(&mut self, name: &str) {
        if BUILT_IN.contains(&name) || !self.written.insert(name.to_owned()) {
            return;
        }
        let text = self
            .types
            .iter()
            .find(|(one, ..)| *one == name)
            .and_then(|(.., text)| text);
        self.rest.push_str(&description(text));
        match self.types.get(name) {
            None | Some(CustomType::Scalar) => {
                let _ = writeln!(self.rest, "scalar {name}");
            }
            Some(CustomType::Enum(one)) => {
                let _ = writeln!(self.rest, "enum {name} {{");
                for value in &one.values {
                    let text = description(value.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}", value.value);
                }
                self.rest.push_str("}\n");
            }
            Some(CustomType::Input(object)) => {
                let _ = writeln!(self.rest, "input {name} {{");
                for field in &object.fields {
                    let text = description(field.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}: {}", field.name, field.ty);
                }
                self.rest.push_str("}\n");
                object
                    .fields
                    .iter()
                    .for_each(|field| self.custom_type(field.ty.inner_named_type()));
            }
            Some(CustomType::Object(object)) => {
                let _ = writeln!(self.rest, "type {name} {{");
                for field in &object.fields {
                    let text = description(field.description.as_deref());
                    let _ = writeln!(self.rest, "{text}{}: {}", field.name, field.ty);
                }
                self.rest.push_str("}\n");
                object
                    .fields
                    .iter()
                    .for_each(|field| self.custom_type(field.ty.inner_named_type()));
            }
        }
    }

    pub(super) fn table(&mut self, table: &ServedTable, access: &Access) {
        let name = &table.graphql_name;
        if access.columns.is_empty() {
            return;
        }
        let arguments = format!(
            "(\n\"distinct select on columns\" distinct_on: [{name}_select_column!]\n\
             \"limit the number of rows returned\" limit: Int\n\
             \"skip the first n rows. Use only with order_by\" offset: Int\n\
             \"sort the rows by one or more columns\" order_by: [{name}_order_by!]\n\
             \"filter the rows returned\" where: {name}_bool_exp\n)"
        );
        if access.select {
            let text = format!("fetch data from the table: \"{name}\"");
            let _ = writeln!(
                self.query,
                "{}{name}{arguments}: [{name}!]!",
                description(Some(&text))
            );
        }
        if access.select_aggregate {
            let text = format!("fetch aggregated fields from the table: \"{name}\"");
            let _ = writeln!(
                self.query,
                "{}{name}_aggregate{arguments}: {name}_aggregate!",
                description(Some(&text))
            );
            self.aggregate(name);
        }
        if access.select_by_pk {
            let keys: Vec<String> = table
                .info
                .primary_key
                .iter()
                .filter_map(|key| table.info.column(key))
                .map(|column| {
                    format!(
                        "{}{}: {}!",
                        description(column.comment.as_deref()),
                        column.name,
                        column.scalar
                    )
                })
                .collect();
            let text = format!("fetch data from the table: \"{name}\" using primary key columns");
            let _ = writeln!(
                self.query,
                "{}{name}_by_pk({}): {name}",
                description(Some(&text)),
                keys.join(" ")
            );
        }
        self.table_types(table, access);
    }

    fn aggregate(&mut self, name: &str) {
        let _ = write!(
            self.rest,
            "\"aggregated selection of \\\"{name}\\\"\"\n\
             type {name}_aggregate {{ aggregate: {name}_aggregate_fields nodes: [{name}!]! }}\n\
             \"aggregate fields of \\\"{name}\\\"\"\n\
             type {name}_aggregate_fields {{ count(columns: [{name}_select_column!], distinct: Boolean): Int! }}\n"
        );
    }

    fn table_types(&mut self, table: &ServedTable, access: &Access) {
        let name = &table.graphql_name;
        let table_text = table
            .info
            .comment
            .clone()
            .unwrap_or_else(|| format!("columns and relationships of \"{name}\""));
        let _ = writeln!(self.rest, "{}type {name} {{", description(Some(&table_text)));
        for column in &access.columns {
            let mark = if column.nullable { "" } else { "!" };
            let text = description(column.comment.as_deref());
            let path = if column.is_json() {
                "(\"JSON select path\" path: String)"
            } else {
                ""
            };
            let _ = writeln!(self.rest, "{text}{}{path}: {}{mark}", column.name, column.scalar);
        }
        let _ = write!(
            self.rest,
            "}}\n\"Boolean expression to filter rows from the table \\\"{name}\\\". All fields are combined with a \
             logical 'AND'.\"\ninput {name}_bool_exp {{\n_and: [{name}_bool_exp!]\n_not: {name}_bool_exp\n\
             _or: [{name}_bool_exp!]\n"
        );
        for column in &access.columns {
            let _ = writeln!(self.rest, "{}: {}_comparison_exp", column.name, column.scalar);
        }
        let _ = write!(
            self.rest,
            "}}\n\"Ordering options when selecting data from \\\"{name}\\\".\"\ninput {name}_order_by {{\n"
        );
        for column in &access.columns {
            let _ = writeln!(self.rest, "{}: order_by", column.name);
        }
        let _ = write!(
            self.rest,
            "}}\n\"select columns of table \\\"{name}\\\"\"\nenum {name}_select_column {{\n"
        );
        for column in &access.columns {
            let _ = writeln!(self.rest, "\"column name\" {}", column.name);
        }
        self.rest.push_str("}\n");
        if self.written.insert("order_by".to_owned()) {
            self.rest.push_str(ORDER_BY);
        }
        for column in &access.columns {
            self.comparison(column);
        }
    }

    fn comparison(&mut self, column: &Column) {
        let scalar = &column.scalar;
        self.custom_type(scalar);
        if !self.written.insert(format!("{scalar}_comparison_exp")) {
            return;
        }
        let _ = write!(
            self.rest,
            "\"Boolean expression to compare columns of type \\\"{scalar}\\\". All fields are combined with logical \
             'AND'.\"\ninput {scalar}_comparison_exp {{\n"
        );
        for operator in operators(scalar) {
            let taken = match operator.shape {
                Shape::One => scalar.clone(),
                Shape::Many => format!("[{scalar}!]"),
                Shape::Text => "String".to_owned(),
                Shape::Texts => "[String!]".to_owned(),
                Shape::Null => "Boolean".to_owned(),
            };
            let _ = writeln!(self.rest, "{}: {taken}", operator.name);
        }
        self.rest.push_str("}\n");
    }
}

/// A description as the schema language writes it: its escapes are those of JSON.
fn description(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("{}\n", serde_json::Value::from(text)))
}
