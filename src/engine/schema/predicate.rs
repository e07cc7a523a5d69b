//! Which rows: what permission filters and `where` arguments become.
//!
//! Both have the same shape; what differs is who wrote them and how they are read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::operators::Operator;
use crate::engine::catalog::Column;
use crate::hasura::metadata::TableName;

/// Which rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare(Comparison),
    /// A column against another, by an SQL operator.
    Columns {
        column: String,
        sql: &'static str,
        other: String,
        /// Whether the other is one of the table that the whole filter is about.
        of_root: bool,
    },
    /// There is such a row in another table.
    Exists(Box<Other>),
    /// A number made of the rows of another table fits.
    Aggregate(Box<AggregateTest>),
}

impl Predicate {
    /// Every row.
    pub(crate) fn always() -> Self {
        Self::And(Vec::new())
    }
}

/// The rows of another table that fit: those joined, or all where nothing joins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Other {
    pub(crate) table: TableName,
    /// Column here, column there.
    pub(crate) join: BTreeMap<String, String>,
    pub(crate) rows: Predicate,
}

/// A value made of the rows of another table, and what it must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AggregateTest {
    pub(crate) of: Other,
    pub(crate) function: &'static str,
    pub(crate) columns: Vec<String>,
    pub(crate) distinct: bool,
    /// About the one column that the value is.
    pub(crate) test: Predicate,
}

/// One column against one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) column: Column,
    /// Whether the column is cast to the comparison's type before.
    pub(crate) cast: bool,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Value(Value),
    /// A session variable, by its lower-case name.
    Session(String),
}
