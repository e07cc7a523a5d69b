//! Webhook mode: another server says who a request is from.
//!
//! It is asked once per HTTP request, and nothing that it answers is kept: `Cache-Control` and
//! `Expires` in its reply are for websockets, which are not served here. Every key of its reply is a
//! session variable, also one that does not begin with `x-hasura-`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Admitted;
use crate::engine::fault::Fault;
use crate::engine::request::GraphqlRequest;
use crate::engine::session::{ROLE, Session};
use crate::engine::{aeson, client_headers};

/// How long Hasura's HTTP library waits for an answer where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The server to ask, and how.
pub(crate) struct Hook {
    url: String,
    mode: HookMode,
}

/// How a hook learns of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookMode {
    /// From the client's headers.
    Get,
    /// From a JSON body with the client's headers and, unless switched off, the GraphQL request.
    Post { send_request_body: bool },
}

impl Hook {
    pub(crate) fn new(url: &str, mode: HookMode) -> Self {
        Self {
            url: url.to_owned(),
            mode,
        }
    }

    /// Asks; `body` is that of a GraphQL request, where there is one.
    pub(super) async fn ask(
        &self,
        http: &reqwest::Client,
        client: &HeaderMap,
        body: Option<&Value>,
    ) -> Result<Admitted, Fault> {
        let mut headers = HeaderMap::new();
        let request = match self.mode {
            HookMode::Get => {
                for (name, value) in client_headers::passed_on(client) {
                    headers.append(name.clone(), value.clone());
                }
                http.get(&self.url)
            }
            HookMode::Post { send_request_body } => {
                let mut payload = json!({"headers": texts(client)});
                if send_request_body {
                    payload["request"] = shown(body);
                }
                http.post(&self.url).body(payload.to_string())
            }
        };
        client_headers::add_own(&mut headers);
        let sent = request.headers(headers).timeout(TIMEOUT).send();
        let received = async {
            let response = sent.await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        };
        let (status, headers, body) = received.await.map_err(|error| {
            tracing::warn!(error = %error.without_url(), "the authentication hook did not answer");
            unexpected("webhook authentication request failed")
        })?;
        let session = session(status, &body)
            .inspect_err(|fault| tracing::warn!(status = status.as_u16(), "{}", fault.message))?;
        Ok(Admitted {
            session,
            cookies: headers.get_all(header::SET_COOKIE).iter().cloned().collect(),
        })
    }
}

/// The session that an answer gives. A redirect is an answer like any other that is not 200:
/// Hasura's library would follow it, with the client's headers, to wherever it points.
fn session(status: StatusCode, body: &[u8]) -> Result<Session, Fault> {
    match status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => {
            let message = "Authentication hook unauthorized this request";
            return Err(Fault::new(401, "access-denied", message));
        }
        _ => return Err(unexpected("Invalid response from authorization hook")),
    }
    let variables = strings(body)
        .map_err(|reason| unexpected(format!("Invalid response from authorization hook: {reason}")))?;
    let role = variables.get(ROLE).filter(|role| !role.is_empty()).cloned();
    let role = role.ok_or_else(|| {
        let message = format!("{ROLE} not found in session variables");
        Fault::new(400, "invalid-params", message)
    })?;
    Ok(Session::new(role, variables))
}

/// An object of strings, its keys in lower case.
fn strings(body: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("Error in $: {error}"))?;
    let Value::Object(fields) = value else {
        return Err(format!(
            "Error in $: {}",
            aeson::mismatch("HashMap", "Object", &value)
        ));
    };
    fields
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.to_lowercase(), text)),
            other => Err(format!(
                "Error in ${}: {}",
                aeson::path_step(&name),
                aeson::mismatch("Text", "String", &other)
            )),
        })
        .collect()
}

fn texts(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), text.into())
        })
        .collect()
}

/// The GraphQL request as Hasura read it, or null where it could not.
fn shown(body: Option<&Value>) -> Value {
    let one = |item: &Value| {
        let request = GraphqlRequest::from_json(item).ok()?;
        let mut shown = json!({"query": request.query});
        for name in ["variables", "operationName"] {
            if let Some(value) = item.get(name).filter(|value| !value.is_null()) {
                shown[name] = value.clone();
            }
        }
        Some(shown)
    };
    match body {
        Some(Value::Array(items)) => items
            .iter()
            .map(one)
            .collect::<Option<Vec<_>>>()
            .map(Value::Array),
        Some(item) => one(item),
        None => None,
    }
    .unwrap_or(Value::Null)
}

fn unexpected(message: impl Into<String>) -> Fault {
    Fault::new(500, "unexpected", message)
}
