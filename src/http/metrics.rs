//! `/metrics` in Prometheus' text format, on a listener of its own, and what is counted of each request. No label grows
//! without bound and none holds anything of a person.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics::{Counter, Histogram, counter, gauge, histogram};
pub use metrics_exporter_prometheus::PrometheusHandle as MetricsHandle;

use super::{ACTIONS, rest};
use crate::flow::Service;

const REQUESTS: &str = "hasura_siwe_requests_total";
const SECONDS: &str = "hasura_siwe_request_seconds";

/// Routes besides the actions and those of [`rest`].
const OTHERS: [&str; 5] = [
    "/webhook",
    "/.well-known/jwks.json",
    "/healthz",
    "/readyz",
    UNKNOWN,
];

/// The route of what is none.
pub(super) const UNKNOWN: &str = "unknown";

/// What is counted of requests, asked for once: the webhook answers in less time than a look for it by its labels takes.
pub(super) struct Requests(HashMap<&'static str, OfRoute>);

struct OfRoute {
    ok: Counter,
    seconds: Histogram,
}

impl Requests {
    /// All routes, with what an alarm watches at 0.
    pub(super) fn new() -> Self {
        let actions = ACTIONS.iter().map(|(path, _)| *path);
        for path in actions.clone() {
            counter!(REQUESTS, "route" => path, "code" => "caller_not_allowed").increment(0);
        }
        let routes = actions.chain(rest::ROUTES).chain(OTHERS);
        Self(
            routes
                .map(|route| {
                    counter!(REQUESTS, "route" => route, "code" => "unavailable").increment(0);
                    let of_route = OfRoute {
                        ok: counter!(REQUESTS, "route" => route, "code" => "ok"),
                        seconds: histogram!(SECONDS, "route" => route),
                    };
                    (route, of_route)
                })
                .collect(),
        )
    }

    /// Counts an answer.
    pub(super) fn count(&self, route: &str, code: &'static str, seconds: f64) {
        // The labels are our own routes and codes alone, so their number is bounded.
        match self.0.get(route) {
            Some(of_route) => {
                of_route.seconds.record(seconds);
                if code == "ok" {
                    return of_route.ok.increment(1);
                }
            }
            None => histogram!(SECONDS, "route" => route.to_owned()).record(seconds),
        }
        counter!(REQUESTS, "route" => route.to_owned(), "code" => code).increment(1);
    }
}

/// The router of METRICS_ADDR.
pub fn metrics_router(handle: MetricsHandle, service: Arc<Service>) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .with_state((handle, service))
}

async fn render(State((handle, service)): State<(MetricsHandle, Arc<Service>)>) -> String {
    service.measure();
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    handle.render()
}

/// As Linux tells it; elsewhere nobody is told.
fn resident_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}
