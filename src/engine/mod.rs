//! A local stand-in for Hasura GraphQL Engine v2, and nothing but that.
//!
//! It reads Hasura's metadata directory and Hasura's environment variables, answers what Hasura
//! answers, and meets this service only over HTTP, as an action's handler. What it does not support
//! it refuses by name, at the start or in a reply; it never pretends. What Hasura answers 404, it
//! answers 404.
//!
//! A request passes `http` (body, headers, log) → `auth` (a session) → `request`
//! (fields with checked arguments) → `execute` (handlers, SQL, introspection). `schema` is built
//! once, per role, from `crate::hasura::metadata` and the database's `catalog`.

mod aeson;
mod auth;
mod catalog;
mod check;
mod client_headers;
mod config;
mod environment;
mod execute;
mod fault;
mod http;
mod json_path;
mod request;
mod running;
mod schema;
mod session;
mod source;
mod start;
mod statement_timeout;
mod trace;

use std::sync::Arc;

pub use check::{Checked, check};
pub use config::{Config, MetadataSource};
pub use environment::Environment;
pub use http::HTTP_LOG;
pub use schema::Inconsistency;
pub use start::StartError;
pub use statement_timeout::{STATEMENT_TIMEOUT, StatementTimeout};

pub(crate) use running::{Exported, Refusal, Running};

use crate::clock::Clock;

/// The version of Hasura that is played.
pub(crate) const VERSION: &str = "v2.48.5";
pub(crate) const USER_AGENT: &str = "hasura-graphql-engine";

/// A started engine.
pub struct Engine {
    running: Running,
}

/// What every request needs.
pub(crate) struct Shared {
    pub(crate) auth: Arc<auth::AuthMode>,
    pub(crate) schemas: schema::Schemas,
    pub(crate) source: source::Database,
    pub(crate) endpoints: http::Endpoints,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) inconsistencies: Vec<Inconsistency>,
    /// What the metadata API exports.
    pub(crate) metadata: Arc<Exported>,
    pub(crate) apis: Vec<String>,
    pub(crate) is_exposed: bool,
    pub(crate) cors: http::CorsDomains,
    pub(crate) dev_mode: bool,
    pub(crate) admin_internal_errors: bool,
    pub(crate) configured_header_precedence: bool,
    pub(crate) stringify_numeric_types: bool,
}

impl Shared {
    /// Whether a role is shown the internals of an error.
    pub(crate) fn shows_internal(&self, role: Option<&str>) -> bool {
        self.dev_mode || (self.admin_internal_errors && role == Some(session::ADMIN))
    }

    /// Whether the metadata API answers: it is enabled, it has a secret, and only this machine reaches it.
    pub(crate) fn has_metadata_api(&self) -> bool {
        self.is_enabled("metadata") && self.auth.has_secret() && !self.is_exposed
    }

    pub(crate) fn is_enabled(&self, api: &str) -> bool {
        self.apis.iter().any(|one| one == api)
    }
}

impl Engine {
    /// The routes, ready to be served.
    pub fn router(&self) -> axum::Router {
        http::router(self.running.clone())
    }

    /// What of the metadata does not fit the database or the environment and was left out, and why.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        self.running.current().inconsistencies.clone()
    }
}
