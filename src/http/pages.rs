//! Which pages are ours: the origin that a browser says a request comes from, held against SIWE_ORIGINS.
//!
//! A browser writes an origin in one form (lower case, without a default port; `null` where there is none to tell), and
//! that is the form in which ours are printed. So the bytes are compared, and there is no suffix, wildcard or
//! spelling that could match by accident. A program may send any Origin; what hangs on it protects browsers alone.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::siwe::Origin;

/// The listed origins, as browsers write them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages(Arc<[HeaderValue]>);

impl Pages {
    pub(super) fn of(origins: &[Origin]) -> Self {
        let origins = origins.iter().map(ToString::to_string);
        Self(
            origins
                .filter_map(|origin| HeaderValue::try_from(origin).ok())
                .collect(),
        )
    }

    /// The listed origin that stands in the header of this name. Two headers could be two pages', and are none.
    pub(super) fn listed(&self, headers: &HeaderMap, name: &HeaderName) -> Option<&HeaderValue> {
        let mut values = headers.get_all(name).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        self.0.iter().find(|origin| *origin == value)
    }

    /// Whether pages of this scheme are among them.
    pub(super) fn have(&self, scheme: &str) -> bool {
        self.0.iter().any(|origin| is_of(origin, scheme))
    }
}

/// Whether an origin is of this scheme.
pub(super) fn is_of(origin: &HeaderValue, scheme: &str) -> bool {
    origin
        .as_bytes()
        .strip_prefix(scheme.as_bytes())
        .is_some_and(|rest| rest.starts_with(b"://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::ORIGIN;

    fn pages() -> Pages {
        let listed = ["https://App.example.com:443", "http://localhost:3000"];
        Pages::of(&listed.map(|origin| origin.parse().unwrap()))
    }

    #[test]
    fn an_origin_is_listed_byte_by_byte_or_not_at_all() {
        let pages = pages();
        let listed = |origin: &str| {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())]);
            pages.listed(&headers, &ORIGIN).is_some()
        };
        assert!(listed("https://app.example.com") && listed("http://localhost:3000"));
        for stranger in [
            "",
            "null",
            "*",
            "https://App.example.com",
            "HTTPS://app.example.com",
            "http://app.example.com",
            "https://app.example.com:443",
            "https://app.example.com:8443",
            "https://app.example.com/",
            "https://app.example.com.evil.example",
            "https://evil-app.example.com",
            "https://evil.app.example.com",
            "https://app.example.com, https://app.example.com",
            "https://app.example.com https://evil.example",
            "http://localhost",
            "http://localhost:30000",
        ] {
            assert!(!listed(stranger), "{stranger}");
        }
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(pages().listed(&headers, &ORIGIN), None);
        for _ in 0..2 {
            headers.append(ORIGIN, HeaderValue::from_static("http://localhost:3000"));
        }
        assert_eq!(pages().listed(&headers, &ORIGIN), None);
    }

    #[test]
    fn schemes_are_told_apart_whole() {
        let https = HeaderValue::from_static("https://app.example.com");
        assert!(is_of(&https, "https") && !is_of(&https, "http") && pages().have("http"));
        assert!(!Pages::default().have("https"));
    }
}
