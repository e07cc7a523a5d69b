//! The comparison operators of Hasura, by the type of a column: their names, their SQL, and what they take.

use crate::engine::catalog::Column;

/// How the operand of an operator is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A value of the column's type.
    One,
    /// A list of them.
    Many,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// True or false: is it null?
    Null,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) shape: Shape,
    /// What the schema says about it.
    pub(crate) text: Option<&'static str>,
}

const fn plain(name: &'static str, sql: &'static str, shape: Shape) -> Operator {
    Operator {
        name,
        sql,
        shape,
        text: None,
    }
}

const fn told(name: &'static str, sql: &'static str, shape: Shape, text: &'static str) -> Operator {
    Operator {
        name,
        sql,
        shape,
        text: Some(text),
    }
}

/// For every type, in the order of the schema.
const COMMON: [Operator; 9] = [
    plain("_eq", "=", Shape::One),
    plain("_gt", ">", Shape::One),
    plain("_gte", ">=", Shape::One),
    plain("_in", "= any", Shape::Many),
    plain("_is_null", "is null", Shape::Null),
    plain("_lt", "<", Shape::One),
    plain("_lte", "<=", Shape::One),
    plain("_neq", "<>", Shape::One),
    plain("_nin", "<> all", Shape::Many),
];

const TEXT: [Operator; 10] = [
    told(
        "_ilike",
        "ilike",
        Shape::One,
        "does the column match the given case-insensitive pattern",
    ),
    told(
        "_iregex",
        "~*",
        Shape::One,
        "does the column match the given POSIX regular expression, case insensitive",
    ),
    told(
        "_like",
        "like",
        Shape::One,
        "does the column match the given pattern",
    ),
    told(
        "_nilike",
        "not ilike",
        Shape::One,
        "does the column NOT match the given case-insensitive pattern",
    ),
    told(
        "_niregex",
        "!~*",
        Shape::One,
        "does the column NOT match the given POSIX regular expression, case insensitive",
    ),
    told(
        "_nlike",
        "not like",
        Shape::One,
        "does the column NOT match the given pattern",
    ),
    told(
        "_nregex",
        "!~",
        Shape::One,
        "does the column NOT match the given POSIX regular expression, case sensitive",
    ),
    told(
        "_nsimilar",
        "not similar to",
        Shape::One,
        "does the column NOT match the given SQL regular expression",
    ),
    told(
        "_regex",
        "~",
        Shape::One,
        "does the column match the given POSIX regular expression, case sensitive",
    ),
    told(
        "_similar",
        "similar to",
        Shape::One,
        "does the column match the given SQL regular expression",
    ),
];

const JSONB: [Operator; 5] = [
    told(
        "_contained_in",
        "<@",
        Shape::One,
        "is the column contained in the given json value",
    ),
    told(
        "_contains",
        "@>",
        Shape::One,
        "does the column contain the given json value at the top level",
    ),
    told(
        "_has_key",
        "?",
        Shape::Text,
        "does the string exist as a top-level key in the column",
    ),
    told(
        "_has_keys_all",
        "?&",
        Shape::Texts,
        "do all of these strings exist as top-level keys in the column",
    ),
    told(
        "_has_keys_any",
        "?|",
        Shape::Texts,
        "do any of these strings exist as top-level keys in the column",
    ),
];

const LIST: [Operator; 2] = [
    told(
        "_contained_in",
        "<@",
        Shape::One,
        "is the array contained in the given array value",
    ),
    told(
        "_contains",
        "@>",
        Shape::One,
        "does the array contain the given value",
    ),
];

/// Permissions alone may compare columns with each other.
const COLUMNS: [(&str, &str); 7] = [
    ("_ceq", "="),
    ("_cne", "<>"),
    ("_cneq", "<>"),
    ("_cgt", ">"),
    ("_clt", "<"),
    ("_cgte", ">="),
    ("_clte", "<="),
];

/// The operators of a column.
pub(crate) fn operators(column: &Column) -> impl Iterator<Item = &'static Operator> {
    let own: &[Operator] = match column.scalar.as_str() {
        _ if column.is_list => &LIST,
        "String" | "bpchar" | "citext" | "name" => &TEXT,
        "jsonb" => &JSONB,
        _ => &[],
    };
    COMMON.iter().chain(own)
}

/// An operator of a column by its name; `None` when the column has none of this name.
pub(crate) fn find(column: &Column, name: &str) -> Option<Operator> {
    operators(column).find(|one| one.name == name).copied()
}

/// The SQL of an operator between two columns.
pub(super) fn between_columns(name: &str) -> Option<&'static str> {
    COLUMNS.iter().find(|(one, _)| *one == name).map(|(_, sql)| *sql)
}
