//! The line that a request leaves in the log, in the shape and under the names of Hasura's http-log.
//!
//! Never what was said: no query, variable, header or body, and of an error its code and path alone, since
//! its message may quote them. Of the session variables the role.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Version};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::frame::Note;
use crate::engine::trace::Trace;

/// The target of these lines: whoever formats a log leaves them as they are.
pub const HTTP_LOG: &str = "hasura_siwe::engine::http_log";

/// The kind of line, among Hasura's.
const TYPE: &str = "http-log";

/// What is known of a request before it is answered.
pub(super) struct Asked {
    pub(super) at: OffsetDateTime,
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) version: Version,
    pub(super) ip: Option<IpAddr>,
    pub(super) trace: Trace,
}

/// What is known of it afterwards.
pub(super) struct Answered {
    pub(super) at: OffsetDateTime,
    pub(super) status: u16,
    pub(super) response_size: Option<u64>,
    pub(super) note: Note,
}

pub(super) fn write(asked: &Asked, answered: &Answered) {
    let line = line(asked, answered);
    if answered.note.code.is_some() {
        tracing::error!(target: HTTP_LOG, "{line}");
    } else {
        tracing::info!(target: HTTP_LOG, "{line}");
    }
}

fn line(asked: &Asked, answered: &Answered) -> Value {
    let Answered { at, status, note, .. } = answered;
    let has_failed = note.code.is_some();
    json!({
        "type": TYPE,
        "timestamp": timestamp(*at),
        "level": if has_failed { "error" } else { "info" },
        "trace_id": asked.trace.id,
        "span_id": asked.trace.span,
        "detail": {
            "request_id": asked.id,
            "operation": operation(asked, answered),
            "http_info": {
                "status": status,
                "method": asked.method.as_str(),
                "ip": asked.ip.map(|ip| ip.to_string()),
                "url": asked.path,
                "http_version": format!("{:?}", asked.version),
                "content_encoding": null,
            },
        },
    })
}

/// As in Hasura, what does not apply is left out.
fn operation(asked: &Asked, answered: &Answered) -> Map<String, Value> {
    let note = &answered.note;
    let mut operation = Map::new();
    let mut put = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    put("request_id", asked.id.as_str().into());
    if let Some(role) = &note.role {
        put("user_vars", json!({"x-hasura-role": role}));
    }
    if let Some(size) = answered.response_size {
        put("response_size", size.into());
    }
    put(
        "query_execution_time",
        (answered.at - asked.at).as_seconds_f64().into(),
    );
    if let Some(name) = note.operation.as_deref().filter(|_| !note.is_batch()) {
        put("query", json!({"operationName": name}));
    }
    if let Some(code) = &note.code {
        put("error", json!({"path": note.error_path, "code": code}));
    }
    put("request_mode", mode(&asked.path, note).into());
    operation
}

fn mode(path: &str, note: &Note) -> &'static str {
    match path {
        _ if note.code.is_some() => "error",
        "/v1/graphql" if note.is_batch() => "batched",
        "/v1/graphql" => "single",
        _ => "non-graphql",
    }
}

/// As Hasura writes it: `2024-09-14T20:45:00.123+0000`.
fn timestamp(at: OffsetDateTime) -> String {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3][offset_hour sign:mandatory][offset_minute]"
    );
    at.format(&format).unwrap_or_default()
}

/// Who asks, as the proxy in front says, in the order in which Hasura believes it.
pub(super) fn client_ip(headers: &HeaderMap) -> Option<IpAddr> {
    ["x-real-ip", "x-forwarded-for"].iter().find_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?;
        text.split(',').next()?.trim().parse().ok()
    })
}
