//! Where what is counted is kept, for the commands that answer at METRICS_ADDR. What is counted, and the answer, are `http`'s.

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::clock::Clock;
use crate::http::MetricsHandle;

/// Seconds; the hot paths take a few thousandths.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// Restores of one statement.
const RESTORES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// How often what was measured is put into its buckets: a scrape does so too, but there may be no scraper.
const UPKEEP: Duration = Duration::from_secs(5);

/// From now on what is counted is kept. To be called on a runtime, which puts it into its buckets.
pub(super) fn record(clock: &Clock) -> anyhow::Result<MetricsHandle> {
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
    let kept = recorder.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(recorder)
}
