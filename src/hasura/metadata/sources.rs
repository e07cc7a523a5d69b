//! databases/databases.yaml with its tables and their select permissions.
//!
//! Only PostgreSQL, and only reading. Sources of other kinds, computed fields, event triggers and customised names are
//! named as not checked. Of permissions to write no more is read than whose they are.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Problem;
use super::node::{Content, Node};
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
    /// Given as single parameters, which the local engine does not read.
    Parameters,
}

/// A table's name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "RawTableName")]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table.
    pub name: String,
}

/// A table as metadata names it: by its name alone, which is one of `public`, or with its schema.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawTableName {
    Plain(String),
    Full {
        #[serde(default = "public")]
        schema: String,
        name: String,
    },
}

fn public() -> String {
    "public".to_owned()
}

impl From<RawTableName> for TableName {
    fn from(raw: RawTableName) -> Self {
        match raw {
            RawTableName::Plain(name) => Self {
                schema: public(),
                name,
            },
            RawTableName::Full { schema, name } => Self { schema, name },
        }
    }
}

impl TableName {
    /// Its name in a schema of GraphQL, unless the metadata gives it another.
    pub(crate) fn graphql_name(&self) -> String {
        match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}_{}", self.name),
        }
    }
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
    /// Whether it has names or values of its own that the local engine would not serve as Hasura does.
    pub is_unsupported_here: bool,
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
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
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
    FromEnv {
        from_env: String,
    },
    Parameters {
        #[serde(rename = "connection_parameters")]
        _connection_parameters: Value,
    },
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
    let Some(file) = reader.node(FILE) else {
        return Vec::new();
    };
    let Content::List(items) = &file.content else {
        reader.add(Problem::at(&file.place, "expected a list of sources"));
        return Vec::new();
    };
    let mut sources: Vec<Source> = Vec::new();
    for item in items {
        let kind = item.get("kind").and_then(Node::text).unwrap_or("postgres");
        let name = item.get("name").and_then(Node::text).unwrap_or_default();
        if kind != "postgres" {
            let reason = format!("source {name}: kind {kind} is not supported by the local engine");
            reader.add(Problem::at(&item.place, reason).into_not_checked());
        } else if let Some(raw) = reader.typed(item) {
            if !sources.is_empty() {
                let reason = format!("source {name}: a second source is not supported by the local engine");
                reader.add(Problem::at(&item.place, reason).into_not_checked());
            }
            sources.push(convert(reader, raw));
        }
    }
    sources
}

/// Names a part of a source or of a table that is not checked.
fn not_checked(reader: &mut Reader<'_>, what: String) {
    reader.add(Problem::new(FILE, format!("{what} is not supported by the local engine")).into_not_checked());
}

fn convert(reader: &mut Reader<'_>, raw: RawSource) -> Source {
    let connection = raw.configuration.connection_info;
    if let Some(level) = connection
        .isolation_level
        .filter(|level| level != "read-committed")
    {
        not_checked(reader, format!("source {}: isolation_level {level}", raw.name));
    }
    if matches!(connection.database_url, RawUrl::Parameters { .. }) {
        not_checked(reader, format!("source {}: connection_parameters", raw.name));
    }
    Source {
        url: match connection.database_url {
            RawUrl::Literal(url) => DatabaseUrl::Literal(url),
            RawUrl::FromEnv { from_env } => DatabaseUrl::FromEnv(from_env),
            RawUrl::Parameters { .. } => DatabaseUrl::Parameters,
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
    let mut is_unsupported_here = false;
    for (key, value) in [
        ("computed_fields", raw.computed_fields),
        ("configuration", raw.configuration),
        ("event_triggers", raw.event_triggers),
        ("is_enum", raw.is_enum),
        ("remote_relationships", raw.remote_relationships),
    ] {
        if value != Value::Bool(false) && !says_nothing(&value) {
            is_unsupported_here |= matches!(key, "configuration" | "is_enum" | "computed_fields");
            not_checked(reader, format!("table {name}: {key}"));
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
        is_unsupported_here,
    }
}
