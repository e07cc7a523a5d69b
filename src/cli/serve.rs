//! `serve`: the service, until it is asked to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tracing::info;

use super::logging;
use super::traces::Sender;
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{Config, Variables};
use crate::entropy::Entropy;
use crate::http::MetricsHandle;
use crate::server;

/// Seconds; the hot paths take a few thousandths.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// Restores of one statement.
const RESTORES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// How often what was measured is put into its buckets: a scrape does so too, but nobody may come to scrape.
const UPKEEP: Duration = Duration::from_secs(5);

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let config = Config::read(&variables)?;
    let traces = config.traces.as_ref().map(Sender::start).transpose()?;
    let _log = logging::start(config.log, &variables, traces.as_ref());
    logging::warn_of_unread(&variables);
    let clock = Clock::system();
    // Before the service is built: what is counted is asked for once.
    let recorder = match config.metrics {
        Some(_) => Some(record(&clock)?),
        None => None,
    };
    let app = App::build(&config, clock, Entropy::system())?;
    if let (Some(address), Some(recorder)) = (config.metrics, recorder) {
        serve_metrics(address, &app, recorder).await?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on LISTEN_ADDR {}", config.listen))?;
    let served = app.serve(listener, app::asked_to_stop()).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    served?;
    Ok(ExitCode::SUCCESS)
}

/// From now on what is counted is kept.
fn record(clock: &Clock) -> anyhow::Result<MetricsHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_restores_of_statement".to_owned()), RESTORES)
        })
        .context("the histogram's buckets")?
        .install_recorder()
        .context("cannot record metrics")?;
    metrics::gauge!("hasura_siwe_build_info", "version" => crate::VERSION).set(1.0);
    metrics::gauge!("process_start_time_seconds").set(clock.now().unix_timestamp() as f64);
    Ok(recorder)
}

async fn serve_metrics(address: SocketAddr, app: &App, recorder: MetricsHandle) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on METRICS_ADDR {address}"))?;
    info!(metrics.address = %address, "metrics on http://{address}/metrics");
    let router = app.metrics_router(recorder.clone());
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            recorder.run_upkeep();
        }
    });
    tokio::spawn(async move {
        server::serve(
            listener,
            router,
            server::Limits::default(),
            std::future::pending(),
        )
        .await
    });
    Ok(())
}
