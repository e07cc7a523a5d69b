//! SQL text with its parameters.
//!
//! Every value is a parameter, sent as text and cast to the column's type by PostgreSQL; every
//! identifier is quoted. The keys of a reply are GraphQL names and cannot break out of a literal.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::types::{ToSql, Type};

use crate::engine::catalog::Column;
use crate::engine::fault::Fault;
use crate::engine::schema::{Comparison, Operand, Operator, Predicate, Shape};
use crate::engine::session::Session;

/// A parameter: a text or a list of texts.
#[derive(Debug, PartialEq)]
pub(super) enum Parameter {
    Text(String),
    Texts(Vec<Option<String>>),
}

impl Parameter {
    fn as_sql(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Texts(texts) => (texts, Type::TEXT_ARRAY),
        }
    }
}

/// A statement that grows.
#[derive(Debug, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    parameters: Vec<Parameter>,
}

impl Sql {
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter and its place in the text.
    pub(super) fn bind(&mut self, parameter: Parameter) -> &mut Self {
        self.parameters.push(parameter);
        self.text.push_str(&format!("${}", self.parameters.len()));
        self
    }

    pub(super) fn parameters(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.parameters.iter().map(Parameter::as_sql).collect()
    }

    /// `t."column" = $1::type`
    pub(super) fn equals(&mut self, column: &Column, value: &Value) {
        self.push("t.").push(&quote(&column.name)).push(" = (");
        self.bind(Parameter::Text(text_of(value)))
            .push(")::")
            .push(&column.sql_type);
    }

    pub(super) fn predicate(&mut self, predicate: &Predicate, session: &Session) -> Result<(), Fault> {
        match predicate {
            Predicate::And(all) => self.join(all, " and ", "true", session),
            Predicate::Or(any) => self.join(any, " or ", "false", session),
            Predicate::Not(inner) => {
                self.push("not ");
                self.predicate(inner, session)
            }
            Predicate::Compare(comparison) => self.comparison(comparison, session),
        }
    }

    fn join(&mut self, parts: &[Predicate], word: &str, empty: &str, session: &Session) -> Result<(), Fault> {
        if parts.is_empty() {
            self.push(empty);
            return Ok(());
        }
        self.push("(");
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.push(word);
            }
            self.predicate(part, session)?;
        }
        self.push(")");
        Ok(())
    }

    fn comparison(&mut self, comparison: &Comparison, session: &Session) -> Result<(), Fault> {
        let Comparison {
            column,
            operator,
            operand,
        } = comparison;
        let parameter = match operand {
            Operand::Value(value) => Ok(value),
            Operand::Session(name) => Err(session.variable(name).ok_or_else(|| {
                Fault::new(400, "not-found", format!("missing session variables: \"{name}\""))
            })?),
        };
        self.push("(t.").push(&quote(&column.name)).push(" ");
        self.operand(column, operator, parameter)?;
        self.push(")");
        Ok(())
    }

    /// The operator and what follows it; a session variable comes as its text.
    fn operand(
        &mut self,
        column: &Column,
        operator: &Operator,
        value: Result<&Value, &str>,
    ) -> Result<(), Fault> {
        let texts = |value: &Value| -> Vec<Option<String>> {
            value
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| Some(text_of(item)))
                .collect()
        };
        match operator.shape {
            Shape::One => {
                let text = value.map_or_else(str::to_owned, |value| column_text(column, value));
                self.push(operator.sql)
                    .push(" (")
                    .bind(Parameter::Text(text))
                    .push(")::")
                    .push(&column.sql_type);
            }
            Shape::Many => {
                let parameter = match value {
                    Ok(value) => Parameter::Texts(texts(value)),
                    Err(text) => Parameter::Text(text.to_owned()),
                };
                self.push(operator.sql)
                    .push(" ((")
                    .bind(parameter)
                    .push(")::")
                    .push(&column.sql_type)
                    .push("[])");
            }
            Shape::Text => {
                let text = value.map_or_else(str::to_owned, text_of);
                self.push(operator.sql).push(" ").bind(Parameter::Text(text));
            }
            Shape::Texts => {
                let parameter = match value {
                    Ok(value) => Parameter::Texts(texts(value)),
                    Err(text) => Parameter::Text(text.to_owned()),
                };
                self.push(operator.sql)
                    .push(" (")
                    .bind(parameter)
                    .push(")::text[]");
            }
            Shape::Null => {
                let is_null = match value {
                    Ok(value) => value == &Value::Bool(true),
                    Err(text) => text.eq_ignore_ascii_case("true"),
                };
                self.push(if is_null { "is null" } else { "is not null" });
            }
        }
        Ok(())
    }
}

/// A value for a cast to the column's type.
fn column_text(column: &Column, value: &Value) -> String {
    if column.is_json() {
        value.to_string()
    } else {
        text_of(value)
    }
}

/// A value as PostgreSQL reads it: a string without its quotes, anything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The SQL of an `order_by` value.
pub(super) fn direction(order: &str) -> &'static str {
    let orders: BTreeMap<&str, &'static str> = BTreeMap::from([
        ("asc", "asc nulls last"),
        ("asc_nulls_first", "asc nulls first"),
        ("asc_nulls_last", "asc nulls last"),
        ("desc", "desc nulls first"),
        ("desc_nulls_first", "desc nulls first"),
        ("desc_nulls_last", "desc nulls last"),
    ]);
    orders.get(order).expect("the schema's enum has no other")
}
