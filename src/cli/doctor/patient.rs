//! What is examined: what was given, and what the checks have learnt so far.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use time::OffsetDateTime;

use super::Arguments;
use crate::cli::one_line;
use crate::clock::Clock;
use crate::config::{Config, Database, Faults, Variables};
use crate::entropy::Entropy;
use crate::storage::{Db, Inspection};
use crate::token::KeyRing;

/// A deployment.
pub(super) struct Patient {
    pub(super) arguments: Arguments,
    pub(super) variables: Variables,
    pub(super) config: Result<Config, Faults>,
    /// It may be readable where the rest is not.
    pub(super) database: Result<Database, Faults>,
    /// Follows no redirect: what is asked is asked of the one that was named.
    pub(super) client: reqwest::Client,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    /// Set by `database` when it answered.
    pub(super) db: Option<Db>,
    pub(super) inspection: Option<Seen<Inspection>>,
    /// Chain ids that may sign in; set by `networks`.
    pub(super) chains: Vec<u64>,
    /// Set by `signing-key` when a key signs.
    pub(super) ring: Option<Arc<KeyRing>>,
    /// The key that signs, where keys are published.
    pub(super) kid: Option<String>,
    /// Set by `hasura` when it answered.
    pub(super) hasura: Option<Hasura>,
    /// Set by `forged-token`.
    pub(super) mode: Option<Mode>,
}

/// Something that was seen, and between which instants.
pub(super) struct Seen<T> {
    pub(super) what: T,
    pub(super) asked: OffsetDateTime,
    pub(super) answered: OffsetDateTime,
}

/// A Hasura that answers.
pub(super) struct Hasura {
    /// As it was named.
    pub(super) endpoint: String,
    /// The instant in its answer's `Date`.
    pub(super) date: Option<Seen<OffsetDateTime>>,
}

/// How Hasura learns who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Jwt,
    Webhook,
}

impl Patient {
    pub(super) fn new(arguments: Arguments, variables: Variables) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .context("cannot set up a client")?;
        Ok(Self {
            config: Config::read(&variables),
            database: Database::read(&variables),
            arguments,
            variables,
            client,
            clock: Clock::system(),
            entropy: Entropy::system(),
            db: None,
            inspection: None,
            chains: Vec::new(),
            ring: None,
            kid: None,
            hasura: None,
            mode: None,
        })
    }
}

/// A failed call, on one line and without its URL, in which a key may stand.
pub(super) fn cause(error: reqwest::Error) -> String {
    one_line(&anyhow::Error::new(error.without_url()))
}
