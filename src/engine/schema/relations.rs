//! Relationships, ready to be followed: the other table and the columns that join it.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::shown_name;
use crate::engine::catalog::{Catalog, TableInfo};
use crate::hasura::metadata::{Relationship, RelationshipUsing, TableName};

/// A way from a row to rows of another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) is_array: bool,
    pub(crate) table: TableName,
    /// Column here, column there.
    pub(crate) join: BTreeMap<String, String>,
    /// Whether a row may have none; of an object relationship only.
    pub(crate) nullable: bool,
}

/// Looks a relationship of `table` up. `Err` is Hasura's reason to leave it out.
pub(super) fn resolve(
    catalog: &Catalog,
    tracked: &BTreeSet<&TableName>,
    table: &TableName,
    info: &TableInfo,
    written: &Relationship,
) -> Result<Relation, String> {
    let (other, join) = match &written.using {
        RelationshipUsing::ForeignKey(columns) => {
            let mut keys = info
                .foreign_keys
                .iter()
                .filter(|key| same(key.columns.keys(), columns));
            let key = only(&mut keys)?;
            (key.table.clone(), key.columns.clone())
        }
        RelationshipUsing::RemoteForeignKey {
            table: other,
            columns,
        } => {
            let other_info = find(catalog, other)?;
            let mut keys = other_info
                .foreign_keys
                .iter()
                .filter(|key| &key.table == table && same(key.columns.keys(), columns));
            let key = only(&mut keys)?;
            let turned = key
                .columns
                .iter()
                .map(|(theirs, ours)| (ours.clone(), theirs.clone()));
            (other.clone(), turned.collect())
        }
        RelationshipUsing::Manual {
            table: other,
            columns,
        } => {
            let other_info = find(catalog, other)?;
            for (here, there) in columns {
                if info.column(here).is_none() {
                    return Err(does_not_exist(here, table));
                }
                if other_info.column(there).is_none() {
                    return Err(does_not_exist(there, other));
                }
            }
            (other.clone(), columns.clone())
        }
    };
    if !tracked.contains(&other) || !catalog.tables.contains_key(&other) {
        return Err(format!("table \"{}\" is not tracked", shown_name(&other)));
    }
    if info.column(&written.name).is_some() {
        return Err(format!(
            "field definition conflicts with postgres column \"{}\"",
            written.name
        ));
    }
    if apollo_compiler::Name::new(&written.name).is_err() {
        return Err(format!("\"{}\" is not a valid GraphQL name", written.name));
    }
    // Only a key of the table's own, without nulls, promises that there is a row.
    let promised = matches!(written.using, RelationshipUsing::ForeignKey(_))
        && join
            .keys()
            .all(|column| info.column(column).is_some_and(|column| !column.nullable));
    Ok(Relation {
        name: written.name.clone(),
        is_array: written.is_array,
        table: other,
        join,
        nullable: !promised,
    })
}

fn find<'c>(catalog: &'c Catalog, name: &TableName) -> Result<&'c TableInfo, String> {
    catalog
        .tables
        .get(name)
        .ok_or_else(|| format!("table \"{}\" does not exist", shown_name(name)))
}

fn does_not_exist(column: &str, table: &TableName) -> String {
    format!("\"{column}\" does not exist in table \"{}\"", shown_name(table))
}

fn same<'k>(found: impl Iterator<Item = &'k String>, wanted: &[String]) -> bool {
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    found.collect::<BTreeSet<_>>() == wanted
}

fn only<T>(keys: &mut impl Iterator<Item = T>) -> Result<T, String> {
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err("no foreign constraint exists on the given column(s)".to_owned()),
        _ => Err("more than one foreign key constraint exists on the given column(s)".to_owned()),
    }
}
