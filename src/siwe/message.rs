//! The ERC-4361 message, read by position.
//!
//! Every line has one place, and a field is what stands in its place: a nonce inside the statement
//! is a part of the statement. The message borrows the text that it was read from and never prints
//! itself again. Whether the values are acceptable is not asked here.

use time::OffsetDateTime;

use super::fault::{Fault, Found};
use super::grammar::{
    REQUEST_ID_CAP, is_domain, is_nonce, is_request_id, is_scheme, is_uri, offender_of_nonce,
    offender_of_request_id, offender_of_uri,
};
use super::lines::Lines;
use super::refusal::{Refusal, TooLarge};
use super::statement;
use crate::model::{Address, AddressError, ChainId};

/// What follows the domain on the first line.
pub(super) const PREAMBLE: &str = " wants you to sign in with your Ethereum account:";
/// The labels in their order; a value follows each on the same line.
pub(super) const LABELS: [&str; 8] = [
    "URI: ",
    "Version: ",
    "Chain ID: ",
    "Nonce: ",
    "Issued At: ",
    "Expiration Time: ",
    "Not Before: ",
    "Request ID: ",
];
/// The header of the list at the end.
pub(super) const RESOURCES: &str = "Resources:";
/// The most resources that are read.
pub(super) const RESOURCES_CAP: usize = 16;

/// A message that follows the grammar. Made by [`Message::parse`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The text that was parsed, which is the text that is hashed.
    pub text: &'a str,
    /// `scheme`, the part before `://` on the first line.
    pub scheme: Option<&'a str>,
    /// `domain`, an RFC 3986 authority with a host.
    pub domain: &'a str,
    /// `address`.
    pub address: Address,
    /// `statement`; an empty one is not the same as none.
    pub statement: Option<&'a str>,
    /// `uri`.
    pub uri: &'a str,
    /// `chain-id`.
    pub chain_id: ChainId,
    /// `nonce`.
    pub nonce: &'a str,
    /// `issued-at`.
    pub issued_at: Timestamp<'a>,
    /// `expiration-time`.
    pub expiration_time: Option<Timestamp<'a>>,
    /// `not-before`.
    pub not_before: Option<Timestamp<'a>>,
    /// `request-id`, which may be empty.
    pub request_id: Option<&'a str>,
    /// `resources` in their order; `Some` and empty when only the header is there.
    pub resources: Option<Vec<&'a str>>,
}

/// An instant and the way in which the message writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp<'a> {
    /// As written.
    pub text: &'a str,
    /// In UTC.
    pub at: OffsetDateTime,
}

impl<'a> Message<'a> {
    /// Reads `text` by the grammar of ERC-4361 ("ABNF Message Format"), to its last byte.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        only_printable(text)?;
        let mut lines = Lines::new(text);

        let first = lines.next();
        let origin = first.strip_suffix(PREAMBLE);
        let origin = origin.ok_or_else(|| preamble_fault(&lines, text, first))?;
        let (scheme, domain) = match origin.split_once("://") {
            Some((scheme, domain)) => (Some(scheme), domain),
            None => (None, origin),
        };
        if !scheme.is_none_or(is_scheme) || !is_domain(domain) {
            return Err(lines
                .fault("an RFC 3986 scheme and authority before `wants you to sign in`")
                .into());
        }

        let address = lines.next().parse().map_err(|error| match error {
            AddressError::Malformed => lines.fault("an address, 0x and 40 hexadecimal digits").into(),
            AddressError::Checksum { expected } => Refusal::AddressNotChecksummed { expected },
        })?;

        let statement = statement::read(&mut lines)?;

        let uri = "`URI: ` and an absolute RFC 3986 URI, best the app's origin alone";
        let uri = lines.field(0, uri, is_uri, offender_of_uri)?;
        lines.field(1, "`Version: 1`", |version| version == "1", |_| None)?;
        let chain = "`Chain ID: ` and a number from 1 to 2^64 - 1 without sign or leading zero";
        let chain_id = lines.label(2, chain)?.parse().map_err(|_| lines.fault(chain))?;
        let nonce = "`Nonce: ` and 8 to 128 letters and digits of ASCII";
        let nonce = lines.field(3, nonce, is_nonce, offender_of_nonce)?;
        let issued_at = lines
            .timestamp(4)?
            .ok_or(lines.fault_ahead("`Issued At: ` and an RFC 3339 time"))?;
        let expiration_time = lines.timestamp(5)?;
        let not_before = lines.timestamp(6)?;
        let request_id = request_id(&mut lines)?;
        let resources = resources(&mut lines)?;
        lines.end()?;

        Ok(Self {
            text,
            scheme,
            domain,
            address,
            statement,
            uri,
            chain_id,
            nonce,
            issued_at,
            expiration_time,
            not_before,
            request_id,
            resources,
        })
    }
}

/// What a first line lacks. Where it names a network in place of Ethereum, the sentence names that as well, because
/// the difference is hard to see.
fn preamble_fault(lines: &Lines<'_>, text: &str, first: &str) -> Fault {
    let wanted = "`[scheme://]domain wants you to sign in with your Ethereum account:`";
    if let Some(word) = other_network(first) {
        let found = is_short_name(word).then(|| Found::Word(word.to_owned()));
        return Fault {
            found,
            ..lines.fault(wanted)
        };
    }
    lines.fault(match text.contains('\n') {
        true => wanted,
        false => "the message with its line breaks (they were missing and could not be restored)",
    })
}

/// What stands in a first line, or in a flattened text, where `Ethereum` should.
fn other_network(first: &str) -> Option<&str> {
    let (before, after) = PREAMBLE.split_once("Ethereum")?;
    let (_, rest) = first.split_once(before)?;
    let (word, _) = rest.split_once(after)?;
    (word != "Ethereum").then_some(word)
}

/// Whether a word may be repeated in a sentence: no longer and no stranger than the name of a network.
fn is_short_name(word: &str) -> bool {
    (1..=32).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b" -.".contains(&b))
}

/// No field may hold anything but printable ASCII, so this is said once, with its own sentence.
fn only_printable(text: &str) -> Result<(), Fault> {
    let offender = text
        .char_indices()
        .find(|(_, c)| *c != '\n' && !(' '..='~').contains(c));
    offender.map_or(Ok(()), |(at, character)| {
        let before = &text[..at];
        let line = 1 + before.matches('\n').count();
        if character == '\r' {
            let wanted = "line ends must be LF alone, without CR";
            return Err(Fault {
                line,
                wanted,
                found: None,
            });
        }
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        Err(Fault {
            line,
            wanted: "only printable ASCII characters may stand in a message",
            found: Some(Found::Character {
                character,
                place: 1 + before[begin..].chars().count(),
            }),
        })
    })
}

fn request_id<'a>(lines: &mut Lines<'a>) -> Result<Option<&'a str>, Refusal> {
    let Some(id) = lines.optional(7) else {
        return Ok(None);
    };
    if id.len() > REQUEST_ID_CAP {
        return Err(Refusal::MessageTooLarge(TooLarge::RequestId));
    }
    if !is_request_id(id) {
        let wanted = "`Request ID: ` and RFC 3986 pchars: no blank, no slash";
        return Err(lines.fault_at(wanted, id, offender_of_request_id(id)).into());
    }
    Ok(Some(id))
}

fn resources<'a>(lines: &mut Lines<'a>) -> Result<Option<Vec<&'a str>>, Refusal> {
    if lines.peek() != Some(RESOURCES) {
        return Ok(None);
    }
    lines.next();
    let mut resources = Vec::new();
    while lines.peek().is_some() {
        if resources.len() == RESOURCES_CAP {
            return Err(Refusal::MessageTooLarge(TooLarge::Resources));
        }
        let wanted = "`- ` and an absolute RFC 3986 URI, or the end of the text";
        let uri = lines.next().strip_prefix("- ").ok_or(lines.fault(wanted))?;
        if !is_uri(uri) {
            return Err(lines.fault_at(wanted, uri, offender_of_uri(uri)).into());
        }
        resources.push(uri);
    }
    Ok(Some(resources))
}
