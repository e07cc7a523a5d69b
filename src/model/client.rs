//! Where a request came from, as far as trusted proxies tell. For the audit log and the list of
//! sessions; it never decides who somebody is.

use std::net::IpAddr;

/// The client at the far end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, where a trusted proxy wrote it down.
    pub ip: Option<IpAddr>,
    /// What it calls itself, cut to a bearable length.
    pub user_agent: Option<String>,
    /// The id under which this request is logged.
    pub request_id: String,
}
