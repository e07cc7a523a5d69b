//! Web origins: the list of sites whose messages are accepted, and what belongs to which.
//!
//! An origin is scheme, host and port, compared exactly: no suffix, no wildcard, no subdomain. Hosts
//! and schemes compare without regard to case and an absent port equals the scheme's default (RFC
//! 3986, section 6.2.2.1 and 6.2.3). Names are not resolved and not converted from Unicode.

use std::fmt;
use std::str::FromStr;

use iri_string::components::AuthorityComponents;
use iri_string::types::UriStr;
use serde::Serialize;

use super::grammar::is_scheme;

/// An origin such as `https://app.example.com` or `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    /// `None` where the port is the scheme's default, or where scheme and text have none.
    port: Option<u16>,
}

/// A text that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is scheme://host or scheme://host:port, without user, path, wildcard or trailing slash")]
pub struct OriginError;

impl Origin {
    /// The origin of `authority` under `scheme`. `None` for what no origin has: userinfo, an empty
    /// host or port, percent-encoding, a port that is no number from 1 to 65535.
    fn of(scheme: &str, authority: &AuthorityComponents<'_>) -> Option<Self> {
        let host = authority.host();
        if authority.userinfo().is_some() || host.is_empty() || host.contains('%') {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let port = match authority.port() {
            Some(digits) if digits.starts_with('0') => return None,
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        };
        let port = port.filter(|port| Some(*port) != default_port(&scheme));
        Some(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// The scheme alone, in lower case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host alone, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The origin that `uri` lies under; `None` for `did:`, `javascript:` and others without a host.
    pub(super) fn of_uri(uri: &str) -> Option<Self> {
        let uri = UriStr::new(uri).ok()?;
        Self::of(uri.scheme_str(), &uri.authority_components()?)
    }

    /// Does a message with this scheme and domain name this origin?
    ///
    /// ERC-4361 takes https where the scheme is absent. Libraries in browsers leave it out also on
    /// `http://localhost:3000`, so a domain alone names every listed origin with that host and port;
    /// which of them is meant, the URI then says.
    pub(super) fn is_named_by(&self, scheme: Option<&str>, domain: &str) -> bool {
        let uri = format!("{}://{domain}", scheme.unwrap_or(&self.scheme));
        Self::of_uri(&uri).is_some_and(|named| named == *self)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        // RFC 3986 admits an asterisk in a name; who writes one expects a wildcard, and there is none.
        if !is_scheme(scheme) || authority.contains(['/', '?', '#', '*']) {
            return Err(OriginError);
        }
        Self::of_uri(text).ok_or(OriginError)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_has_one_value_for_its_spellings() {
        assert_eq!(
            origin("https://App.Example.com:443"),
            origin("HTTPS://app.example.com")
        );
        assert_eq!(origin("http://localhost:80").to_string(), "http://localhost");
        assert_eq!(origin("https://localhost:80").to_string(), "https://localhost:80");
        assert_eq!(origin("http://[::1]:3000").to_string(), "http://[::1]:3000");
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://a/",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a:",
            "https://a:0",
            "https://a:080",
            "https://a:65536",
            "https://a%2eb",
            "https://*.a",
            "https://é",
            " https://a",
            "1a://b",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_domain_names_an_origin_exactly() {
        let app = origin("https://app.example.com");
        for (scheme, domain) in [
            (Some("https"), "app.example.com"),
            (None, "APP.example.com"),
            (None, "app.example.com:443"),
        ] {
            assert!(app.is_named_by(scheme, domain), "{domain}");
        }
        for (scheme, domain) in [
            (Some("http"), "app.example.com"),
            (None, "app.example.com:80"),
            (None, "app.example.com."),
            (None, "evil.app.example.com"),
            (None, "app.example.com.evil.example"),
            (None, "user@app.example.com"),
            (None, "app.example.com:"),
            (None, "app%2eexample.com"),
        ] {
            assert!(!app.is_named_by(scheme, domain), "{domain}");
        }
    }
}
