//! The client at the far end, as the trusted proxies in front tell. It reads nothing that stands left of what they wrote.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use tracing::warn;

use super::log::RequestId;
use crate::model::Client;

const USER_AGENT_CAP: usize = 256;
/// How often the log says that an address cannot be read: every request may bring one.
const LOG_INTERVAL: Duration = Duration::from_secs(60);
/// So much of what cannot be read is logged.
const EXCERPT: usize = 48;

/// How `X-Forwarded-For` is read. Each trusted proxy appended the address it saw, so the client's is the `hops`th from
/// the right; what stands left of it was written by the client itself.
#[derive(Debug)]
pub(super) struct ForwardedFor {
    hops: usize,
    last_logged: Mutex<Option<Instant>>,
}

/// What the proxies wrote down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry<'a> {
    /// No proxy is trusted, or too few of them wrote anything.
    Absent,
    /// No address. No other entry is believed in its place.
    Unreadable(&'a [u8]),
    Address(IpAddr),
}

/// Where a request came from. `agent` is the header in which the client's own name arrives.
pub(super) fn client_of(request: &Request, forwarded_for: &ForwardedFor, agent: HeaderName) -> Client {
    let headers = request.headers();
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let user_agent = headers
        .get(agent)
        .and_then(|value| value.to_str().ok())
        .map(|text| text.chars().take(USER_AGENT_CAP).collect());
    let entry = forwarded_for.entry(headers);
    if let Entry::Unreadable(bytes) = entry {
        forwarded_for.log(bytes);
    }
    Client {
        ip: match entry {
            Entry::Address(ip) => Some(ip),
            Entry::Absent | Entry::Unreadable(_) => None,
        },
        is_unreadable: matches!(entry, Entry::Unreadable(_)),
        user_agent,
        request_id,
    }
}

impl ForwardedFor {
    /// Behind so many trusted proxies.
    pub(super) fn behind(hops: usize) -> Self {
        Self {
            hops,
            last_logged: Mutex::default(),
        }
    }

    /// What the outermost trusted proxy wrote. Counted in bytes: a client's own part may be no text at all.
    fn entry<'a>(&self, headers: &'a HeaderMap) -> Entry<'a> {
        let Some(place) = self.hops.checked_sub(1) else {
            return Entry::Absent;
        };
        let values = headers.get_all("x-forwarded-for");
        let mut entries = values
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        match entries.nth(place) {
            None => Entry::Absent,
            Some(entry) => address(entry).map_or(Entry::Unreadable(entry), Entry::Address),
        }
    }

    fn log(&self, entry: &[u8]) {
        let now = Instant::now();
        let mut last = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now - last < LOG_INTERVAL) {
            return;
        }
        *last = Some(now);
        drop(last);
        let entry = shape(entry);
        warn!(
            entry,
            "an entry of X-Forwarded-For is no address: such clients share their limits, and no address is noted for them"
        );
    }
}

/// An address as proxies write one: also with a port (`203.0.113.7:55220`), in brackets, with both, or with a zone. One of
/// IPv4 inside IPv6 is that of IPv4.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let v6 = |text: &str| -> Option<IpAddr> {
        let address = match text.split_once('%') {
            Some((address, zone)) if !zone.is_empty() => address,
            Some(_) => return None,
            None => text,
        };
        address.parse::<Ipv6Addr>().ok().map(IpAddr::from)
    };
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        let is_good = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        v6(inside).filter(|_| is_good)?
    } else if let Some((v4, _)) = text.split_once(':').filter(|(_, port)| is_port(port))
        && let Ok(v4) = v4.parse::<Ipv4Addr>()
    {
        v4.into()
    } else if let Ok(v4) = text.parse::<Ipv4Addr>() {
        v4.into()
    } else {
        v6(text)?
    };
    let address = address.to_canonical();
    // No client has this address; it stands for the clients whose address cannot be read.
    (!address.is_unspecified()).then_some(address)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// What an entry looks like, for the log: no digits, because they may be a person's address, and no byte that a
/// terminal obeys or that ends a line.
fn shape(entry: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b'0'..=b'9' => '0',
        b' ' | b'!'..=b'~' => char::from(*byte),
        _ => '\u{fffd}',
    };
    entry.iter().take(EXCERPT).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> Entry<'static> {
        Entry::Address(text.parse().unwrap())
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_client_address_is_counted_from_the_right_over_trusted_hops() {
        let headers = headers(&[b"6.6.6.6, 1.2.3.4", b"10.0.0.1"]);
        let behind = |hops| ForwardedFor::behind(hops).entry(&headers);
        assert_eq!(behind(0), Entry::Absent);
        assert_eq!(behind(1), ip("10.0.0.1"));
        assert_eq!(behind(2), ip("1.2.3.4"));
        assert_eq!(behind(3), ip("6.6.6.6"));
        assert_eq!(behind(4), Entry::Absent);
        assert_eq!(ForwardedFor::behind(1).entry(&HeaderMap::new()), Entry::Absent);
    }

    // Issue 14, item 12; field report P01.
    #[test]
    fn an_address_is_read_with_a_port_brackets_or_a_zone() {
        for (entry, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("\t 203.0.113.7 ", "203.0.113.7"),
            ("203.0.113.7:55220", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:443", "fe80::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
            ("[::ffff:cb00:7107]", "203.0.113.7"),
        ] {
            assert_eq!(
                address(entry.as_bytes()),
                Some(expected.parse().unwrap()),
                "{entry}"
            );
        }
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "unix:",
            "localhost",
            "203.0.113.7:",
            "203.0.113.7:x",
            "203.0.113.7:+1",
            "203.0.113.7:65536",
            "203.0.113.7:1:2",
            "203.0.113",
            "203.0.113.07",
            "203.0.113.7 203.0.113.8",
            "203.0.113.7%eth0",
            "[203.0.113.7]:443",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]443",
            "[2001:db8::1]:",
            "[2001:db8::1]x:1",
            "fe80::1%",
            "\"203.0.113.7\"",
            "0.0.0.0",
            "::",
            "[::]:443",
            "::ffff:0.0.0.0",
        ] {
            assert_eq!(address(entry.as_bytes()), None, "{entry}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_move_no_entry_and_are_none() {
        let behind =
            |hops, value: &[u8]| match ForwardedFor::behind(hops).entry(&headers(&[b"6.6.6.6", value])) {
                Entry::Address(ip) => ip.to_string(),
                Entry::Unreadable(entry) => shape(entry),
                Entry::Absent => "absent".to_owned(),
            };
        assert_eq!(behind(1, b"\xe9, 66.6.6.2"), "66.6.6.2");
        assert_eq!(behind(2, b"\xe9, 66.6.6.2"), "\u{fffd}");
        assert_eq!(behind(1, b"66.6.6.2, \xe9"), " \u{fffd}");
        assert_eq!(behind(2, b"66.6.6.2, , 10.0.0.1"), " ");
        assert_eq!(behind(1, b""), "");
    }

    #[test]
    fn what_is_logged_is_short_has_no_digits_and_obeys_no_terminal() {
        assert_eq!(
            shape(b"1.2.3.4;55220\x1b[31m\n\xff"),
            "0.0.0.0;00000\u{fffd}[00m\u{fffd}\u{fffd}"
        );
        assert_eq!(shape(&[b'x'; 1000]).len(), EXCERPT);
    }
}
