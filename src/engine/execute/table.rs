//! Reads a table: one statement for one root field, which builds the JSON as well.

use serde_json::Value;
use serde_json::value::RawValue;

use super::select::Query;
use super::sql::Sql;
use super::{Answer, Runner};
use crate::engine::fault::{Fault, Path};
use crate::engine::request::Field;
use crate::engine::schema::{Seen, TableRoot};

impl Runner<'_> {
    pub(super) async fn table(&self, seen: &Seen, root: TableRoot, field: &Field) -> Result<Answer, Fault> {
        let path = Path::Root;
        let path = path.key("selectionSet");
        let place = path.key(&field.name);
        let mut sql = Sql::default();
        let query = Query {
            runner: self,
            seen,
            field,
            alias: sql.alias(),
            joined: None,
        };
        match root {
            TableRoot::Select => {
                sql.push("select ");
                query.list(&mut sql, place)?;
            }
            TableRoot::Aggregate => {
                sql.push("select ");
                query.aggregate(&mut sql, place)?;
            }
            TableRoot::ByPk => {
                sql.push("select ");
                query.row(&mut sql, &field.selection, place)?;
                query.from(&mut sql)?;
                let info = &seen.table.info;
                for column in info.primary_key.iter().filter_map(|key| info.column(key)) {
                    let value = field.arguments.get(&column.name).unwrap_or(&Value::Null);
                    sql.push(" and ");
                    sql.equals(&query.alias, column, value);
                }
            }
        }
        let text = self.shared.source.json(&sql.text, &sql.parameters()).await?;
        let json = text.unwrap_or_else(|| "null".to_owned());
        let value = RawValue::from_string(json).map_err(|error| {
            let table = &seen.table.name;
            tracing::error!(%error, %table, "the database built a row that is not JSON");
            Fault::new(500, "unexpected", "database query error")
        })?;
        Ok(Answer {
            value,
            cookies: Vec::new(),
        })
    }
}
