//! What is valid: the configuration of the service, read once at start.
//!
//! [`Variables`] is what was typed; [`Config::read`] judges all of it and says everything that is
//! wrong at once. Nothing here connects, opens or listens. [`VARIABLES`] is the list that
//! docs/configuration.md, `.env.example` and docker-compose.yml are held against.

mod database;
pub mod env;
mod jwt_secret;
mod keys_encryption;
mod lifetimes;
mod postgres_url;
mod read;
mod rpc_urls;
pub mod strength;
mod telemetry;
mod traces;
mod unread;
mod variables;
mod web;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use env::Variables;
pub use jwt_secret::{
    ASYMMETRIC_TYPES, DEFAULT_AUDIENCE, DEFAULT_ISSUER, DEFAULT_NAMESPACE, JwtKeys, JwtSecret,
};
pub use keys_encryption::keys_encryption_key;
pub use lifetimes::{Lifetime, Lifetimes};
pub use postgres_url::postgres_user;
pub use rpc_urls::RpcUrl;
pub use telemetry::Telemetry;
pub use traces::Traces;
pub use unread::{Unread, unread, unreadable};
pub use variables::{VARIABLES, Variable};
pub use web::Web;

use crate::model::{Address, ChainId, Flow};
use crate::password::Policy;
use crate::secret::Secret;
use crate::siwe::Origin;

/// Everything `serve` needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// Where actions and health are answered.
    pub listen: SocketAddr,
    /// Who may call the actions: any of these, one or two.
    pub actions_secrets: Vec<Secret<String>>,
    /// The origins whose messages may sign in.
    pub origins: Vec<Origin>,
    /// Whether pages of these origins get their refresh token as a cookie.
    pub refresh_cookie: bool,
    /// Who chooses nonces.
    pub nonces: Nonces,
    /// How old a message with an Expiration Time may be that a contract wallet signed.
    pub contract_max_age: Duration,
    /// The ways to sign in that are open.
    pub flows: BTreeSet<Flow>,
    /// The nodes that are asked about contract wallets, one or two a chain.
    pub rpc_urls: BTreeMap<ChainId, Vec<RpcUrl>>,
    /// What texts for wallets to sign call the app.
    pub app_name: String,
    /// How accounts with passwords come into being.
    pub passwords: Passwords,
    /// How many new wallets may sign up.
    pub sign_ups: SignUps,
    /// How long tokens live.
    pub lifetimes: Lifetimes,
    /// Externally owned accounts that may act as `admin`.
    pub admins: BTreeSet<Address>,
    /// How access tokens are signed.
    pub jwt: JwtSecret,
    /// What the private keys of a jwk_url are sealed under; always there with one.
    pub keys_encryption_key: Option<Secret<[u8; 32]>>,
    /// How many proxies in front append to X-Forwarded-For; 0 believes none of it.
    pub trusted_hops: usize,
    /// The sign-in page, if it is served.
    pub web: Option<Web>,
    /// Where metrics are answered, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Where spans are sent, if anywhere.
    pub traces: Option<Traces>,
    /// How the log looks.
    pub log: LogFormat,
}

/// The PostgreSQL that holds everything.
#[derive(Clone, Debug)]
pub struct Database {
    /// For requests; may go through a pooler.
    pub url: Secret<String>,
    /// For migrations, which need a session of their own.
    pub direct_url: Secret<String>,
    /// PEM certificates that a server certificate may rest on, besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Connections of this process.
    pub pool_size: usize,
    /// What stands between.
    pub pooler: Pooler,
}

/// What stands between the service and PostgreSQL, on the URL for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or what leaves a connection to one client for as long as it wants.
    None,
    /// What gives a connection to another client after each transaction: no prepared statements, no settings.
    Transaction,
}

/// What the commands about accounts need to know.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Where the data is.
    pub database: Database,
    /// Externally owned accounts that may act as `admin` whatever the database says.
    pub admins: BTreeSet<Address>,
    /// What a new password must be.
    pub policy: Policy,
}

/// How accounts with passwords come into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passwords {
    /// Whether guests may register.
    pub registration_is_open: bool,
    /// What a new password must be.
    pub policy: Policy,
}

/// How many new wallets may sign up in an hour, and at once after a quiet hour; 0 sets no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignUps {
    /// From the address of one client.
    pub per_client: u32,
    /// In this process.
    pub per_process: u32,
}

/// Who chooses the nonce of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    /// The client does; each is accepted once per address.
    Client,
    /// The service does; only what it issued is accepted, once.
    Server,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that is wrong with the configuration, a sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);
