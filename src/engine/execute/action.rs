//! Calls an action's handler.
//!
//! The order of the checks is Hasura's: transport, then JSON, then the status. A handler's own
//! error (4xx) goes to the client; any other status hides it.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::action_headers::merge;
use super::action_output::{check, project};
use super::{Answer, Runner};
use crate::engine::fault::Fault;
use crate::engine::request::Field;
use crate::engine::schema::ServedAction;

impl Runner<'_> {
    pub(super) async fn action(&self, action: &ServedAction, field: &Field) -> Result<Answer, Fault> {
        let payload = json!({
            "action": {"name": action.definition.name},
            "input": field.arguments,
            "session_variables": self.call.session.variables(),
            "request_query": self.call.request.query,
        });
        let headers = merge(
            action,
            self.call.headers,
            self.shared.configured_header_precedence,
        );
        let request_info = json!({
            "url": action.definition.handler,
            "body": payload,
            "headers": action.configured_headers,
            "transformed_request": null,
        });
        let sent = self
            .shared
            .http
            .post(&action.url)
            .headers(headers)
            .timeout(Duration::from_secs(action.definition.timeout_seconds))
            .body(payload.to_string())
            .send();
        let received = async {
            let response = sent.await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        };
        let (status, headers, body) = received
            .await
            .map_err(|error| transport_fault(action, &request_info, &error))?;
        let response_info =
            |body: Value| json!({"status": status, "body": body, "headers": header_list(&headers)});
        let internal = |error: Value, body: Value| json!({"error": error, "request": request_info, "response": response_info(body)});
        let value: Value = serde_json::from_slice(&body).map_err(|error| {
            let text = String::from_utf8_lossy(&body).into_owned();
            let reason = format!("invalid json: Error in $: {error}");
            Fault::new(500, "unexpected", "not a valid json response from webhook")
                .with_internal(internal(reason.into(), text.into()))
        })?;
        match status {
            200..=299 => {
                check(&self.schema.schema, &action.definition.output_type, &value).map_err(|message| {
                    Fault::new(400, "unexpected", message)
                        .with_internal(internal("unexpected response".into(), value.clone()))
                })?;
                let raw: Box<RawValue> = serde_json::from_slice(&body).expect("it was read as JSON before");
                Ok(Answer {
                    value: project(&field.selection, &raw).expect("so were its parts"),
                    cookies: headers.get_all(header::SET_COOKIE).iter().cloned().collect(),
                })
            }
            400..=499 => Err(handler_fault(status, &value).unwrap_or_else(|fault| {
                fault.with_internal(internal("unexpected response".into(), value.clone()))
            })),
            _ => {
                let reason = format!("expecting 2xx or 4xx status code, but found {status}");
                Err(Fault::new(500, "unexpected", "internal error")
                    .with_internal(internal(reason.into(), value)))
            }
        }
    }
}

/// The handler's own error; `Err` when its body is not one.
fn handler_fault(status: u16, body: &Value) -> Result<Fault, Fault> {
    let malformed = |message: &str, path: &str| Fault::new(400, "parse-failed", message).at(path);
    let Value::Object(fields) = body else {
        return Err(malformed("expected Object for the error of an action", "$"));
    };
    let message = match fields.get("message") {
        Some(Value::String(message)) => message,
        Some(_) => return Err(malformed("parsing Text failed, expected String", "$.message")),
        None => return Err(malformed("the key 'message' was not present", "$")),
    };
    let code = match fields.get("code") {
        None | Some(Value::Null) => "unexpected",
        Some(Value::String(code)) => code,
        Some(_) => return Err(malformed("parsing Text failed, expected String", "$.code")),
    };
    let mut fault = Fault::new(status, code, message);
    fault.extensions = fields
        .get("extensions")
        .filter(|extensions| !extensions.is_null())
        .cloned()
        .map(Box::new);
    Ok(fault)
}

fn transport_fault(action: &ServedAction, request_info: &Value, error: &reqwest::Error) -> Fault {
    let name = &action.definition.name;
    tracing::warn!(action = %name, error = %error.without_url_chain(), "the handler of action {name} did not answer");
    let what = if error.is_timeout() {
        "Response timeout"
    } else {
        "Connection failure"
    };
    let url = reqwest::Url::parse(&action.url).ok();
    let part = |read: fn(&reqwest::Url) -> String| url.as_ref().map(read).unwrap_or_default();
    let internal = json!({
        "type": "http_exception",
        "message": what,
        "request": {
            "host": part(|url| url.host_str().unwrap_or_default().to_owned()),
            "port": url.as_ref().and_then(reqwest::Url::port_or_known_default),
            "secure": part(|url| url.scheme().to_owned()) == "https",
            "path": part(|url| url.path().to_owned()),
            "queryString": part(|url| url.query().map(|query| format!("?{query}")).unwrap_or_default()),
            "method": "POST",
            "requestHeaders": {},
            "responseTimeout": format!("ResponseTimeoutMicro {}", action.definition.timeout_seconds * 1_000_000),
        },
    });
    Fault::new(500, "unexpected", "http exception when calling webhook")
        .with_internal(json!({"error": internal, "request": request_info, "response": null}))
}

fn header_list(headers: &HeaderMap) -> Value {
    headers
        .iter()
        .map(|(name, value)| json!({"name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes())}))
        .collect()
}

/// The causes of an error on one line: the library's own text stops at the first.
trait Chain {
    fn without_url_chain(&self) -> String;
}

impl Chain for reqwest::Error {
    fn without_url_chain(&self) -> String {
        let mut text = String::new();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
