//! The relationships of a table: object_relationships and array_relationships of its file.
//!
//! Which columns a foreign key has, and whether it is there at all, only the database knows.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::TableName;

/// A relationship to another table, or to the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Its name, which is its field.
    pub name: String,
    /// Whether there are many rows on the other side.
    pub is_array: bool,
    /// What joins the tables.
    pub using: RelationshipUsing,
}

/// What a relationship rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationshipUsing {
    /// A foreign key on these columns of the table itself.
    ForeignKey(Vec<String>),
    /// A foreign key on columns of the other table.
    RemoteForeignKey {
        /// The other table.
        table: TableName,
        /// Its columns.
        columns: Vec<String>,
    },
    /// Columns that are compared, whether or not there is a key.
    Manual {
        /// The other table.
        table: TableName,
        /// Column here, column there.
        columns: BTreeMap<String, String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelationship {
    name: String,
    using: RawUsing,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUsing {
    foreign_key_constraint_on: Option<RawKey>,
    manual_configuration: Option<RawManual>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawKey {
    Column(String),
    Columns(Vec<String>),
    Remote(RawRemote),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRemote {
    table: TableName,
    column: Option<String>,
    columns: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManual {
    remote_table: TableName,
    column_mapping: BTreeMap<String, String>,
    // They say in which order rows are inserted, and nothing is inserted here.
    #[serde(default, rename = "insertion_order")]
    _insertion_order: Option<String>,
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

/// `Err` says what is wrong with it.
pub(super) fn convert(raw: RawRelationship, is_array: bool) -> Result<Relationship, String> {
    let name = raw.name;
    let using = match (
        raw.using.foreign_key_constraint_on,
        raw.using.manual_configuration,
    ) {
        (Some(key), None) => from_key(key, is_array),
        (None, Some(manual)) => Ok(RelationshipUsing::Manual {
            table: manual.remote_table,
            columns: manual.column_mapping,
        }),
        _ => Err("one of foreign_key_constraint_on and manual_configuration is needed"),
    };
    match using {
        Ok(using) => Ok(Relationship {
            name,
            is_array,
            using,
        }),
        Err(reason) => Err(format!("relationship {name}: {reason}")),
    }
}

fn from_key(key: RawKey, is_array: bool) -> Result<RelationshipUsing, &'static str> {
    match key {
        RawKey::Column(column) if !is_array => Ok(RelationshipUsing::ForeignKey(vec![column])),
        RawKey::Columns(columns) if !is_array => Ok(RelationshipUsing::ForeignKey(columns)),
        RawKey::Remote(RawRemote {
            table,
            column,
            columns,
        }) => match (column, columns) {
            (Some(column), None) => Ok(vec![column]),
            (None, Some(columns)) => Ok(columns),
            _ => Err("one of column and columns is needed"),
        }
        .map(|columns| RelationshipUsing::RemoteForeignKey { table, columns }),
        _ => Err("an array relationship names the table that has the foreign key"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::Node;
    use super::super::typed;
    use super::*;

    fn read(yaml: &str, is_array: bool) -> Result<RelationshipUsing, String> {
        let root = Node::parse("f.yaml", yaml).unwrap().root.unwrap();
        let mut problems = Vec::new();
        match typed::read(&root, &mut problems) {
            Some(raw) => convert(raw, is_array).map(|one| one.using),
            None => Err(problems[0].to_string()),
        }
    }

    fn table(name: &str) -> TableName {
        TableName {
            schema: "public".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn every_form_of_the_export_is_read() {
        for (yaml, is_array, expected) in [
            (
                "{name: author, using: {foreign_key_constraint_on: author_id}}",
                false,
                RelationshipUsing::ForeignKey(vec!["author_id".to_owned()]),
            ),
            (
                "{name: place, using: {foreign_key_constraint_on: [street, town]}}",
                false,
                RelationshipUsing::ForeignKey(vec!["street".to_owned(), "town".to_owned()]),
            ),
            (
                "{name: articles, using: {foreign_key_constraint_on: {column: author_id, table: {name: article, schema: public}}}}",
                true,
                RelationshipUsing::RemoteForeignKey {
                    table: table("article"),
                    columns: vec!["author_id".to_owned()],
                },
            ),
            (
                "{name: detail, using: {foreign_key_constraint_on: {columns: [author_id], table: detail}}}",
                false,
                RelationshipUsing::RemoteForeignKey {
                    table: table("detail"),
                    columns: vec!["author_id".to_owned()],
                },
            ),
            (
                "{name: drafts, using: {manual_configuration: {remote_table: article, column_mapping: {id: author_id}, insertion_order: null}}, comment: c}",
                true,
                RelationshipUsing::Manual {
                    table: table("article"),
                    columns: BTreeMap::from([("id".to_owned(), "author_id".to_owned())]),
                },
            ),
        ] {
            assert_eq!(read(yaml, is_array), Ok(expected), "{yaml}");
        }
    }

    #[test]
    fn what_names_no_key_or_two_is_refused() {
        assert_eq!(
            read("{name: a, using: {}}", false),
            Err(
                "relationship a: one of foreign_key_constraint_on and manual_configuration is needed"
                    .to_owned()
            )
        );
        assert_eq!(
            read("{name: a, using: {foreign_key_constraint_on: b}}", true),
            Err("relationship a: an array relationship names the table that has the foreign key".to_owned())
        );
    }
}
