//! The rows of a table, and of those related to it, as an SQL expression that builds JSON.
//!
//! Related rows are subselects of the row they belong to, so that a root field stays one statement.
//! Texts are concatenated, since the functions that build objects take a hundred arguments at most
//! and forget the order of keys in their larger form.

use serde_json::Value;

use super::Runner;
use super::predicate::{Scope, call};
use super::sql::{Parameter, Sql, qualified};
use crate::engine::catalog::Column;
use crate::engine::fault::{Fault, Path};
use crate::engine::json_path;
use crate::engine::request::Field;
use crate::engine::schema::{Order, OrderBy, Relation, Seen, parse_order, parse_where};

/// Numbers that lose digits in a JavaScript client.
const WIDE_NUMBERS: [&str; 3] = ["bigint", "numeric", "float8"];

/// One field that selects rows.
pub(super) struct Query<'q> {
    pub(super) runner: &'q Runner<'q>,
    pub(super) seen: &'q Seen,
    pub(super) field: &'q Field,
    /// The table's name in the statement.
    pub(super) alias: String,
    /// The row it belongs to, by alias, with the way from there.
    pub(super) joined: Option<(&'q Relation, &'q str)>,
}

impl<'q> Query<'q> {
    /// All rows as one list.
    pub(super) fn list(&self, sql: &mut Sql, place: Path<'_>) -> Result<(), Fault> {
        let order = self.order();
        sql.push("(select coalesce('[' || string_agg(r.j, ',') || ']', '[]') from (select ");
        self.distinct_on(sql, &order, place)?;
        self.row(sql, &self.field.selection, place)?;
        sql.push(" as j");
        self.source(sql, &order, place, true)?;
        sql.push(") r)");
        Ok(())
    }

    /// One row as JSON text.
    pub(super) fn row(&self, sql: &mut Sql, selection: &[Field], place: Path<'_>) -> Result<(), Fault> {
        let place = place.key("selectionSet");
        for (index, field) in selection.iter().enumerate() {
            sql.key(index, &field.key);
            let here = place.key(&field.name);
            if field.is_typename() {
                sql.push(&format!("'\"{}\"'", field.parent));
            } else if let Some(column) = self.seen.table.info.column(&field.name) {
                self.value(sql, column, field, here)?;
            } else {
                self.related(sql, field, here)?;
            }
            sql.push(" || ");
        }
        sql.push("'}'");
        Ok(())
    }

    /// What a relationship leads to: a row, a list, or an aggregate.
    fn related(&self, sql: &mut Sql, field: &Field, place: Path<'_>) -> Result<(), Fault> {
        let table = &self.seen.table;
        let plain = table.relation(&field.name);
        let relation = plain
            .or_else(|| table.relation(field.name.strip_suffix("_aggregate")?))
            .expect("the schema knows it");
        let query = Query {
            runner: self.runner,
            seen: self.other(relation),
            field,
            alias: sql.alias(),
            joined: Some((relation, &self.alias)),
        };
        match plain {
            None => query.aggregate(sql, place),
            Some(relation) if relation.is_array => query.list(sql, place),
            Some(_) => {
                sql.push("coalesce((select ");
                query.row(sql, &field.selection, place)?;
                query.from(sql)?;
                sql.push(" limit 1), 'null')");
                Ok(())
            }
        }
    }

    fn other(&self, relation: &Relation) -> &'q Seen {
        let seen = self.runner.schema.seen(&relation.table);
        seen.expect("the schema has a relationship only to what the role sees")
    }

    fn value(&self, sql: &mut Sql, column: &Column, field: &Field, place: Path<'_>) -> Result<(), Fault> {
        let name = qualified(&self.alias, &column.name);
        match field.arguments.get("path").and_then(Value::as_str) {
            Some(path) => {
                let steps = json_path::steps(path).ok_or_else(|| broken_path(path).at(place.key("args")))?;
                let steps = steps.into_iter().map(Some).collect();
                sql.push(&format!("coalesce(({name} #> "))
                    .bind(Parameter::Texts(steps))
                    .push(")::text, 'null')");
            }
            None => self.column_json(sql, column, &name),
        }
        Ok(())
    }

    /// An expression of a column's type as JSON, or as a text where large numbers are to be texts.
    pub(super) fn column_json(&self, sql: &mut Sql, column: &Column, expression: &str) {
        let stringify = self.runner.shared.stringify_numeric_types;
        if stringify && WIDE_NUMBERS.contains(&column.scalar.as_str()) && !column.is_list {
            sql.json(&format!("{expression}::text"));
        } else {
            sql.json(expression);
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            alias: &self.alias,
            root: &self.alias,
            session: self.runner.call.session,
        }
    }

    /// The table, and the rows of it that the role may see.
    pub(super) fn from(&self, sql: &mut Sql) -> Result<(), Fault> {
        sql.from(&self.seen.table.name, &self.alias);
        sql.push(" where ");
        if let Some((relation, outer)) = self.joined {
            sql.joined(&relation.join, outer, &self.alias);
        }
        match &self.seen.access.filter {
            Some(filter) => sql.predicate(filter, self.scope()),
            None => {
                sql.push("true");
                Ok(())
            }
        }
    }

    /// Everything from `from` on. The permission's limit binds nodes, not what is aggregated.
    pub(super) fn source(
        &self,
        sql: &mut Sql,
        order: &[Order],
        place: Path<'_>,
        limited: bool,
    ) -> Result<(), Fault> {
        let path = place.key("args");
        self.from(sql)?;
        if let Some(value) = self.argument("where") {
            let predicate = parse_where(self.runner.schema, self.seen, value, path.key("where"))?;
            sql.push(" and ");
            sql.predicate(&predicate, self.scope())?;
        }
        for (index, order) in order.iter().enumerate() {
            sql.push(if index == 0 { " order by " } else { ", " });
            self.order_expression(sql, order, &self.alias, &order.through)?;
            sql.push(" ").push(order.direction);
        }
        self.bounds(sql, path, limited)
    }

    pub(super) fn order(&self) -> Vec<Order> {
        self.argument("order_by").map_or_else(Vec::new, |value| {
            parse_order(self.runner.schema, self.seen, value)
        })
    }

    /// What is ordered by: a column, or a subselect that finds it on the other side.
    fn order_expression(
        &self,
        sql: &mut Sql,
        order: &Order,
        alias: &str,
        through: &[Relation],
    ) -> Result<(), Fault> {
        let (relation, rest) = match (through, &order.by) {
            ([next, rest @ ..], _) => (next, Some(rest)),
            ([], OrderBy::Column(name)) => {
                sql.push(&qualified(alias, name));
                return Ok(());
            }
            ([], OrderBy::Aggregate { relation, .. }) => (relation, None),
        };
        let there = sql.alias();
        sql.push("(select ");
        match (rest, &order.by) {
            (Some(rest), _) => self.order_expression(sql, order, &there, rest)?,
            (None, OrderBy::Aggregate { function, .. }) => {
                let written = match function {
                    None => call("count", &[], false, &there),
                    Some((name, column)) => call(name, std::slice::from_ref(column), false, &there),
                };
                sql.push(&written);
            }
            (None, OrderBy::Column(_)) => {}
        }
        sql.from(&relation.table, &there);
        sql.push(" where ");
        sql.joined(&relation.join, alias, &there);
        let scope = Scope {
            alias: &there,
            root: &there,
            session: self.runner.call.session,
        };
        match &self.other(relation).access.filter {
            Some(filter) => sql.predicate(filter, scope)?,
            None => {
                sql.push("true");
            }
        }
        sql.push(if rest.is_some() { " limit 1)" } else { ")" });
        Ok(())
    }

    /// `distinct on (…)`. Hasura wants its columns to be those that the order begins with.
    pub(super) fn distinct_on(&self, sql: &mut Sql, order: &[Order], place: Path<'_>) -> Result<(), Fault> {
        let columns: Vec<&str> = self
            .argument("distinct_on")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if columns.is_empty() {
            return Ok(());
        }
        let first: Vec<&str> = order
            .iter()
            .take(columns.len())
            .filter_map(|order| match &order.by {
                OrderBy::Column(name) if order.through.is_empty() => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let fits = first.len() == columns.len() && columns.iter().all(|column| first.contains(column));
        if !order.is_empty() && !fits {
            let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
            return Err(Fault::validation(message).at(place.key("args")));
        }
        let names: Vec<String> = columns
            .iter()
            .map(|column| qualified(&self.alias, column))
            .collect();
        sql.push(&format!("distinct on ({}) ", names.join(", ")));
        Ok(())
    }

    fn bounds(&self, sql: &mut Sql, path: Path<'_>, limited: bool) -> Result<(), Fault> {
        let asked = self.number("limit", path)?;
        let limit = match (asked, self.seen.access.limit.filter(|_| limited)) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        };
        for (word, number) in [(" limit (", limit), (" offset (", self.number("offset", path)?)] {
            if let Some(number) = number {
                sql.push(word)
                    .bind(Parameter::Text(number.to_string()))
                    .push(")::bigint");
            }
        }
        Ok(())
    }

    fn number(&self, name: &str, path: Path<'_>) -> Result<Option<u64>, Fault> {
        let Some(value) = self.argument(name) else {
            return Ok(None);
        };
        value.as_u64().map(Some).ok_or_else(|| {
            let message = "expected a non-negative 32-bit integer for type 'Int', but found an integer";
            Fault::validation(message).at(path.key(name))
        })
    }

    /// An argument; null is as good as left out.
    fn argument(&self, name: &str) -> Option<&Value> {
        self.field.arguments.get(name).filter(|value| !value.is_null())
    }
}

fn broken_path(path: &str) -> Fault {
    Fault::validation(format!(
        "parse json path error: {path}. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes \
         enclosed in bracket ([\"...\"]) if there is any special character"
    ))
}
