//! The headers of a call to an action's handler, merged as Hasura merges them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::engine::schema::ServedAction;
use crate::engine::trace::Trace;
use crate::engine::{client_headers, session};

const FORWARDED: [(HeaderName, &str); 3] = [
    (header::HOST, "x-forwarded-host"),
    (header::USER_AGENT, "x-forwarded-user-agent"),
    (header::ORIGIN, "x-forwarded-origin"),
];

/// The headers to send. Of two with one name the later wins: configured, then Hasura's own, then
/// the client's; or the client's first, where configured headers have precedence. The trace goes over all.
pub(super) fn merge(action: &ServedAction, client: &HeaderMap, configured_first: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let forwarded = if action.definition.forward_client_headers {
        forward(client)
    } else {
        HeaderMap::new()
    };
    if configured_first {
        replace(&mut headers, forwarded.iter());
        replace(
            &mut headers,
            action.headers.iter().map(|(name, value)| (name, value)),
        );
    } else {
        replace(
            &mut headers,
            action.headers.iter().map(|(name, value)| (name, value)),
        );
    }
    client_headers::add_own(&mut headers);
    if !configured_first {
        replace(&mut headers, forwarded.iter());
    }
    Trace::add_to(&mut headers);
    headers
}

fn replace<'h>(headers: &mut HeaderMap, others: impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)>) {
    for (name, value) in others {
        headers.insert(name.clone(), value.clone());
    }
}

/// A client's own `X-Forwarded-Origin` and its siblings win over those that are made here, as in Hasura: a proxy in front
/// has to take them away.
fn forward(client: &HeaderMap) -> HeaderMap {
    let mut forwarded = HeaderMap::new();
    for (name, as_name) in &FORWARDED {
        if let Some(value) = client.get(name) {
            forwarded.insert(HeaderName::from_static(as_name), value.clone());
        }
    }
    for (name, value) in client_headers::passed_on(client) {
        if !session::is_session_variable(name.as_str()) {
            forwarded.insert(name.clone(), value.clone());
        }
    }
    forwarded
}
