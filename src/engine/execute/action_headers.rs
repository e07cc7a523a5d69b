//! The headers of a call to an action's handler, merged as Hasura merges them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::engine::schema::ServedAction;
use crate::engine::session;
use crate::engine::{USER_AGENT, VERSION};

/// Client headers that are never passed on under their own names.
const IGNORED: [&str; 14] = [
    "content-length",
    "content-md5",
    "user-agent",
    "host",
    "origin",
    "referer",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-datetime",
    "cache-control",
    "connection",
    "dnt",
    "content-type",
];

const FORWARDED: [(HeaderName, &str); 3] = [
    (header::HOST, "x-forwarded-host"),
    (header::USER_AGENT, "x-forwarded-user-agent"),
    (header::ORIGIN, "x-forwarded-origin"),
];

/// The headers to send. Of two with one name the later wins: configured, then Hasura's own, then
/// the client's; or the client's first, where configured headers have precedence.
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
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let agent = HeaderValue::from_str(&format!("{USER_AGENT}/{VERSION}")).expect("a plain name and number");
    headers.insert(header::USER_AGENT, agent);
    if !configured_first {
        replace(&mut headers, forwarded.iter());
    }
    headers
}

fn replace<'h>(headers: &mut HeaderMap, others: impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)>) {
    for (name, value) in others {
        headers.insert(name.clone(), value.clone());
    }
}

fn forward(client: &HeaderMap) -> HeaderMap {
    let mut forwarded = HeaderMap::new();
    for (name, value) in client {
        if !IGNORED.contains(&name.as_str()) && !session::is_session_variable(name.as_str()) && !is_hop(name)
        {
            forwarded.insert(name.clone(), value.clone());
        }
    }
    for (name, as_name) in &FORWARDED {
        if let Some(value) = client.get(name) {
            forwarded.insert(HeaderName::from_static(as_name), value.clone());
        }
    }
    forwarded
}

/// Framing belongs to one connection; passing it on would break the call.
fn is_hop(name: &HeaderName) -> bool {
    [
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
    ]
    .contains(name)
}
