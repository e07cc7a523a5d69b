//! `/metrics` in Prometheus' text format, on a listener of its own. No label grows without bound
//! and none holds anything of a person.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
pub use metrics_exporter_prometheus::PrometheusHandle as MetricsHandle;

use crate::flow::Service;

/// The router of METRICS_ADDR.
pub fn metrics_router(handle: MetricsHandle, service: Arc<Service>) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .with_state((handle, service))
}

async fn render(State((handle, service)): State<(MetricsHandle, Arc<Service>)>) -> String {
    let pool = service.db().pool_status();
    metrics::gauge!("hasura_siwe_pool_connections").set(as_gauge(pool.size));
    metrics::gauge!("hasura_siwe_pool_idle").set(as_gauge(pool.available));
    metrics::gauge!("hasura_siwe_pool_waiting").set(as_gauge(pool.waiting));
    handle.render()
}

fn as_gauge(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
