//! Where a request came from, as far as trusted proxies tell. For the audit log and the list of
//! sessions; it never decides who somebody is.

use std::net::{IpAddr, Ipv6Addr};

/// The client at the far end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, where a trusted proxy wrote it down.
    pub ip: Option<IpAddr>,
    /// Whether a trusted proxy wrote something down that is no address.
    pub is_unreadable: bool,
    /// What it calls itself, cut to a bearable length.
    pub user_agent: Option<String>,
    /// The id under which this request is logged.
    pub request_id: String,
}

impl Client {
    /// What limits know the client by: its address, of an IPv6 one the network alone, since whoever has one address of a
    /// /64 has them all (RFC 6177). All clients whose address cannot be read are one, under the address that no client
    /// has: a client that could make its address unreadable would otherwise be free of limits.
    pub fn limited_ip(&self) -> Option<IpAddr> {
        match self.ip {
            Some(IpAddr::V6(v6)) => Some(match v6.to_ipv4_mapped() {
                Some(v4) => v4.into(),
                None => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            }),
            None if self.is_unreadable => Some(Ipv6Addr::UNSPECIFIED.into()),
            ip => ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_is_known_by_its_network() {
        let limited = |ip: &str| {
            let client = Client {
                ip: Some(ip.parse().unwrap()),
                ..Client::default()
            };
            client.limited_ip().unwrap().to_string()
        };
        assert_eq!(limited("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(limited("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(limited("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn clients_without_a_readable_address_share_one_and_without_any_have_none() {
        let limited = |is_unreadable| {
            let client = Client {
                is_unreadable,
                ..Client::default()
            };
            client.limited_ip().map(|ip| ip.to_string())
        };
        assert_eq!(limited(true).as_deref(), Some("::"));
        assert_eq!(limited(false), None);
    }
}
