//! Tables, ready to be read: what each role sees of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::filter::parse_filter;
use super::inheritance::merge;
use super::predicate::Predicate;
use super::relations::{self, Relation};
use super::{Inconsistency, ancestry};
use crate::engine::catalog::{Catalog, Column, TableInfo};
use crate::hasura::metadata::{Metadata, SelectPermission, Table, TableName, Writers};

/// A tracked table that exists.
#[derive(Debug)]
pub(crate) struct ServedTable {
    pub(crate) name: TableName,
    /// Its name in the schema.
    pub(crate) graphql_name: String,
    pub(crate) info: TableInfo,
    pub(crate) relations: Vec<Relation>,
}

/// All tracked tables that exist.
pub(crate) type Tables = BTreeMap<TableName, Arc<ServedTable>>;

/// A table with who may read what of it.
#[derive(Debug)]
pub(crate) struct Tracked {
    pub(crate) table: Arc<ServedTable>,
    pub(crate) permissions: BTreeMap<String, Arc<Access>>,
    /// The mutations that Hasura has for it, each with the roles that may; the engine has none.
    pub(crate) mutations: Vec<(String, Vec<String>)>,
}

/// What a role sees of a table.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) columns: Vec<Column>,
    pub(crate) filter: Option<Predicate>,
    pub(crate) limit: Option<u64>,
    pub(crate) aggregations: bool,
    pub(crate) select: bool,
    pub(crate) select_by_pk: bool,
    pub(crate) select_aggregate: bool,
}

impl ServedTable {
    /// The built-in admin sees every column and row.
    pub(super) fn full_access(&self) -> Access {
        Access {
            columns: self.info.columns.clone(),
            filter: None,
            limit: None,
            aggregations: true,
            select: true,
            select_by_pk: !self.info.primary_key.is_empty(),
            select_aggregate: true,
        }
    }

    pub(crate) fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }
}

/// The tables first, without permissions: a filter may lead from each to any other.
pub(super) fn resolve(
    metadata: &Metadata,
    catalog: &Catalog,
    inconsistencies: &mut Vec<Inconsistency>,
) -> Result<Vec<Tracked>, Vec<String>> {
    let written = || metadata.sources.iter().flat_map(|source| &source.tables);
    let tracked: BTreeSet<&TableName> = written().map(|table| &table.name).collect();
    let mut tables = Tables::new();
    let mut problems = Vec::new();
    for table in written() {
        let shown = shown_name(&table.name);
        let Some(info) = catalog.tables.get(&table.name) else {
            let reason = format!("no such table/view exists in source: \"{shown}\"");
            inconsistencies.push(Inconsistency::new("table", shown, reason));
            continue;
        };
        match serve(catalog, &tracked, table, info.clone(), inconsistencies) {
            Ok(served) => {
                tables.insert(table.name.clone(), Arc::new(served));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut all = Vec::new();
    for table in written() {
        let Some(served) = tables.get(&table.name) else {
            continue;
        };
        match permissions(metadata, &tables, served, table, inconsistencies) {
            Ok(permissions) => all.push(Tracked {
                mutations: mutations(&served.graphql_name, &table.writers),
                table: Arc::clone(served),
                permissions,
            }),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}

fn serve(
    catalog: &Catalog,
    tracked: &BTreeSet<&TableName>,
    table: &Table,
    mut info: TableInfo,
    inconsistencies: &mut Vec<Inconsistency>,
) -> Result<ServedTable, String> {
    let shown = shown_name(&table.name);
    // Hasura leaves out what GraphQL cannot name.
    info.columns
        .retain(|column| apollo_compiler::Name::new(&column.name).is_ok());
    let mut relations = Vec::new();
    for written in &table.relationships {
        match relations::resolve(catalog, tracked, &table.name, &info, written) {
            Ok(relation) => relations.push(relation),
            Err(reason) => {
                let name = &written.name;
                let (kind, reason) = (
                    if written.is_array {
                        "array_relation"
                    } else {
                        "object_relation"
                    },
                    format!("in table \"{shown}\": in relationship \"{name}\": {reason}"),
                );
                inconsistencies.push(Inconsistency::new(kind, format!("{shown}.{name}"), reason));
            }
        }
    }
    let graphql_name = if table.name.schema == "public" {
        table.name.name.clone()
    } else {
        format!("{}_{}", table.name.schema, table.name.name)
    };
    if apollo_compiler::Name::new(&graphql_name).is_err() {
        return Err(format!(
            "table {shown}: its name is not a GraphQL name, and custom names are not supported"
        ));
    }
    Ok(ServedTable {
        name: table.name.clone(),
        graphql_name,
        info,
        relations,
    })
}

fn permissions(
    metadata: &Metadata,
    tables: &Tables,
    served: &ServedTable,
    table: &Table,
    inconsistencies: &mut Vec<Inconsistency>,
) -> Result<BTreeMap<String, Arc<Access>>, String> {
    let shown = shown_name(&table.name);
    let mut permissions = BTreeMap::new();
    for permission in &table.select_permissions {
        match access(tables, served, permission) {
            Ok(access) => {
                permissions.insert(permission.role.clone(), Arc::new(access));
            }
            Err(reason) => {
                let role = &permission.role;
                let reason = format!("in table \"{shown}\": in permission for role \"{role}\": {reason}");
                inconsistencies.push(Inconsistency::new(
                    "select_permission",
                    format!("{shown}.{role}"),
                    reason,
                ));
            }
        }
    }
    let mut merged = Vec::new();
    for role in &metadata.inherited_roles {
        let name = &role.role_name;
        if permissions.contains_key(name) {
            continue;
        }
        let inherited: Vec<Arc<Access>> = ancestry(metadata, name)
            .into_iter()
            .filter_map(|one| permissions.get(one).cloned())
            .collect();
        let access = match &inherited[..] {
            [] => continue,
            [one] => Arc::clone(one),
            many => {
                let many: Vec<&Access> = many.iter().map(Arc::as_ref).collect();
                Arc::new(merge(&many).ok_or_else(|| {
                    format!(
                        "inherited role {name}: select permissions of several parents on {shown} that differ in columns and \
                         in rows are not supported"
                    )
                })?)
            }
        };
        merged.push((name.clone(), access));
    }
    permissions.extend(merged);
    Ok(permissions)
}

fn access(tables: &Tables, table: &ServedTable, permission: &SelectPermission) -> Result<Access, String> {
    let info = &table.info;
    let columns = match &permission.columns {
        None => info.columns.clone(),
        Some(names) => {
            if let Some(unknown) = names.iter().find(|name| info.column(name).is_none()) {
                return Err(format!("\"{unknown}\" does not exist"));
            }
            info.columns
                .iter()
                .filter(|column| names.contains(&column.name))
                .cloned()
                .collect()
        }
    };
    let opens = |field: &str| {
        permission
            .query_root_fields
            .as_ref()
            .is_none_or(|fields| fields.iter().any(|one| one == field))
    };
    let sees_key = !info.primary_key.is_empty()
        && info
            .primary_key
            .iter()
            .all(|key| columns.iter().any(|one| &one.name == key));
    Ok(Access {
        filter: Some(parse_filter(tables, table, &permission.filter)?),
        limit: permission.limit,
        aggregations: permission.allow_aggregations,
        select: opens("select"),
        select_by_pk: opens("select_by_pk") && sees_key,
        select_aggregate: opens("select_aggregate") && permission.allow_aggregations,
        columns,
    })
}

fn mutations(name: &str, writers: &Writers) -> Vec<(String, Vec<String>)> {
    [
        (format!("insert_{name}"), &writers.insert),
        (format!("insert_{name}_one"), &writers.insert),
        (format!("update_{name}"), &writers.update),
        (format!("update_{name}_by_pk"), &writers.update),
        (format!("update_{name}_many"), &writers.update),
        (format!("delete_{name}"), &writers.delete),
        (format!("delete_{name}_by_pk"), &writers.delete),
    ]
    .into_iter()
    .map(|(field, roles)| (field, roles.clone()))
    .collect()
}

/// As Hasura writes a table in a message: `public` is understood.
pub(super) fn shown_name(name: &TableName) -> String {
    if name.schema == "public" {
        name.name.clone()
    } else {
        name.to_string()
    }
}
