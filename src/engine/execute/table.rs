//! Reads a table: one statement for one root field, which builds the JSON as well.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::sql::{Parameter, Sql, direction, quote};
use super::{Answer, Runner};
use crate::engine::fault::{Fault, Path};
use crate::engine::json_path;
use crate::engine::request::Field;
use crate::engine::schema::{Access, ServedTable, TableRoot, parse_where};

/// Numbers that lose digits in a JavaScript client.
const WIDE_NUMBERS: [&str; 3] = ["bigint", "numeric", "float8"];

impl Runner<'_> {
    pub(super) async fn table(
        &self,
        table: &ServedTable,
        access: &Access,
        root: TableRoot,
        field: &Field,
    ) -> Result<Answer, Fault> {
        let path = Path::Root;
        let path = path.key("selectionSet");
        let place = path.key(&field.name);
        let path = place.key("args");
        let query = Query {
            runner: self,
            table,
            access,
            arguments: &field.arguments,
        };
        let mut sql = Sql::default();
        match root {
            TableRoot::Select => {
                sql.push("select coalesce('[' || string_agg(r.j, ',') || ']', '[]') from (select ");
                query.row(&mut sql, &field.selection, place)?;
                sql.push(" as j");
                query.source(&mut sql, path, true)?;
                sql.push(") r");
            }
            TableRoot::ByPk => {
                sql.push("select ");
                query.row(&mut sql, &field.selection, place)?;
                query.from(&mut sql);
                sql.push(" where ");
                query.permission(&mut sql)?;
                for column in table
                    .info
                    .primary_key
                    .iter()
                    .filter_map(|key| table.info.column(key))
                {
                    sql.push(" and ");
                    sql.equals(column, field.arguments.get(&column.name).unwrap_or(&Value::Null));
                }
            }
            TableRoot::Aggregate => query.aggregate(&mut sql, &field.selection, place)?,
        }
        let text = self.shared.source.json(&sql.text, &sql.parameters()).await?;
        let json = text.unwrap_or_else(|| "null".to_owned());
        let value = RawValue::from_string(json).map_err(|error| {
            tracing::error!(%error, table = %table.name, "the database built a row that is not JSON");
            Fault::new(500, "unexpected", "database query error")
        })?;
        Ok(Answer {
            value,
            cookies: Vec::new(),
        })
    }
}

struct Query<'q> {
    runner: &'q Runner<'q>,
    table: &'q ServedTable,
    access: &'q Access,
    arguments: &'q Map<String, Value>,
}

impl Query<'_> {
    /// One row as JSON text. Concatenated, since the functions that build objects take a hundred
    /// arguments at most and forget the order of keys in their larger form.
    fn row(&self, sql: &mut Sql, selection: &[Field], place: Path<'_>) -> Result<(), Fault> {
        let place = place.key("selectionSet");
        for (index, field) in selection.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            sql.push(&format!("'{before}\"{}\":' || ", field.key));
            if field.is_typename() {
                sql.push(&format!("'\"{}\"'", field.parent));
            } else {
                self.value(sql, field, place.key(&field.name))?;
            }
            sql.push(" || ");
        }
        sql.push("'}'");
        Ok(())
    }

    fn value(&self, sql: &mut Sql, field: &Field, place: Path<'_>) -> Result<(), Fault> {
        let column = self.table.info.column(&field.name).expect("the schema knows it");
        let name = format!("t.{}", quote(&column.name));
        let stringified =
            self.runner.shared.stringify_numeric_types && WIDE_NUMBERS.contains(&column.scalar.as_str());
        match field.arguments.get("path").and_then(Value::as_str) {
            Some(path) => {
                let steps = json_path::steps(path).ok_or_else(|| broken_path(path).at(place.key("args")))?;
                let steps = steps.into_iter().map(Some).collect();
                sql.push(&format!("coalesce(({name} #> "))
                    .bind(Parameter::Texts(steps))
                    .push(")::text, 'null')");
            }
            None if stringified => {
                sql.push(&format!("coalesce(to_json({name}::text)::text, 'null')"));
            }
            None => {
                sql.push(&format!("coalesce(to_json({name})::text, 'null')"));
            }
        }
        Ok(())
    }

    fn from(&self, sql: &mut Sql) {
        let name = &self.table.name;
        sql.push(&format!(" from {}.{} t", quote(&name.schema), quote(&name.name)));
    }

    fn permission(&self, sql: &mut Sql) -> Result<(), Fault> {
        match &self.access.filter {
            Some(filter) => sql.predicate(filter, self.runner.call.session),
            None => {
                sql.push("true");
                Ok(())
            }
        }
    }

    /// Everything from `from` on. The permission's limit binds nodes, not what is counted.
    fn source(&self, sql: &mut Sql, path: Path<'_>, limited: bool) -> Result<(), Fault> {
        let distinct = self.distinct();
        let order = self.order();
        if !distinct.is_empty() {
            let fits = distinct
                .iter()
                .all(|column| order.iter().take(distinct.len()).any(|(one, _)| one == column));
            if !order.is_empty() && !fits {
                let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
                return Err(Fault::validation(message).at(path));
            }
            let columns: Vec<String> = distinct
                .iter()
                .map(|column| format!("t.{}", quote(column)))
                .collect();
            let select = sql
                .text
                .rfind("(select ")
                .expect("the caller has begun a subselect")
                + "(select ".len();
            sql.text
                .insert_str(select, &format!("distinct on ({}) ", columns.join(", ")));
        }
        self.from(sql);
        sql.push(" where ");
        self.permission(sql)?;
        if let Some(value) = self.argument("where") {
            let predicate = parse_where(self.table, value, path.key("where"))?;
            sql.push(" and ");
            sql.predicate(&predicate, self.runner.call.session)?;
        }
        for (index, (column, order)) in order.iter().enumerate() {
            sql.push(if index == 0 { " order by " } else { ", " });
            sql.push(&format!("t.{} {}", quote(column), direction(order)));
        }
        self.bounds(sql, path, limited)
    }

    fn bounds(&self, sql: &mut Sql, path: Path<'_>, limited: bool) -> Result<(), Fault> {
        let asked = self.number("limit", path)?;
        let limit = match (asked, self.access.limit.filter(|_| limited)) {
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
        self.arguments.get(name).filter(|value| !value.is_null())
    }

    fn distinct(&self) -> Vec<&str> {
        let columns = self
            .argument("distinct_on")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        columns.filter_map(Value::as_str).collect()
    }

    fn order(&self) -> Vec<(&str, &str)> {
        let items = self
            .argument("order_by")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        items
            .filter_map(Value::as_object)
            .flatten()
            .filter_map(|(column, order)| Some((column.as_str(), order.as_str()?)))
            .collect()
    }

    /// `{aggregate {count} nodes {…}}`, both over the same rows.
    fn aggregate(&self, sql: &mut Sql, selection: &[Field], place: Path<'_>) -> Result<(), Fault> {
        let path = place.key("args");
        let place = place.key("selectionSet");
        sql.push("select ");
        for (index, field) in selection.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            sql.push(&format!("'{before}\"{}\":' || ", field.key));
            match field.name.as_str() {
                "nodes" => {
                    sql.push("(select coalesce('[' || string_agg(r.j, ',') || ']', '[]') from (select ");
                    self.row(sql, &field.selection, place.key(&field.name))?;
                    sql.push(" as j");
                    self.source(sql, path, true)?;
                    sql.push(") r)");
                }
                "aggregate" => self.counts(sql, &field.selection, path)?,
                _ => {
                    sql.push(&format!("'\"{}\"'", field.parent));
                }
            }
            sql.push(" || ");
        }
        sql.push("'}'");
        Ok(())
    }

    fn counts(&self, sql: &mut Sql, selection: &[Field], path: Path<'_>) -> Result<(), Fault> {
        sql.push("(select ");
        for (index, field) in selection.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            sql.push(&format!("'{before}\"{}\":' || ", field.key));
            if field.is_typename() {
                sql.push(&format!("'\"{}\"'", field.parent));
            } else {
                sql.push(&count(&field.arguments));
            }
            sql.push(" || ");
        }
        sql.push("'}' from (select t.*");
        self.source(sql, path, false)?;
        sql.push(") t)");
        Ok(())
    }
}

fn broken_path(path: &str) -> Fault {
    Fault::validation(format!(
        "parse json path error: {path}. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes \
         enclosed in bracket ([\"...\"]) if there is any special character"
    ))
}

/// The count of rows, or of those where the given columns are not null.
fn count(arguments: &Map<String, Value>) -> String {
    let names = arguments
        .get("columns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let columns: Vec<String> = names
        .filter_map(Value::as_str)
        .map(|name| format!("t.{}", quote(name)))
        .collect();
    let distinct = if arguments.get("distinct") == Some(&Value::Bool(true)) {
        "distinct "
    } else {
        ""
    };
    match (columns.is_empty(), distinct) {
        (true, "") => "count(*)".to_owned(),
        (true, _) => "count(distinct t)".to_owned(),
        (false, _) => format!("count({distinct}({}))", columns.join(", ")),
    }
}
