//! A client's headers on their way to a handler or a hook: which are passed on, and what is added.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{USER_AGENT, VERSION};
use crate::hasura::metadata::IGNORED_CLIENT_HEADERS;

/// The headers of a client that are passed on.
pub(crate) fn passed_on(client: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    client
        .iter()
        .filter(|(name, _)| !IGNORED_CLIENT_HEADERS.contains(&name.as_str()) && !is_hop(name))
}

/// What every call says of itself, in place of what was said before.
pub(crate) fn add_own(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let agent = HeaderValue::from_str(&format!("{USER_AGENT}/{VERSION}")).expect("a plain name and number");
    headers.insert(header::USER_AGENT, agent);
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
