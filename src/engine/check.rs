//! What Hasura would call inconsistent in some metadata, without an engine being started.
//!
//! The same builders look at it that build the schemas of a running engine, so that `/healthz` and this
//! cannot differ.

use super::catalog::Catalog;
use super::environment::Environment;
use super::http::Endpoints;
use super::schema::{Inconsistency, Schemas};
use super::start::{open, url};
use super::statement_timeout::StatementTimeout;
use crate::hasura::metadata::Metadata;

/// What was found, and what was not looked at.
#[derive(Debug)]
pub struct Checked {
    /// What Hasura would leave out.
    pub inconsistencies: Vec<Inconsistency>,
    /// What the local engine cannot judge.
    pub not_supported: Vec<String>,
    /// Why the tables were not looked at, where they were not.
    pub tables_unchecked: Option<String>,
}

/// The scalars of a PostgreSQL that nobody can ask.
const SCALARS: [&str; 44] = [
    "bigint",
    "bit",
    "box",
    "bpchar",
    "bytea",
    "char",
    "cidr",
    "circle",
    "citext",
    "date",
    "daterange",
    "float8",
    "geography",
    "geometry",
    "hstore",
    "inet",
    "int4range",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "line",
    "lseg",
    "ltree",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "numrange",
    "oid",
    "path",
    "point",
    "polygon",
    "smallint",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsrange",
    "tstzrange",
    "uuid",
    "xml",
];

/// Looks at metadata as Hasura would. A database that the environment does not name is no fault; its
/// tables are then not looked at.
pub async fn check(mut metadata: Metadata, environment: &Environment) -> Checked {
    let mut inconsistencies = Vec::new();
    let mut tables_unchecked = None;
    let mut catalog = Catalog::default();
    if let Some(source) = metadata.sources.first() {
        tables_unchecked = match url(source, environment) {
            Err(reason) => Some(format!("source {}: {reason}", source.name)),
            Ok(_) => {
                let timeout = StatementTimeout::default();
                let (_, found) = open(source, environment, &timeout, &mut inconsistencies).await;
                catalog = found;
                let is_lost = !inconsistencies.is_empty();
                is_lost.then(|| format!("source {}: its database cannot be asked", source.name))
            }
        };
    }
    if tables_unchecked.is_some() {
        catalog.scalars = SCALARS.map(str::to_owned).into();
        for source in &mut metadata.sources {
            source.tables.clear();
        }
    }
    let built = Schemas::build(&metadata, &catalog, environment, &mut inconsistencies);
    Endpoints::build(&metadata, &mut inconsistencies);
    Checked {
        inconsistencies,
        not_supported: built.err().unwrap_or_default(),
        tables_unchecked,
    }
}
