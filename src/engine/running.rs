//! The engine as requests find it: what it serves now, and how it comes to serve other metadata.

use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRef;
use serde_json::Value;
use tokio::sync::Mutex;

use super::start::{self, StartError};
use super::statement_timeout::StatementTimeout;
use super::{Environment, Inconsistency, Shared};
use crate::hasura::metadata::{Files, directory};

/// The metadata that is served, as the metadata API has it.
#[derive(Debug)]
pub(crate) struct Exported {
    /// Counts replacements.
    pub(crate) resource_version: i64,
    /// The whole document.
    pub(crate) document: Value,
}

/// A running engine. Its clones are one engine.
#[derive(Clone)]
pub(crate) struct Running(Arc<Inner>);

struct Inner {
    current: RwLock<Arc<Shared>>,
    environment: Environment,
    statement_timeout: StatementTimeout,
    ignores_unsupported: bool,
    /// One replacement at a time.
    replacing: Mutex<()>,
}

/// Why metadata was not replaced.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It was computed from another version than the current one.
    Conflict(i64),
    /// It is wrong, or the local engine does not support it.
    Metadata(StartError),
    /// These objects would not fit, and that was not allowed.
    Inconsistent(Vec<Inconsistency>),
}

impl FromRef<Running> for Arc<Shared> {
    fn from_ref(running: &Running) -> Self {
        running.current()
    }
}

impl Running {
    pub(super) fn new(
        shared: Shared,
        environment: Environment,
        statement_timeout: StatementTimeout,
        ignores_unsupported: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            current: RwLock::new(Arc::new(shared)),
            environment,
            statement_timeout,
            ignores_unsupported,
            replacing: Mutex::new(()),
        }))
    }

    /// What is served now. A request keeps what it began with.
    pub(crate) fn current(&self) -> Arc<Shared> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves `document` from now on. Returns what of it does not fit and was left out.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed then.
    pub(crate) async fn replace(
        &self,
        document: Value,
        computed_from: Option<i64>,
        allow_inconsistent: bool,
    ) -> Result<Vec<Inconsistency>, Refusal> {
        let _one_at_a_time = self.0.replacing.lock().await;
        let old = self.current();
        let version = old.metadata.resource_version;
        if let Some(referenced) = computed_from.filter(|referenced| *referenced != version) {
            return Err(Refusal::Conflict(referenced));
        }
        let files = directory(&document)
            .map_err(|reason| Refusal::Metadata(StartError::NotSupported(vec![reason])))?;
        let built = start::build(
            &Files::from_iter(files),
            &self.0.environment,
            &self.0.statement_timeout,
            self.0.ignores_unsupported,
        )
        .await
        .map_err(Refusal::Metadata)?;
        if !allow_inconsistent && !built.inconsistencies.is_empty() {
            return Err(Refusal::Inconsistent(built.inconsistencies));
        }
        let inconsistencies = built.inconsistencies.clone();
        let shared = Shared {
            auth: Arc::clone(&old.auth),
            schemas: built.schemas,
            source: built.source,
            endpoints: built.endpoints,
            http: old.http.clone(),
            clock: old.clock.clone(),
            inconsistencies: built.inconsistencies,
            metadata: Arc::new(Exported {
                resource_version: version + 1,
                document,
            }),
            apis: old.apis.clone(),
            is_exposed: old.is_exposed,
            cors: old.cors.clone(),
            dev_mode: old.dev_mode,
            admin_internal_errors: old.admin_internal_errors,
            configured_header_precedence: old.configured_header_precedence,
            stringify_numeric_types: old.stringify_numeric_types,
        };
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shared);
        Ok(inconsistencies)
    }
}
