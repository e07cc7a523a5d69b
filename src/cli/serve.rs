//! `serve`: the service, until it is asked to stop.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::info;

use super::traces::Sender;
use super::{logging, metrics};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{Config, Variables};
use crate::entropy::Entropy;
use crate::http::MetricsHandle;
use crate::server;

pub(super) async fn run(variables: Variables) -> anyhow::Result<ExitCode> {
    let config = Config::read(&variables)?;
    let traces = config.traces.as_ref().map(Sender::start).transpose()?;
    let _log = logging::start(config.log, &variables, traces.as_ref());
    logging::warn_of_unread(&variables);
    let clock = Clock::system();
    // Before the service is built: what is counted is asked for once.
    let recorder = match config.metrics {
        Some(_) => Some(metrics::record(&clock)?),
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

/// Answers scrapes until the process ends.
async fn serve_metrics(address: SocketAddr, app: &App, recorder: MetricsHandle) -> anyhow::Result<()> {
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
    Ok(())
}
