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

/// Where the first character of `text` is that a URI may not have at that place: a bracket outside of an address literal,
/// for instance. `None` where each character is allowed, so that their arrangement is at fault, and without a scheme.
pub(super) fn offender_of_uri(text: &str) -> Option<usize> {
    let (scheme, rest) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme))?;
    let start = scheme.len() + 1;
    let authority = rest.strip_prefix("//").map_or(0, |authority| {
        2 + authority.find(['/', '?', '#']).unwrap_or(authority.len())
    });
    let mut in_fragment = false;
    (start..text.len()).find(|at| match text.as_bytes()[*at] {
        b'%' => !is_escape(&text.as_bytes()[*at..]),
        b'[' | b']' => *at >= start + authority,
        b'#' => std::mem::replace(&mut in_fragment, true),
        byte => !(is_pchar(byte) || b"/?".contains(&byte)),
    })
}

/// Whether a percent-encoded byte begins here.
fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// `pchar` of RFC 3986, section 3.3, but for percent-encoding.
fn is_pchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
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
    (8..=128).contains(&text.len()) && offender_of_nonce(text).is_none()
}

/// Where the first character of `text` is that no nonce has.
pub(super) fn offender_of_nonce(text: &str) -> Option<usize> {
    text.bytes().position(|b| !b.is_ascii_alphanumeric())
}

/// `request-id`: `*pchar` of RFC 3986, section 3.3. No blank, no slash; may be empty.
pub(super) fn is_request_id(text: &str) -> bool {
    offender_of_request_id(text).is_none()
}

/// Where the first character of `text` is that no Request ID has at that place.
pub(super) fn offender_of_request_id(text: &str) -> Option<usize> {
    (0..text.len()).find(|at| match text.as_bytes()[*at] {
        b'%' => !is_escape(&text.as_bytes()[*at..]),
        byte => !is_pchar(byte),
    })
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

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

    // Issue 14, item 22: field report W08.
    #[test]
    fn the_first_character_that_a_uri_may_not_have_is_found() {
        for (text, at) in [
            ("https://a/list?filter[status]=open", Some(21)),
            ("https://a/a|b", Some(11)),
            ("https://a/{id}", Some(10)),
            ("https://a/?q=^", Some(13)),
            ("https://a/?q=a b", Some(14)),
            ("https://a/%2", Some(10)),
            ("https://a/%zz", Some(10)),
            ("https://a/#b#c", Some(12)),
            ("https://a/\u{e9}", Some(10)),
            ("https://[::1]/[", Some(14)),
            ("mailto:[a]", Some(7)),
            ("https://a\\b", Some(9)),
            // Each character may stand where it is; the whole is no URI.
            ("https://[::zz]/", None),
            ("/list?a[b]", None),
            ("", None),
            (":", None),
        ] {
            assert!(!is_uri(text), "{text}");
            assert_eq!(offender_of_uri(text), at, "{text}");
        }
        for good in ["https://[::1]:80/a?b/?c#d/?", "a:", "uri:%2F", "https://u:p@a/;="] {
            assert!(is_uri(good) && offender_of_uri(good).is_none(), "{good}");
        }
    }

    proptest! {
        #[test]
        fn a_character_is_named_only_where_it_spoils_the_uri(
            scheme in any::<bool>(),
            tail in vec(prop_oneof![4 => b' '..=b'~', 2 => select(b"[]#%/?:@0a".to_vec())], 0..40),
        ) {
            let tail = String::from_utf8(tail).unwrap();
            let text = format!("{}{tail}", if scheme { "https://a/" } else { "" });
            if let Some(at) = offender_of_uri(&text) {
                prop_assert!(!is_uri(&text));
                // What stands before it is allowed: the first one is named.
                prop_assert_eq!(offender_of_uri(&text[..at]), None);
            } else if scheme {
                prop_assert!(is_uri(&text), "{}", text);
            }
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
