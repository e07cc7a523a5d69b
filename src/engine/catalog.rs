//! What PostgreSQL says about the tracked tables: columns, types, primary and foreign keys.
//!
//! Read once, at the start. A table that changes afterwards needs a restart, as Hasura needs a
//! reload of its metadata.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::hasura::metadata::TableName;

/// What is known of a database.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: BTreeMap<TableName, TableInfo>,
    /// The scalars an action may use, under their GraphQL names.
    pub(crate) scalars: BTreeSet<String>,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableInfo {
    pub(crate) comment: Option<String>,
    pub(crate) columns: Vec<Column>,
    /// Column names, in the order of the key; empty when there is no key.
    pub(crate) primary_key: Vec<String>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
}

/// A foreign key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    pub(crate) table: TableName,
    /// Column here, column there.
    pub(crate) columns: BTreeMap<String, String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) comment: Option<String>,
    /// The type, quoted for a cast. By its catalogue name: `character` would mean one character.
    pub(crate) sql_type: String,
    /// The name of its GraphQL scalar; of a list, that of its elements.
    pub(crate) scalar: String,
    pub(crate) is_list: bool,
    pub(crate) nullable: bool,
}

impl Column {
    pub(crate) fn is_json(&self) -> bool {
        !self.is_list && (self.scalar == "json" || self.scalar == "jsonb")
    }

    /// What its values are in the schema: a name, or a list of it.
    pub(crate) fn graphql_type(&self) -> String {
        if self.is_list {
            format!("[{}!]", self.scalar)
        } else {
            self.scalar.clone()
        }
    }

    /// Whether sums and averages are made of it.
    pub(crate) fn is_number(&self) -> bool {
        let numbers = ["smallint", "Int", "bigint", "Float", "float8", "numeric", "money"];
        !self.is_list && numbers.contains(&self.scalar.as_str())
    }

    /// Whether it has a greatest and a least value. Of types that Hasura does not know by name it
    /// takes none for comparable.
    pub(crate) fn is_comparable(&self) -> bool {
        let others = [
            "String",
            "bpchar",
            "citext",
            "date",
            "timestamp",
            "timestamptz",
            "timetz",
            "uuid",
            "ltree",
        ];
        self.is_number() || (!self.is_list && others.contains(&self.scalar.as_str()))
    }
}

impl TableInfo {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

const COLUMNS: &str = "
select
  a.attname::text,
  format('%I.%I', tn.nspname, t.typname),
  coalesce(e.typname, t.typname)::text,
  a.attnotnull,
  pg_catalog.col_description(c.oid, a.attnum),
  pg_catalog.obj_description(c.oid, 'pg_class'),
  (select array_position(i.indkey::int2[], a.attnum) from pg_catalog.pg_index i
   where i.indrelid = c.oid and i.indisprimary),
  e.oid is not null
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid
join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
left join pg_catalog.pg_type e on e.oid = t.typelem and t.typlen = -1 and t.typcategory = 'A'
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'v', 'm', 'f', 'p')
  and a.attnum > 0 and not a.attisdropped
order by a.attname";

const FOREIGN_KEYS: &str = "
select
  rn.nspname::text,
  r.relname::text,
  array(select a.attname::text from unnest(f.conkey) with ordinality k(attnum, at)
        join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum order by k.at),
  array(select a.attname::text from unnest(f.confkey) with ordinality k(attnum, at)
        join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum order by k.at)
from pg_catalog.pg_constraint f
join pg_catalog.pg_class c on c.oid = f.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class r on r.oid = f.confrelid
join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
where f.contype = 'f' and n.nspname = $1 and c.relname = $2
order by f.conname";

const SCALARS: &str = "
select typname::text from pg_catalog.pg_type
where typtype in ('b', 'r') and typelem = 0 and typname !~ '^(_|pg_|reg)'";

impl Catalog {
    pub(crate) async fn read(
        client: &Client,
        names: impl Iterator<Item = &TableName>,
    ) -> Result<Self, tokio_postgres::Error> {
        let mut catalog = Self::default();
        for row in client.query_typed(SCALARS, &[]).await? {
            catalog.scalars.insert(scalar_name(row.get(0)).to_owned());
        }
        for name in names {
            let parameters = [(&name.schema as _, Type::TEXT), (&name.name as _, Type::TEXT)];
            let rows = client.query_typed(COLUMNS, &parameters).await?;
            let Some(first) = rows.first() else { continue };
            let mut info = TableInfo {
                comment: first.get(5),
                columns: Vec::new(),
                primary_key: Vec::new(),
                foreign_keys: Vec::new(),
            };
            let mut key: Vec<(i32, String)> = Vec::new();
            for row in &rows {
                let type_name: String = row.get(2);
                let column = Column {
                    name: row.get(0),
                    comment: row.get(4),
                    sql_type: row.get(1),
                    scalar: scalar_name(&type_name).to_owned(),
                    is_list: row.get(7),
                    nullable: !row.get::<_, bool>(3),
                };
                if let Some(position) = row.get::<_, Option<i32>>(6) {
                    key.push((position, column.name.clone()));
                }
                info.columns.push(column);
            }
            for row in client.query_typed(FOREIGN_KEYS, &parameters).await? {
                let (here, there): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
                info.foreign_keys.push(ForeignKey {
                    table: TableName {
                        schema: row.get(0),
                        name: row.get(1),
                    },
                    columns: here.into_iter().zip(there).collect(),
                });
            }
            key.sort();
            info.primary_key = key.into_iter().map(|(_, column)| column).collect();
            catalog.tables.insert(name.clone(), info);
        }
        Ok(catalog)
    }
}

/// The GraphQL name of a PostgreSQL type: Hasura spells the common ones as SQL does.
fn scalar_name(type_name: &str) -> &str {
    match type_name {
        "int4" => "Int",
        "bool" => "Boolean",
        "float4" => "Float",
        "text" | "varchar" => "String",
        "int8" => "bigint",
        "int2" => "smallint",
        other => other,
    }
}
