//! The e-mail address that a person logs in with, in the one form it is kept and compared in. It is not a
//! proof that mail arrives there.

use std::fmt;

/// An e-mail address in lower case, such as `anna@example.org`.
///
/// ASCII only, before and behind the `@`: two addresses that look alike, or that a mail server further
/// on makes one of, must not be two accounts (homographs, full-width letters, a Unicode full stop). A
/// domain with other letters is written in its `xn--` form. RFC 5321 lets a server tell `Anna@` from
/// `anna@`; none that people use does, and a stranger who registers the other spelling would.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no e-mail address that can be used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// More than 254 bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
    #[error("the e-mail address is longer than 254 characters")]
    TooLong,
    /// A character outside of ASCII.
    #[error("the e-mail address may hold only letters without accents, digits and signs")]
    NotAscii,
    /// Blanks, no `@` or several, quotes, or parts that no mail server would have.
    #[error("that is no e-mail address")]
    Malformed,
}

impl Email {
    /// The most bytes of an address.
    pub const MAX_BYTES: usize = 254;

    /// The most bytes before the `@` (RFC 5321 section 4.5.3.1.1).
    const MAX_LOCAL: usize = 64;

    /// The most bytes of a part of the domain (RFC 1035 section 2.3.4).
    const MAX_LABEL: usize = 63;

    /// Reads an address. Nothing is trimmed: a blank that is taken away in one place and kept in another
    /// makes two of one.
    ///
    /// # Errors
    /// As [`EmailError`] says.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if text.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        // Judged as it came: NFKC would turn a full-width full stop or `@` into the real one.
        if !text.is_ascii() {
            return Err(EmailError::NotAscii);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::Malformed)?;
        if !is_local_part(local) || !is_domain(domain) {
            return Err(EmailError::Malformed);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(self.as_str(), |(local, _)| local)
    }
}

/// A dot-atom (RFC 5322 section 3.2.3). The quoted form may hold blanks, brackets and a second `@`, which
/// is how one address comes to be read as another.
fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    local.len() <= Email::MAX_LOCAL && local.split('.').all(is_atom)
}

/// Labels with at least one dot between them, or `localhost`; no address literal, no bare IPv4 address.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=Email::MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let has_name = |last: &str| !last.bytes().all(|b| b.is_ascii_digit());
    domain.split('.').all(is_label)
        && match domain.rsplit_once('.') {
            Some((_, last)) => has_name(last),
            None => domain.eq_ignore_ascii_case("localhost"),
        }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_refused(error: EmailError, texts: &[&str]) {
        for text in texts {
            assert_eq!(Email::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn one_address_in_any_letter_case_is_one_address() {
        let email = Email::parse("Anna.Meier+Shop@EXAMPLE.org").unwrap();
        assert_eq!(email.as_str(), "anna.meier+shop@example.org");
        assert_eq!(email.local_part(), "anna.meier+shop");
        assert_eq!(Email::parse("A@x.de"), Email::parse("a@X.DE"));
        assert!(Email::parse("root@LOCALHOST").is_ok());
        assert!(Email::parse("o'neil_99@xn--bcher-kva.example").is_ok());
    }

    #[test]
    fn what_only_looks_like_ascii_is_refused() {
        assert_refused(
            EmailError::NotAscii,
            &[
                "\u{430}nna@example.org",
                "\u{ff41}@x.de",
                "a\u{ff20}x.de",
                "a@x\u{ff0e}de",
                "a@x\u{3002}de",
                "a@b\u{fc}cher.example",
                "a\u{200b}@x.de",
                "\u{202e}a@x.de",
                "a@x.de\u{a0}",
                "a@\u{212a}elvin.org",
            ],
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert_refused(
            EmailError::Malformed,
            &[
                "",
                "@",
                "anna",
                "a@",
                "@x.de",
                " a@x.de",
                "a@x.de ",
                "a b@x.de",
                "a@x.de\n",
                "a\0@x.de",
                "a@b@x.de",
                "\"a b\"@x.de",
                "\"a@b\"@x.de",
                "Anna <a@x.de>",
                "a,b@x.de",
                ".a@x.de",
                "a.@x.de",
                "a..b@x.de",
                "a@de",
                "a@x.",
                "a@.de",
                "a@x..de",
                "a@-x.de",
                "a@x-.de",
                "a@x_y.de",
                "a@1.2.3.4",
                "a@[1.2.3.4]",
                "a@x.de.",
            ],
        );
    }

    #[test]
    fn the_parts_and_the_whole_have_their_limits() {
        let (local, label) = ("l".repeat(64), "d".repeat(63));
        assert!(Email::parse(&format!("{local}@{label}.de")).is_ok());
        assert_refused(
            EmailError::Malformed,
            &[&format!("l{local}@x.de"), &format!("a@d{label}.de")],
        );
        let longest = format!("{local}@{label}.{label}.{}.d", "d".repeat(59));
        assert_eq!(longest.len(), 254);
        assert!(Email::parse(&longest).is_ok());
        assert_refused(
            EmailError::TooLong,
            &[&format!("{longest}d"), &"x".repeat(1 << 20)],
        );
    }

    #[test]
    fn debug_shows_no_address() {
        let email = Email::parse("anna@example.org").unwrap();
        assert_eq!(format!("{email:?}"), "Email(***)");
    }
}
