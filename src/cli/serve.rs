//! `serve`: the service, until it is asked to stop.

use std::process::ExitCode;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tracing::info;

use super::logging;
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{Config, Variables};
use crate::entropy::Entropy;
use crate::server;

/// Seconds; the hot paths take a few thousandths.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let config = Config::read(&variables)?;
    let _log = logging::start(config.log, &variables);
    logging::warn_of_unread(&variables);
    let app = App::build(&config, Clock::system(), Entropy::system())?;
    if let Some(address) = config.metrics {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .context("the histogram's buckets")?
            .install_recorder()
            .context("cannot record metrics")?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on METRICS_ADDR {address}"))?;
        info!(metrics.address = %address, "metrics on http://{address}/metrics");
        let router = app.metrics_router(recorder);
        tokio::spawn(async move {
            server::serve(
                listener,
                router,
                server::Limits::default(),
                std::future::pending(),
            )
            .await
        });
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on LISTEN_ADDR {}", config.listen))?;
    app.serve(listener, app::asked_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}
