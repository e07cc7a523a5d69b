//! Traces: what a collector gets of a request, and what it costs when there is none that takes anything.

mod specification;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use hasura_siwe::clock::Clock;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::app::{ACTIONS_SECRET, guest, variables};
use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::{Reply, nonce, origin, wallet};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const KEY: &str = "KeyOfTheCollector";

/// What a collector was sent: headers and bodies.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>);

impl Collector {
    pub(crate) async fn start() -> (Self, String) {
        let collector = Self::default();
        let take = |State(collector): State<Self>, headers: HeaderMap, body: Bytes| async move {
            collector.0.lock().unwrap().push((headers, body));
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, endpoint)
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let sent = self.0.lock().unwrap();
        sent.iter()
            .map(|(_, body)| ExportTraceServiceRequest::decode(body.clone()).unwrap())
            .collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.requests()
            .into_iter()
            .flat_map(|request| request.resource_spans)
            .flat_map(|of_resource| of_resource.scope_spans)
            .flat_map(|of_scope| of_scope.spans)
            .collect()
    }

    /// Everything that was sent, as it went over the line.
    fn holds(&self, text: &str) -> bool {
        let sent = self.0.lock().unwrap();
        sent.iter()
            .any(|(_, body)| body.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

async fn serve(db: &TestDb, extra: &[(&str, &str)]) -> Process {
    let mut variables = variables(db);
    for (name, value) in extra {
        variables.set(name, *value);
    }
    Process::serve(variables).await
}

async fn call(process: &Process, traceparent: &str, path: &str, action: &str, input: Value) -> Reply {
    let body = json!({"action": {"name": action}, "input": input, "session_variables": guest()});
    let request = reqwest::Client::new()
        .post(format!("{}{path}", process.base))
        .header("x-actions-secret", ACTIONS_SECRET)
        .header("traceparent", traceparent)
        .json(&body);
    Reply::of(request.send().await.unwrap()).await
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    let value = found.value.as_ref()?.value.as_ref()?;
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    match value {
        Any::StringValue(text) => Some(text.clone()),
        Any::IntValue(number) => Some(number.to_string()),
        other => panic!("{name}: {other:?}"),
    }
}

/// The lines of a log whose ends were lost.
fn lines(log: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(log)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn sampled() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

#[tokio::test]
async fn a_request_that_carried_a_traceparent_is_a_part_of_that_trace() {
    let (collector, endpoint) = Collector::start().await;
    let db = TestDb::create().await;
    let process = serve(
        &db,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", &format!("api-key={KEY}")),
            ("OTEL_SERVICE_NAME", "auth"),
        ],
    )
    .await;
    let alice = wallet();
    let signed = alice.log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let reply = call(&process, &sampled(), "/actions/login", "v1Login", input).await;
    reply.assert_ok();
    let refresh = reply.refresh_token();
    let input = json!({"session": {"refreshToken": refresh}});
    call(
        &process,
        &sampled(),
        "/actions/restore-session",
        "v1RestoreSession",
        input,
    )
    .await
    .assert_ok();
    let (name, password) = ("anna@example.com", "correct horse battery staple");
    let input = json!({"email": name, "password": password});
    call(&process, &sampled(), "/actions/email-login", "login", input).await;
    let (ended, log) = process.stop().await;
    assert!(ended.success());

    let spans = collector.spans();
    let of_request = |path: &str| {
        let wanted = format!("POST {path}");
        let found = spans.iter().find(|span| span.name == wanted);
        found.unwrap_or_else(|| panic!("{wanted}: {spans:?}"))
    };
    let parts_of = |span: &Span| -> Vec<&str> {
        spans
            .iter()
            .filter(|part| part.parent_span_id == span.span_id)
            .map(|part| part.name.as_str())
            .collect()
    };
    for path in [
        "/actions/login",
        "/actions/restore-session",
        "/actions/email-login",
    ] {
        let span = of_request(path);
        assert_eq!(hex::encode(&span.trace_id), TRACE);
        assert_eq!(hex::encode(&span.parent_span_id), PARENT);
        assert_eq!(attribute(span, "http.route").as_deref(), Some(path));
        assert_eq!(attribute(span, "http.request.method").as_deref(), Some("POST"));
    }
    let log_in = of_request("/actions/login");
    // A new wallet has two: the first finds out that it is new.
    assert_eq!(parts_of(log_in), ["log_ins::LOG_IN", "log_ins::LOG_IN"]);
    assert_eq!(
        attribute(log_in, "http.response.status_code").as_deref(),
        Some("200")
    );
    let restores = spans.iter().find(|span| span.name == "restores").unwrap();
    assert_eq!(
        restores.parent_span_id,
        of_request("/actions/restore-session").span_id
    );
    assert_eq!(parts_of(restores), ["sessions::ROTATE"]);
    let with_password = of_request("/actions/email-login");
    assert_eq!(parts_of(with_password), ["guesses::ADMIT", "password hash"]);
    assert_eq!(
        attribute(with_password, "error.type").as_deref(),
        Some("credentials_invalid")
    );
    // What the service does by itself is part of nobody's trace.
    assert!(
        spans.iter().all(|span| hex::encode(&span.trace_id) == TRACE),
        "{spans:?}"
    );

    let resource = collector.requests()[0].resource_spans[0]
        .resource
        .clone()
        .unwrap();
    let resource = Span {
        attributes: resource.attributes,
        ..Span::default()
    };
    assert_eq!(attribute(&resource, "service.name").as_deref(), Some("auth"));
    assert_eq!(
        attribute(&resource, "service.version").as_deref(),
        Some(env!("CARGO_PKG_VERSION"))
    );
    let headers = collector.0.lock().unwrap()[0].0.clone();
    assert_eq!(headers["api-key"], KEY);
    for secret in [
        signed.signature.as_str(),
        signed.message.as_str(),
        refresh.as_str(),
        name,
        password,
        ACTIONS_SECRET,
        KEY,
        &alice.address().to_string(),
    ] {
        assert!(!collector.holds(secret), "{secret} is in a span");
    }
    let of_login = lines(&log)
        .into_iter()
        .find(|line| line["http.route"] == "/actions/login")
        .unwrap();
    assert_eq!(of_login["span"]["trace.id"], TRACE);
    assert_eq!(
        attribute(log_in, "request.id").as_deref(),
        of_login["span"]["request.id"].as_str()
    );
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test]
async fn a_node_that_was_asked_is_part_of_the_trace_by_its_host_alone() {
    let (collector, endpoint) = Collector::start().await;
    let db = TestDb::create().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let process = serve(
        &db,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("ETH_RPC_URLS", &format!("1=http://{nobody}/KeyOfTheProvider")),
        ],
    )
    .await;
    let mut signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    // Somebody else's: only a contract could say that it is good.
    signed.signature = wallet()
        .log_in(&origin(), 1, &nonce(), Clock::system().now())
        .signature;
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    call(&process, &sampled(), "/actions/login", "v1Login", input)
        .await
        .assert_error(400, "rpc_unavailable");
    process.stop().await;
    let spans = collector.spans();
    let asked = spans.iter().find(|span| span.name == "eth_chainId").unwrap();
    assert_eq!(hex::encode(&asked.trace_id), TRACE);
    assert_eq!(attribute(asked, "server.address"), Some(nobody.to_string()));
    // STATUS_CODE_ERROR.
    assert_eq!(asked.status.as_ref().unwrap().code, 2);
    assert!(!collector.holds("KeyOfTheProvider"));
}

#[tokio::test]
async fn whoever_began_a_trace_decides_whether_it_is_sent() {
    let (collector, endpoint) = Collector::start().await;
    let db = TestDb::create().await;
    let process = serve(
        &db,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ],
    )
    .await;
    let unsampled = format!("00-{}-{PARENT}-00", "1".repeat(32));
    for traceparent in [unsampled.as_str(), "nonsense", &sampled()] {
        call(&process, traceparent, "/actions/nonce", "v1Nonce", json!({})).await;
    }
    process.stop().await;
    let spans = collector.spans();
    let traces: Vec<String> = spans.iter().map(|span| hex::encode(&span.trace_id)).collect();
    assert!(
        !traces.is_empty() && traces.iter().all(|id| id == TRACE),
        "{traces:?}"
    );
}

#[tokio::test]
async fn a_collector_that_takes_nothing_costs_no_request_and_holds_up_no_stop() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (address, is_gone) in [(silent.local_addr().unwrap(), false), (gone, true)] {
        let db = TestDb::create().await;
        let process = serve(
            &db,
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}/"))],
        )
        .await;
        let begun = Instant::now();
        for _ in 0..200 {
            call(&process, &sampled(), "/actions/nonce", "v1Nonce", json!({})).await;
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "200 requests took {took:?}");
        let begun = Instant::now();
        let (ended, log) = process.stop().await;
        assert!(ended.success());
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(8), "the stop took {took:?}");
        let told = lines(&log)
            .iter()
            .filter(|line| {
                let message = line["message"].as_str().unwrap_or_default();
                message.starts_with("the collector takes no spans")
            })
            .count();
        // A silent one may not have been given up yet.
        assert!(told == 1 || told == 0 && !is_gone, "{log}");
    }
}
