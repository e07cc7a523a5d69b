//! The only place that joins things: configuration → service → router → listener.

use std::future::Future;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::flow::Service;
pub use crate::http::MetricsHandle;
use crate::http::{self, Http};
use crate::server;
use crate::storage::Db;
use crate::web;

/// A service ready to listen.
pub struct App {
    service: Arc<Service>,
    router: Router,
}

impl App {
    /// Builds the service. Does not wait for the database: while it is down requests are answered
    /// `unavailable` and `/readyz` says so.
    ///
    /// # Errors
    /// When the pool, or the client for nodes, cannot be set up from the configuration.
    pub fn build(config: &Config, clock: Clock, entropy: Entropy) -> anyhow::Result<Self> {
        let db = Db::open(&config.database, clock.clone(), entropy.clone())
            .context("cannot set up the database pool")?;
        let service = Service::new(config, db, clock, entropy.clone())?;
        let service = Arc::new(service);
        let http = Http::new(
            Arc::clone(&service),
            config.actions_secrets.clone(),
            config.trusted_hops,
        )
        .for_pages(&config.origins, config.refresh_cookie);
        Ok(Self {
            router: http::router(http, entropy, page(config)),
            service,
        })
    }

    /// The router of METRICS_ADDR.
    pub fn metrics_router(&self, handle: MetricsHandle) -> Router {
        http::metrics_router(handle, Arc::clone(&self.service))
    }

    /// What the flows are, for tests and for the cleanup.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Serves until `stop` is ready, lets what is under way finish, and closes the pool.
    ///
    /// # Errors
    /// When the listener fails, or when a node of ETH_RPC_URLS serves another chain than it says.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        // Before the first request, so that none is refused for want of keys that are there. A database
        // that is down is not waited for longer than a connection takes, and a node that is down for three seconds.
        let (reloaded, checked) = tokio::join!(self.service.reload_keys(), self.service.check_nodes());
        checked?;
        if let Err(error) = reloaded {
            warn!(
                error = &error as &dyn std::error::Error,
                "the signing keys could not be read yet"
            );
        }
        let keys = tokio::spawn(Arc::clone(&self.service).keep_keys());
        let cleanup = tokio::spawn(Arc::clone(&self.service).keep_clean());
        let listening = tokio::spawn(Arc::clone(&self.service).follow_announcements());
        if let Ok(address) = listener.local_addr() {
            info!(listen.address = %address, "listening on {address}");
        }
        let service = Arc::clone(&self.service);
        let stop = async move {
            stop.await;
            // A balancer that asks takes the hint while what it sends is still answered.
            service.begin_to_stop();
        };
        let served = server::serve(listener, self.router, server::Limits::default(), stop).await;
        cleanup.abort();
        keys.abort();
        listening.abort();
        self.service.db().close();
        info!("stopped");
        served.context("the listener failed")
    }
}

/// The sign-in page, where it is wanted.
fn page(config: &Config) -> Option<Router<Http>> {
    let web = config.web.as_ref()?;
    Some(web::router(&web::Settings {
        graphql: web.graphql.clone(),
        test_wallet: false,
        registration_is_open: config.passwords.registration_is_open,
    }))
}

/// Ready when the process is asked to stop: SIGTERM, or Ctrl-C at a terminal.
///
/// It listens from this call on, not from the first poll: whoever says "up" must not die of a signal
/// that comes the moment after.
pub fn asked_to_stop() -> impl Future<Output = ()> + Send + 'static {
    let listen = |kind| signal(kind).expect("a process may listen for signals");
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate()), listen(SignalKind::interrupt()));
    async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
