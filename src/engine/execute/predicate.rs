//! Predicates as SQL.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sql::{Parameter, Sql, column_text, qualified, quote, text_of};
use crate::engine::catalog::Column;
use crate::engine::fault::Fault;
use crate::engine::schema::{
    AGGREGATED, AggregateTest, Comparison, Operand, Operator, Other, Predicate, Shape,
};
use crate::engine::session::Session;
use crate::hasura::metadata::TableName;

/// Where a predicate stands: the table it is about, and the one that the whole filter is about.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub(super) alias: &'s str,
    pub(super) root: &'s str,
    pub(super) session: &'s Session,
}

impl Sql {
    pub(super) fn predicate(&mut self, predicate: &Predicate, scope: Scope<'_>) -> Result<(), Fault> {
        match predicate {
            Predicate::And(all) => self.join(all, " and ", "true", scope),
            Predicate::Or(any) => self.join(any, " or ", "false", scope),
            Predicate::Not(inner) => {
                self.push("not ");
                self.predicate(inner, scope)
            }
            Predicate::Compare(comparison) => self.comparison(comparison, scope),
            Predicate::Columns {
                column,
                sql,
                other,
                of_root,
            } => {
                let left = qualified(scope.alias, column);
                let right = qualified(if *of_root { scope.root } else { scope.alias }, other);
                self.push(&format!("({left} {sql} {right})"));
                Ok(())
            }
            Predicate::Exists(other) => {
                self.push("exists (select 1");
                self.other_rows(other, scope, |_, _| Ok(()))?;
                self.push(")");
                Ok(())
            }
            Predicate::Aggregate(test) => self.aggregate_test(test, scope),
        }
    }

    fn join(&mut self, parts: &[Predicate], word: &str, empty: &str, scope: Scope<'_>) -> Result<(), Fault> {
        if parts.is_empty() {
            self.push(empty);
            return Ok(());
        }
        self.push("(");
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.push(word);
            }
            self.predicate(part, scope)?;
        }
        self.push(")");
        Ok(())
    }

    /// `from other where …`, with something before it that needs to know the other's alias.
    fn other_rows(
        &mut self,
        other: &Other,
        scope: Scope<'_>,
        before: impl FnOnce(&mut Self, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let alias = self.alias();
        before(self, &alias)?;
        self.from(&other.table, &alias);
        self.push(" where ");
        self.joined(&other.join, scope.alias, &alias);
        let scope = Scope {
            alias: &alias,
            ..scope
        };
        self.predicate(&other.rows, scope)
    }

    /// ` from "schema"."table" alias`
    pub(super) fn from(&mut self, table: &TableName, alias: &str) {
        let (schema, name) = (quote(&table.schema), quote(&table.name));
        self.push(&format!(" from {schema}.{name} {alias}"));
    }

    /// The condition that joins two tables, followed by `and`.
    pub(super) fn joined(&mut self, join: &BTreeMap<String, String>, here: &str, there: &str) {
        for (ours, theirs) in join {
            let (ours, theirs) = (qualified(here, ours), qualified(there, theirs));
            self.push(&format!("{theirs} = {ours} and "));
        }
    }

    fn aggregate_test(&mut self, test: &AggregateTest, scope: Scope<'_>) -> Result<(), Fault> {
        self.push("exists (select 1 from (select ");
        self.other_rows(&test.of, scope, |sql, alias| {
            let call = call(test.function, &test.columns, test.distinct, alias);
            sql.push(&format!("{call} as {}", quote(AGGREGATED)));
            Ok(())
        })?;
        let alias = self.alias();
        self.push(&format!(") {alias} where "));
        let scope = Scope {
            alias: &alias,
            ..scope
        };
        self.predicate(&test.test, scope)?;
        self.push(")");
        Ok(())
    }

    fn comparison(&mut self, comparison: &Comparison, scope: Scope<'_>) -> Result<(), Fault> {
        let Comparison {
            column,
            cast,
            operator,
            operand,
        } = comparison;
        let value = match operand {
            Operand::Value(value) => Ok(value),
            Operand::Session(name) => Err(scope.session.variable(name).ok_or_else(|| {
                Fault::new(400, "not-found", format!("missing session variables: \"{name}\""))
            })?),
        };
        let mut left = qualified(scope.alias, &column.name);
        if *cast {
            left = format!("({left})::{}", column.sql_type);
        }
        self.push("(");
        if column.is_list && operator.shape == Shape::Many {
            self.one_of_lists(&left, column, operator, value);
        } else {
            self.push(&left).push(" ");
            self.operand(column, operator, value);
        }
        self.push(")");
        Ok(())
    }

    /// PostgreSQL has no lists of lists: each is compared by itself.
    fn one_of_lists(
        &mut self,
        left: &str,
        column: &Column,
        operator: &Operator,
        value: Result<&Value, &str>,
    ) {
        let lists: Vec<&Value> = value
            .ok()
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        if operator.name == "_nin" {
            self.push("not ");
        }
        self.push("(false");
        for list in lists {
            self.push(&format!(" or {left} = ("))
                .bind(Parameter::Text(column_text(column, list)))
                .push(")::")
                .push(&column.sql_type);
        }
        self.push(")");
    }

    /// The operator and what follows it; a session variable comes as its text.
    fn operand(&mut self, column: &Column, operator: &Operator, value: Result<&Value, &str>) {
        let texts = |value: &Value| -> Vec<Option<String>> {
            let items = value.as_array().into_iter().flatten();
            items.map(|item| Some(column_text(column, item))).collect()
        };
        self.push(operator.sql);
        match operator.shape {
            Shape::One => {
                let text = value.map_or_else(str::to_owned, |value| column_text(column, value));
                self.push(" (")
                    .bind(Parameter::Text(text))
                    .push(")::")
                    .push(&column.sql_type);
            }
            Shape::Many => {
                let parameter = match value {
                    Ok(value) => Parameter::Texts(texts(value)),
                    Err(text) => Parameter::Text(text.to_owned()),
                };
                self.push(" ((")
                    .bind(parameter)
                    .push(")::")
                    .push(&column.sql_type)
                    .push("[])");
            }
            Shape::Text => {
                let text = value.map_or_else(str::to_owned, text_of);
                self.push(" ").bind(Parameter::Text(text));
            }
            Shape::Texts => {
                let parameter = match value {
                    Ok(value) => {
                        let items = value.as_array().into_iter().flatten();
                        Parameter::Texts(items.map(|item| Some(text_of(item))).collect())
                    }
                    Err(text) => Parameter::Text(text.to_owned()),
                };
                self.push(" (").bind(parameter).push(")::text[]");
            }
            Shape::Null => {
                let is_null = match value {
                    Ok(value) => value == &Value::Bool(true),
                    Err(text) => text.eq_ignore_ascii_case("true"),
                };
                let written = self.text.len() - operator.sql.len();
                self.text.truncate(written);
                self.push(if is_null { "is null" } else { "is not null" });
            }
        }
    }
}

/// A function over columns, or over whole rows where there are none.
pub(super) fn call(function: &str, columns: &[String], distinct: bool, alias: &str) -> String {
    let distinct = if distinct { "distinct " } else { "" };
    let names: Vec<String> = columns.iter().map(|name| qualified(alias, name)).collect();
    match &names[..] {
        [] if distinct.is_empty() => format!("{function}(*)"),
        [] => format!("{function}({distinct}{alias})"),
        [one] => format!("{function}({distinct}{one})"),
        many => format!("{function}({distinct}({}))", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn written(
        name: &'static str,
        sql: &'static str,
        shape: Shape,
        operand: Operand,
    ) -> (String, Vec<Parameter>) {
        let column = Column {
            name: "odd \"name".to_owned(),
            comment: None,
            sql_type: "pg_catalog.int4".to_owned(),
            scalar: "Int".to_owned(),
            is_list: false,
            nullable: true,
        };
        let session = Session::new(
            "user",
            BTreeMap::from([("x-hasura-ids".to_owned(), "{1,2}".to_owned())]),
        );
        let comparison = Comparison {
            column,
            cast: false,
            operator: Operator {
                name,
                sql,
                shape,
                text: None,
            },
            operand,
        };
        let mut sql = Sql::default();
        let scope = Scope {
            alias: "t",
            root: "t",
            session: &session,
        };
        sql.predicate(&Predicate::Not(Box::new(Predicate::Compare(comparison))), scope)
            .unwrap();
        (sql.text, sql.parameters)
    }

    #[test]
    fn values_are_parameters_and_names_are_quoted() {
        let (text, parameters) = written("_eq", "=", Shape::One, Operand::Value(json!("1; drop table t")));
        assert_eq!(text, r#"not (t."odd ""name" = ($1)::pg_catalog.int4)"#);
        assert_eq!(parameters, [Parameter::Text("1; drop table t".to_owned())]);
        let (text, parameters) = written("_in", "= any", Shape::Many, Operand::Value(json!([1, "2"])));
        assert_eq!(text, r#"not (t."odd ""name" = any (($1)::pg_catalog.int4[]))"#);
        assert_eq!(
            parameters,
            [Parameter::Texts(vec![Some("1".to_owned()), Some("2".to_owned())])]
        );
        let (text, _) = written("_is_null", "is null", Shape::Null, Operand::Value(json!(false)));
        assert_eq!(text, r#"not (t."odd ""name" is not null)"#);
    }

    #[test]
    fn a_session_variable_may_hold_a_list_as_postgresql_writes_it() {
        let (text, parameters) = written(
            "_in",
            "= any",
            Shape::Many,
            Operand::Session("x-hasura-ids".to_owned()),
        );
        assert_eq!(text, r#"not (t."odd ""name" = any (($1)::pg_catalog.int4[]))"#);
        assert_eq!(parameters, [Parameter::Text("{1,2}".to_owned())]);
    }
}
