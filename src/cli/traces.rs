//! Sends spans to a collector by OTLP over HTTP, where OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names one.
//!
//! Spans wait in a bounded queue for a thread of their own, and what does not fit is dropped: a collector that is slow or
//! gone costs spans, and no request. What the spans say is decided where they begin; see `trace`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;
use tracing::{Subscriber, info, warn};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Traces;

/// Spans that wait to be sent, a few MiB at most; more than that are dropped.
const WAITING: usize = 4096;
/// Spans of one request to the collector.
const TOGETHER: usize = 512;
/// How long a span waits for others.
const MOMENT: Duration = Duration::from_secs(2);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the stop waits for what is still to be sent.
const FAREWELL: Duration = Duration::from_secs(3);

/// What sends spans, until it is told to stop.
pub(super) struct Sender(SdkTracerProvider);

impl Sender {
    /// Starts sending. To be called on a runtime, which does the sending.
    pub(super) fn start(traces: &Traces) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()
            .context("the client of the collector")?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime {
                client,
                headers: headers(traces)?,
                runtime: Handle::current(),
                is_refused: AtomicBool::new(false),
            })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces.url.expose().as_str())
            .with_timeout(PATIENCE)
            .build()
            .context("the exporter of traces")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(TOGETHER)
            .with_scheduled_delay(MOMENT)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name(traces.service_name.clone())
            .with_attribute(KeyValue::new("service.version", crate::VERSION))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(
                BatchSpanProcessor::builder(exporter)
                    .with_batch_config(batches)
                    .build(),
            )
            .with_sampler(sampler(traces))
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// What hands spans over.
    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, opentelemetry_sdk::trace::Tracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        // Neither lines of source nor threads: a span is looked at by people who run this, not by who wrote it.
        OpenTelemetryLayer::new(self.0.tracer("hasura-siwe"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
    }

    /// Sends what is left, for as long as [`FAREWELL`].
    pub(super) async fn finish(self) {
        let finished = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FAREWELL));
        // A collector that says nothing keeps the exporter's thread for longer; nobody waits for that.
        if !matches!(finished.await, Ok(Ok(()))) {
            warn!("the last spans were not sent");
        }
    }
}

fn sampler(traces: &Traces) -> Sampler {
    let share = Sampler::TraceIdRatioBased(traces.share);
    if traces.follows_caller {
        return Sampler::ParentBased(Box::new(share));
    }
    share
}

fn headers(traces: &Traces) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in traces.headers.expose() {
        // Neither cause is shown: it could quote a key.
        let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            bail!("a header for the collector is none");
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The exporter's thread is none of the runtime's, and reqwest wants one.
struct OnRuntime {
    client: reqwest::Client,
    /// Those of the configuration. The exporter reads the environment by itself, and not as the configuration does.
    headers: HeaderMap,
    runtime: Handle,
    is_refused: AtomicBool,
}

impl fmt::Debug for OnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnRuntime")
    }
}

type Sent<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, opentelemetry_http::HttpError>> + Send + 'a>>;

impl HttpClient for OnRuntime {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Sent<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request)?;
            let mut headers = self.headers.clone();
            for name in [CONTENT_TYPE, USER_AGENT] {
                if let Some(value) = request.headers_mut().remove(&name) {
                    headers.insert(name, value);
                }
            }
            *request.headers_mut() = headers;
            let client = self.client.clone();
            let answer = self.runtime.spawn(async move {
                // What it answers beside the status is not read: it could be of any size.
                client.execute(request).await.map(|answer| answer.status())
            });
            let answer = answer.await?.map_err(|error| without_url(&error));
            self.tell(
                answer
                    .as_ref()
                    .map(|status| status.as_u16())
                    .map_err(|cause| *cause),
            );
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = answer?;
            Ok(response)
        })
    }
}

/// The error of the client holds the URL, which may hold a key.
fn without_url(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "it did not answer in time"
    } else {
        "it cannot be reached"
    }
}

impl OnRuntime {
    /// Says once that spans are lost, and once that they are not any more.
    fn tell(&self, answer: Result<u16, &'static str>) {
        let cause = match answer {
            Ok(200..=299) => None,
            Ok(status) => Some(format!("it answered {status}")),
            Err(cause) => Some(cause.to_owned()),
        };
        match cause {
            Some(cause) if !self.is_refused.swap(true, Ordering::Relaxed) => {
                warn!(
                    cause,
                    "the collector takes no spans: traces have gaps from now on"
                );
            }
            None if self.is_refused.swap(false, Ordering::Relaxed) => {
                info!("the collector takes spans again")
            }
            _ => {}
        }
    }
}
