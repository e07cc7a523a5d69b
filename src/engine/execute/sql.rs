//! SQL text with its parameters.
//!
//! Every value is a parameter, sent as text and cast to the column's type by PostgreSQL; every
//! identifier is quoted. The keys of a reply are GraphQL names and cannot break out of a literal.

use serde_json::Value;
use tokio_postgres::types::{ToSql, Type};

use crate::engine::catalog::Column;

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
    pub(super) parameters: Vec<Parameter>,
    aliases: usize,
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

    /// A name for a table that no other part of the statement uses.
    pub(super) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// `t1."column" = $1::type`
    pub(super) fn equals(&mut self, alias: &str, column: &Column, value: &Value) {
        self.push(&qualified(alias, &column.name)).push(" = (");
        self.bind(Parameter::Text(column_text(column, value)))
            .push(")::")
            .push(&column.sql_type);
    }

    /// The start of an object, or what stands before its next key.
    pub(super) fn key(&mut self, index: usize, key: &str) {
        let before = if index == 0 { "{" } else { "," };
        self.push(&format!("'{before}\"{key}\":' || "));
    }

    /// A value as JSON.
    pub(super) fn json(&mut self, expression: &str) {
        self.push(&format!("coalesce(to_json({expression})::text, 'null')"));
    }
}

/// A value for a cast to the column's type.
pub(super) fn column_text(column: &Column, value: &Value) -> String {
    match value {
        Value::Array(items) if column.is_list => list_text(items),
        value if column.is_json() => value.to_string(),
        value => text_of(value),
    }
}

/// A value as PostgreSQL reads it: a string without its quotes, anything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list as PostgreSQL writes one.
fn list_text(items: &[Value]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| {
            let text = text_of(item).replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{text}\"")
        })
        .collect();
    format!("{{{}}}", items.join(","))
}

/// An identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column of a table that is known by its alias.
pub(super) fn qualified(alias: &str, column: &str) -> String {
    format!("{alias}.{}", quote(column))
}
