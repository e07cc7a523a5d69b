//! `{aggregate {count sum {…} …} nodes {…}}`: all over the same rows.

use serde_json::Value;

use super::predicate::call;
use super::select::Query;
use super::sql::Sql;
use crate::engine::fault::{Fault, Path};
use crate::engine::request::Field;

/// Functions that give what the column holds.
const KEEPING: [&str; 3] = ["max", "min", "sum"];

impl Query<'_> {
    /// The whole field as one object.
    pub(super) fn aggregate(&self, sql: &mut Sql, place: Path<'_>) -> Result<(), Fault> {
        let inner = place.key("selectionSet");
        for (index, field) in self.field.selection.iter().enumerate() {
            sql.key(index, &field.key);
            match field.name.as_str() {
                "nodes" => self.nodes(sql, field, place, inner.key("nodes"))?,
                "aggregate" => self.functions(sql, &field.selection, place)?,
                _ => {
                    sql.push(&format!("'\"{}\"'", field.parent));
                }
            }
            sql.push(" || ");
        }
        sql.push("'}'");
        Ok(())
    }

    fn nodes(&self, sql: &mut Sql, field: &Field, place: Path<'_>, inner: Path<'_>) -> Result<(), Fault> {
        let order = self.order();
        sql.push("(select coalesce('[' || string_agg(r.j, ',') || ']', '[]') from (select ");
        self.distinct_on(sql, &order, place)?;
        self.row(sql, &field.selection, inner)?;
        sql.push(" as j");
        self.source(sql, &order, place, true)?;
        sql.push(") r)");
        Ok(())
    }

    fn functions(&self, sql: &mut Sql, selection: &[Field], place: Path<'_>) -> Result<(), Fault> {
        let rows = sql.alias();
        sql.push("(select ");
        for (index, field) in selection.iter().enumerate() {
            sql.key(index, &field.key);
            match field.name.as_str() {
                "__typename" => {
                    sql.push(&format!("'\"{}\"'", field.parent));
                }
                "count" => {
                    sql.push(&count(field, &rows));
                }
                function => self.function(sql, function, &field.selection, &rows),
            }
            sql.push(" || ");
        }
        sql.push("'}' from (select ");
        let order = self.order();
        self.distinct_on(sql, &order, place)?;
        sql.push(&format!("{}.*", self.alias));
        self.source(sql, &order, place, false)?;
        sql.push(&format!(") {rows})"));
        Ok(())
    }

    /// `{column column …}` of one function.
    fn function(&self, sql: &mut Sql, function: &str, selection: &[Field], rows: &str) {
        for (index, field) in selection.iter().enumerate() {
            sql.key(index, &field.key);
            match self.seen.table.info.column(&field.name) {
                Some(column) => {
                    let written = call(function, std::slice::from_ref(&column.name), false, rows);
                    if KEEPING.contains(&function) {
                        self.column_json(sql, column, &written);
                    } else {
                        sql.json(&written);
                    }
                }
                None => {
                    sql.push(&format!("'\"{}\"'", field.parent));
                }
            }
            sql.push(" || ");
        }
        sql.push("'}'");
    }
}

/// The count of rows, or of those where the given columns are not null.
fn count(field: &Field, rows: &str) -> String {
    let columns: Vec<String> = field
        .arguments
        .get("columns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let distinct = field.arguments.get("distinct") == Some(&Value::Bool(true));
    call("count", &columns, distinct, rows)
}
