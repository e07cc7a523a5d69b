//! databases/databases.yaml with its tables and their select permissions.
//!
//! Only PostgreSQL, and only reading: computed fields, event triggers and customised names are refused
//! by name. Of permissions to write no more is read than whose they are.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::relationships::{self, RawRelationship, Relationship};
use super::yaml::{Reader, says_nothing};

pub(super) const FILE: &str = "databases/databases.yaml";

/// A database.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections may be open; Hasura's default is 50.
    pub max_connections: usize,
    /// Its tracked tables.
    pub tables: Vec<Table>,
}

/// Where a database's URL comes from.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// Written in the metadata.
    Literal(String),
    /// Taken from an environment variable.
    FromEnv(String),
}

/// A table's name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table.
    pub name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A tracked table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its relationships to other tables.
    pub relationships: Vec<Relationship>,
    /// Who may read what of it.
    pub select_permissions: Vec<SelectPermission>,
    /// The roles that may write to it.
    pub writers: Writers,
}

/// The roles that may write to a table.
#[derive(Debug, Default)]
pub struct Writers {
    /// Those with an insert permission.
    pub insert: Vec<String>,
    /// Those with an update permission.
    pub update: Vec<String>,
    /// Those with a delete permission.
    pub delete: Vec<String>,
}

/// What one role may read of a table.
#[derive(Debug)]
pub struct SelectPermission {
    /// The role.
    pub role: String,
    /// The columns; `None` means all.
    pub columns: Option<Vec<String>>,
    /// Which rows, as a boolean expression.
    pub filter: Value,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// Whether the aggregate root field exists.
    pub allow_aggregations: bool,
    /// Which root fields exist; `None` means all.
    pub query_root_fields: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    name: String,
    kind: String,
    configuration: RawConfiguration,
    #[serde(default)]
    tables: Vec<RawTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfiguration {
    connection_info: RawConnection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConnection {
    database_url: RawUrl,
    isolation_level: Option<String>,
    // Statements go unnamed here either way, which both settings allow.
    #[serde(rename = "use_prepared_statements")]
    _use_prepared_statements: Option<bool>,
    pool_settings: Option<RawPool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawUrl {
    Literal(String),
    FromEnv { from_env: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPool {
    max_connections: Option<usize>,
    // They tune Hasura's pool and change no answer.
    #[serde(rename = "connection_lifetime")]
    _connection_lifetime: Option<u64>,
    #[serde(rename = "idle_timeout")]
    _idle_timeout: Option<u64>,
    #[serde(rename = "retries")]
    _retries: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    table: TableName,
    #[serde(default)]
    object_relationships: Vec<RawRelationship>,
    #[serde(default)]
    array_relationships: Vec<RawRelationship>,
    #[serde(default)]
    select_permissions: Vec<RawSelectPermission>,
    #[serde(default)]
    insert_permissions: Vec<RawWritePermission>,
    #[serde(default)]
    update_permissions: Vec<RawWritePermission>,
    #[serde(default)]
    delete_permissions: Vec<RawWritePermission>,
    // They may be there as long as they say nothing.
    #[serde(default)]
    computed_fields: Value,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    event_triggers: Value,
    #[serde(default)]
    is_enum: Value,
    #[serde(default)]
    remote_relationships: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWritePermission {
    role: String,
    #[serde(rename = "permission")]
    _permission: Value,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelectPermission {
    role: String,
    permission: RawSelect,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelect {
    columns: RawColumns,
    filter: Value,
    limit: Option<u64>,
    #[serde(default)]
    allow_aggregations: bool,
    query_root_fields: Option<Vec<String>>,
    // There are no subscriptions here, so fewer of them change nothing.
    #[serde(default, rename = "subscription_root_fields")]
    _subscription_root_fields: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawColumns {
    Star(String),
    Named(Vec<String>),
}

pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Source> {
    let raw: Vec<RawSource> = reader.list(FILE);
    if raw.len() > 1 {
        reader.problem(FILE, "more than one source is not supported");
    }
    raw.into_iter().map(|source| convert(reader, source)).collect()
}

fn convert(reader: &mut Reader<'_>, raw: RawSource) -> Source {
    if raw.kind != "postgres" {
        reader.problem(
            FILE,
            format!("source {}: kind {} is not supported", raw.name, raw.kind),
        );
    }
    let connection = raw.configuration.connection_info;
    if let Some(level) = connection
        .isolation_level
        .filter(|level| level != "read-committed")
    {
        reader.problem(
            FILE,
            format!("source {}: isolation_level {level} is not supported", raw.name),
        );
    }
    Source {
        url: match connection.database_url {
            RawUrl::Literal(url) => DatabaseUrl::Literal(url),
            RawUrl::FromEnv { from_env } => DatabaseUrl::FromEnv(from_env),
        },
        max_connections: connection
            .pool_settings
            .and_then(|pool| pool.max_connections)
            .unwrap_or(50)
            .max(1),
        tables: raw
            .tables
            .into_iter()
            .map(|table| convert_table(reader, table))
            .collect(),
        name: raw.name,
    }
}

fn convert_table(reader: &mut Reader<'_>, raw: RawTable) -> Table {
    let name = raw.table;
    let select_permissions = raw
        .select_permissions
        .into_iter()
        .map(|RawSelectPermission { role, permission, .. }| {
            let columns = match permission.columns {
                RawColumns::Named(columns) => Some(columns),
                RawColumns::Star(star) => {
                    if star != "*" {
                        reader.problem(
                            FILE,
                            format!("table {name}: columns: {star} is neither a list nor \"*\""),
                        );
                    }
                    None
                }
            };
            for field in permission.query_root_fields.iter().flatten() {
                if !["select", "select_by_pk", "select_aggregate"].contains(&field.as_str()) {
                    reader.problem(
                        FILE,
                        format!("table {name}: query_root_fields: {field} is not known"),
                    );
                }
            }
            SelectPermission {
                role,
                columns,
                filter: permission.filter,
                limit: permission.limit,
                allow_aggregations: permission.allow_aggregations,
                query_root_fields: permission.query_root_fields,
            }
        })
        .collect();
    for (key, value) in [
        ("computed_fields", raw.computed_fields),
        ("configuration", raw.configuration),
        ("event_triggers", raw.event_triggers),
        ("is_enum", raw.is_enum),
        ("remote_relationships", raw.remote_relationships),
    ] {
        if value != Value::Bool(false) && !says_nothing(&value) {
            reader.problem(FILE, format!("table {name}: {key} is not supported"));
        }
    }
    let roles = |all: Vec<RawWritePermission>| all.into_iter().map(|one| one.role).collect();
    let writers = Writers {
        insert: roles(raw.insert_permissions),
        update: roles(raw.update_permissions),
        delete: roles(raw.delete_permissions),
    };
    let objects = raw.object_relationships.into_iter().map(|one| (one, false));
    let arrays = raw.array_relationships.into_iter().map(|one| (one, true));
    let mut relationships = Vec::new();
    for (one, is_array) in objects.chain(arrays) {
        match relationships::convert(one, is_array) {
            Ok(one) => relationships.push(one),
            Err(reason) => reader.problem(FILE, format!("table {name}: {reason}")),
        }
    }
    Table {
        name,
        relationships,
        select_permissions,
        writers,
    }
}
