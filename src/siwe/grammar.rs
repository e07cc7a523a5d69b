//! The small rules of the ERC-4361 grammar: which characters a field may hold.
//!
//! Each function judges one field by itself; which field stands where is `message.rs`. They expect
//! printable ASCII, which `message.rs` makes sure of first.

use iri_string::types::UriStr;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The longest Request ID that is read. ERC-4361 says that lengths should be capped, not where.
pub(super) const REQUEST_ID_CAP: usize = 128;

/// `scheme` of RFC 3986, section 3.1.
pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `authority` of RFC 3986, section 3.2, with a host. Userinfo and an empty port pass here, as the
/// grammar has them; no origin ever equals such a domain.
pub(super) fn is_domain(text: &str) -> bool {
    let as_uri = format!("x://{text}");
    UriStr::new(&as_uri).is_ok_and(|uri| {
        uri.authority_str() == Some(text)
            && uri
                .authority_components()
                .is_some_and(|authority| !authority.host().is_empty())
    })
}

/// `URI` of RFC 3986, section 3: with a scheme, never a relative reference.
pub(super) fn is_uri(text: &str) -> bool {
    UriStr::new(text).is_ok()
}

/// `statement`: one line of printable ASCII.
///
/// ERC-4361 admits reserved, unreserved and space only. Its erratum widens this to %x20-7E, and
/// statements with quotation marks are in use, so the nine characters between are admitted.
pub(super) fn is_statement(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// `nonce`: at least eight ASCII letters and digits, here at most 128 (viem makes 96). `char::is_alphanumeric` would
/// take letters and digits of every script.
pub(super) fn is_nonce(text: &str) -> bool {
    (8..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `request-id`: `*pchar` of RFC 3986, section 3.3. No blank, no slash; may be empty.
pub(super) fn is_request_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let pchar = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|b| b.is_some_and(|b| b.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !pchar {
            return false;
        }
    }
    true
}

/// `date-time` of RFC 3339, section 5.6, as an instant in UTC. `None` for days that do not exist
/// and for instants outside the years that we can compute with.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    // The crate takes any character between date and time; the grammar only this letter.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()?
        .checked_to_offset(UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_an_authority_with_a_host() {
        for good in [
            "a",
            "a.b:1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "user@a",
            "a:",
            "a:99999",
            "%41",
        ] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            ":80",
            "user@",
            "a/b",
            "a?b",
            "a#b",
            "a b",
            "https://a",
            "[::1",
            "a@b@c",
            "%4",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn a_request_id_is_made_of_pchars() {
        assert!(is_request_id("") && is_request_id("a:b@c%2F") && is_request_id("Resources:123"));
        for bad in ["a b", "a/b", "a?b", "%", "%2", "%2g", "a\"b"] {
            assert!(!is_request_id(bad), "{bad}");
        }
    }

    #[test]
    fn an_instant_is_what_rfc_3339_says_and_nothing_else() {
        for good in [
            "2026-01-01t00:00:00z",
            "2026-01-01T02:00:00+02:00",
            "2026-01-01T00:00:00-00:00",
        ] {
            assert_eq!(
                instant(good),
                Some(time::macros::datetime!(2026-01-01 00:00 UTC)),
                "{good}"
            );
        }
        for bad in [
            "",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00,5Z",
            "2026-01-01T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:00+0200",
            "+2026-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }
}
