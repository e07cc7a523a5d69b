//! From the settings to a running engine: read the metadata, look at the database, build the
//! schemas.

use std::path::PathBuf;
use std::sync::Arc;

use super::catalog::Catalog;
use super::config::{Config, MetadataSource};
use super::environment::Environment;
use super::http::Endpoints;
use super::schema::{Inconsistency, Schemas};
use super::source::Database;
use super::statement_timeout::StatementTimeout;
use super::{Engine, Exported, Running, Shared};
use crate::clock::Clock;
use crate::hasura::metadata::{self, DatabaseUrl, Files, LoadReport, Metadata, Problem, Source};

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The metadata directory cannot be read.
    #[error("cannot read the metadata in {path}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The metadata is wrong or says something that is not supported.
    #[error("the metadata is not usable: {}", lines(.0))]
    Metadata(Vec<Problem>),
    /// The metadata asks for something that is not supported.
    #[error("the local engine does not support this metadata: {}", .0.join("; "))]
    NotSupported(Vec<String>),
    /// The client for calling handlers cannot be built.
    #[error("cannot prepare to call action handlers")]
    Client(#[source] reqwest::Error),
    /// The JWK set cannot be had, or not be read.
    #[error("{0}")]
    Jwk(String),
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// What some metadata is made into.
pub(super) struct Built {
    pub(super) schemas: Schemas,
    pub(super) source: Database,
    pub(super) endpoints: Endpoints,
    pub(super) inconsistencies: Vec<Inconsistency>,
}

/// Reads metadata, looks at the database and builds the schemas. With `ignores_unsupported`, what the local engine does
/// not support is left out and logged.
pub(super) async fn build(
    files: &Files,
    environment: &Environment,
    timeout: &StatementTimeout,
    ignores_unsupported: bool,
) -> Result<Built, StartError> {
    let LoadReport {
        mut metadata,
        problems,
        ..
    } = Metadata::load(files);
    let (refused, ignored): (Vec<Problem>, Vec<Problem>) = problems
        .into_iter()
        .partition(|problem| problem.severity.stops_engine(ignores_unsupported));
    if !refused.is_empty() {
        return Err(StartError::Metadata(refused));
    }
    for problem in &ignored {
        tracing::warn!("metadata left out: {problem}");
    }
    for source in &mut metadata.sources {
        source.tables.retain(|table| !table.is_unsupported_here);
    }
    let mut inconsistencies = Vec::new();
    let (source, catalog) = match metadata.sources.first() {
        Some(source) => open(source, environment, timeout, &mut inconsistencies).await,
        None => (Database::none(), Catalog::default()),
    };
    let schemas = Schemas::build(&metadata, &catalog, environment, &mut inconsistencies)
        .map_err(StartError::NotSupported)?;
    let endpoints = Endpoints::build(&metadata, &mut inconsistencies);
    for one in &inconsistencies {
        tracing::warn!(kind = one.kind, name = %one.name, reason = %one.reason, "metadata left out: {}", one.name);
    }
    Ok(Built {
        schemas,
        source,
        endpoints,
        inconsistencies,
    })
}

impl Engine {
    /// Starts an engine. What of the metadata does not fit the database or the environment is left
    /// out and listed by [`Engine::inconsistencies`], as Hasura does.
    pub async fn start(config: Config, environment: Environment, clock: Clock) -> Result<Engine, StartError> {
        let files = match &config.metadata {
            MetadataSource::Embedded => Files::embedded(),
            MetadataSource::Directory(path) => {
                Files::from_directory(path).map_err(|source| StartError::Directory {
                    path: path.clone(),
                    source,
                })?
            }
        };
        let built = build(
            &files,
            &environment,
            &config.statement_timeout,
            config.ignores_unsupported,
        )
        .await?;
        let document = metadata::build(&files).map_err(StartError::Metadata)?.metadata;
        // A proxy of the environment must not come between the engine and a handler, and Hasura
        // takes a redirect for an answer.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(StartError::Client)?;
        if let Some(jwt) = config.auth.jwt() {
            jwt.start(&http, &clock).await.map_err(StartError::Jwk)?;
        }
        let shared = Shared {
            auth: Arc::new(config.auth),
            schemas: built.schemas,
            source: built.source,
            endpoints: built.endpoints,
            http,
            clock,
            inconsistencies: built.inconsistencies,
            metadata: Arc::new(Exported {
                resource_version: 1,
                document,
            }),
            apis: config.apis,
            is_exposed: config.is_exposed,
            cors: config.cors,
            dev_mode: config.dev_mode,
            admin_internal_errors: config.admin_internal_errors,
            configured_header_precedence: config.configured_header_precedence,
            stringify_numeric_types: config.stringify_numeric_types,
        };
        Ok(Engine {
            running: Running::new(
                shared,
                environment,
                config.statement_timeout,
                config.ignores_unsupported,
            ),
        })
    }
}

/// Connects to a source and looks at its tables. One that cannot be reached is inconsistent.
pub(super) async fn open(
    source: &Source,
    environment: &Environment,
    statement_timeout: &StatementTimeout,
    inconsistencies: &mut Vec<Inconsistency>,
) -> (Database, Catalog) {
    let names = source.tables.iter().map(|table| &table.name);
    let opened = match url(source, environment) {
        Ok(url) => match Database::connect(url, source.max_connections, statement_timeout) {
            Ok(database) => database.catalog(names).await.map(|catalog| (database, catalog)),
            Err(reason) => Err(reason),
        },
        Err(reason) => Err(reason),
    };
    opened.unwrap_or_else(|reason| {
        inconsistencies.push(Inconsistency::new("source", &source.name, reason));
        (Database::none(), Catalog::default())
    })
}

pub(super) fn url<'e>(source: &'e Source, environment: &'e Environment) -> Result<&'e str, String> {
    match &source.url {
        DatabaseUrl::Literal(url) => Ok(url),
        DatabaseUrl::Parameters => {
            Err("connection_parameters are not supported by the local engine".to_owned())
        }
        DatabaseUrl::FromEnv(variable) => environment
            .get(variable)
            .ok_or_else(|| format!("environment variable '{variable}' not set")),
    }
}
