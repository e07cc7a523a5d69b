//! The variables of OpenTelemetry's specification: endpoints, headers, samplers, and what turns traces off.

use serde_json::json;

use super::{Collector, PARENT, call, sampled, serve};
use crate::support::db::TestDb;

// Field reports C06 and C07.
#[tokio::test]
async fn the_endpoint_and_the_headers_of_traces_alone_count_as_the_specification_has_them() {
    let (collector, endpoint) = Collector::start().await;
    let own = format!("{endpoint}/v1/traces");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headers");
    std::fs::write(&file, "x-own=of%20traces\n").unwrap();
    let general = ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20dXNlcjpwYXNz");
    let alone = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own.as_str());
    for (extra, header, value, absent) in [
        (
            vec![alone, general],
            "authorization",
            "Basic dXNlcjpwYXNz",
            "x-own",
        ),
        // The path of traces is there already.
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", own.as_str()), general],
            "authorization",
            "Basic dXNlcjpwYXNz",
            "x-own",
        ),
        (
            vec![
                alone,
                general,
                ("OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE", file.to_str().unwrap()),
            ],
            "x-own",
            "of traces",
            "authorization",
        ),
    ] {
        collector.0.lock().unwrap().clear();
        let db = TestDb::create().await;
        let process = serve(&db, &extra).await;
        call(&process, &sampled(), "/actions/nonce", "v1Nonce", json!({})).await;
        process.stop().await;
        let sent = collector.0.lock().unwrap().clone();
        let (headers, _) = sent.first().unwrap_or_else(|| panic!("nothing came: {extra:?}"));
        assert_eq!(headers[header], value, "{extra:?}");
        assert!(
            !headers.contains_key(absent) && headers["content-type"] == "application/x-protobuf",
            "{headers:?}"
        );
    }
}

// Field report C07.
#[tokio::test]
async fn the_sampler_that_was_asked_for_decides_and_nothing_is_sent_where_it_is_disabled() {
    let (collector, endpoint) = Collector::start().await;
    let unsampled = format!("00-{}-{PARENT}-00", "1".repeat(32));
    for (extra, traces) in [
        (vec![("OTEL_TRACES_SAMPLER", "always_on")], 2),
        (vec![("OTEL_TRACES_SAMPLER", "always_off")], 0),
        (
            vec![
                ("OTEL_TRACES_SAMPLER", "traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "0"),
            ],
            0,
        ),
        (vec![("OTEL_TRACES_SAMPLER", "parentbased_always_off")], 1),
        (vec![("OTEL_SDK_DISABLED", "true")], 0),
        (vec![("OTEL_TRACES_EXPORTER", "none")], 0),
    ] {
        collector.0.lock().unwrap().clear();
        let db = TestDb::create().await;
        let mut all = extra.clone();
        all.extend([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ]);
        let process = serve(&db, &all).await;
        for traceparent in [unsampled.as_str(), &sampled()] {
            call(&process, traceparent, "/actions/nonce", "v1Nonce", json!({})).await;
        }
        let (_, log) = process.stop().await;
        let spans = collector.spans();
        let of_requests = spans.iter().filter(|span| span.name == "POST /actions/nonce");
        assert_eq!(of_requests.count(), traces, "{extra:?}: {spans:?}");
        // What has no effect is named where something is sent.
        let is_named = log.contains("OTEL_EXPORTER_OTLP_PROTOCOL is set, and has no effect");
        let is_off = ["OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"].contains(&extra[0].0);
        assert_eq!(is_named, !is_off, "{extra:?}: {log}");
    }
}
