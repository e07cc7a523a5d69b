//! One function per intent.
//!
//! A flow takes typed input, asks the pure modules what is true and `storage` what is known, and
//! returns a typed outcome. It knows nothing of HTTP, JSON or status codes.

mod account;
mod authenticate;
mod challenge;
mod cleanup;
mod contract;
mod counts;
mod credentials;
mod deletions;
mod end;
mod error;
mod keys;
mod limiter;
mod live;
mod memory;
mod mint;
mod nonce;
mod opening;
mod password;
mod profile;
mod rotations;
mod seen;
mod session;
mod shares;
mod siwe;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use account::UpdateAccount;
pub use authenticate::Authenticated;
pub use credentials::{FreshProof, LinkPassword, Signed};
pub use error::Error;
pub use keys::{JWKS_MAX_AGE, KeyRefusal, SigningKeys};
pub use mint::{MintRefusal, Wanted};
pub use nonce::IssuedNonce;
pub use opening::Tokens;
pub use password::{Registration, key_of_name, key_of_user};
pub use profile::VerifiedToken;

use crate::clock::Clock;
use crate::config::{Config, Database, Lifetimes, Nonces, Passwords};
use crate::entropy::Entropy;
use crate::model::{Address, Flow};
use crate::password::Hashers;
use crate::rpc::{Chains, SetupError};
use crate::siwe::{LONGEST_AGE, Policy};
use crate::storage::Db;
use crate::token::{KeyRing, Signer, Verifier};

/// What the flows share: the database, the rules, the key, the clock and the dice.
pub struct Service {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    ring: Arc<KeyRing>,
    keys: keys::KeyReader,
    signer: Signer,
    verifier: Verifier,
    policy: Policy,
    chains: Chains,
    nonces: Nonces,
    nonce_life: Duration,
    flows: BTreeSet<Flow>,
    passwords: Passwords,
    hashers: Hashers,
    lifetimes: Lifetimes,
    admins: BTreeSet<Address>,
    rotations: rotations::Rotations,
    database: Database,
    challenge_limit: limiter::Bucket,
    registration_limit: limiter::Bucket,
    password_limit: Arc<limiter::Bucket>,
    password_shares: shares::Shares,
    contract_shares: shares::Shares,
    sign_up_limit: Option<Arc<limiter::Bucket>>,
    sign_ups_per_client: u32,
    live: live::LiveSessions,
    stopping: AtomicBool,
    seen: seen::SeenTokens,
    app: challenge::App,
    counts: counts::Counts,
}

impl Service {
    /// The service that `config` describes, on the database `db`.
    ///
    /// # Errors
    /// [`SetupError`], only with nodes to ask about contract wallets.
    pub fn new(config: &Config, db: Db, clock: Clock, entropy: Entropy) -> Result<Self, SetupError> {
        let ring = KeyRing::of(&config.jwt.keys);
        let contract_max_age = config.contract_max_age.try_into().unwrap_or(LONGEST_AGE);
        Ok(Self {
            db,
            clock,
            signer: Signer::new(
                &config.jwt,
                Arc::clone(&ring),
                config.lifetimes.of(Flow::Siwe).access,
                Lifetimes::ADMIN_ACCESS,
            ),
            verifier: Verifier::new(&config.jwt, Arc::clone(&ring)),
            ring,
            keys: keys::KeyReader::new(&config.jwt.keys, config.keys_encryption_key.as_ref()),
            policy: Policy::new(config.origins.clone()).contract_max_age(contract_max_age),
            chains: Chains::new(&config.rpc_urls)?,
            nonces: config.nonces,
            nonce_life: config.contract_max_age,
            flows: config.flows.clone(),
            passwords: config.passwords,
            hashers: hashers(entropy.clone()),
            lifetimes: config.lifetimes,
            admins: config.admins.clone(),
            rotations: rotations::Rotations::default(),
            database: config.database.clone(),
            challenge_limit: limiter::Bucket::of_challenges(),
            registration_limit: limiter::Bucket::of_registrations(),
            password_limit: Arc::new(limiter::Bucket::of_passwords()),
            password_shares: shares::Shares::of(limiter::PASSWORDS_AT_ONCE),
            contract_shares: shares::Shares::of(limiter::CONTRACT_CHECKS_AT_ONCE),
            sign_up_limit: limiter::Bucket::of_sign_ups(config.sign_ups.per_process).map(Arc::new),
            sign_ups_per_client: config.sign_ups.per_client,
            live: live::LiveSessions::new(),
            stopping: AtomicBool::new(false),
            seen: seen::SeenTokens::new(),
            entropy,
            app: challenge::App::of(config),
            counts: counts::Counts::new(),
        })
    }

    /// Whether requests can be served: the database answers and has this program's schema.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the cause, when it does not answer.
    pub async fn is_ready(&self) -> Result<bool, Error> {
        Ok(self.db.is_migrated().await?)
    }

    /// Whether the database takes writes, found out at most every few seconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the cause, when it does not.
    pub async fn takes_writes(&self) -> Result<(), Error> {
        self.db.takes_writes().await.map_err(Error::Unavailable)
    }

    /// Whether the process is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// From now on the process is not ready: it answers what comes, and is about to stop.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether one may sign in this way here. Sessions that were opened before go on.
    fn is_open(&self, flow: Flow) -> Result<(), Error> {
        if self.flows.contains(&flow) {
            Ok(())
        } else {
            Err(Error::FlowClosed)
        }
    }

    /// The database, for metrics and for closing it at the end.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// What judges access tokens. It follows the keys, and costs no I/O.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("nonces", &self.nonces)
            .field("lifetimes", &self.lifetimes)
            .finish_non_exhaustive()
    }
}

/// As many passwords at once as there are cores, and a queue that is done in about two seconds: whoever comes when it
/// is full is told so at once.
fn hashers(entropy: Entropy) -> Hashers {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_HASHERS);
    Hashers::new(threads, threads * QUEUE_OF_EACH, entropy)
}

/// Each takes 19 MiB while it works.
const MOST_HASHERS: usize = 8;
const QUEUE_OF_EACH: usize = 64;

/// How long a session's rows are kept after its end, so that its tokens are still known.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
