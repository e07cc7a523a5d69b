//! Messages read by us and by the crate `signinwithethereum`: both find the same fields, or docs/siwe.md says why not.

use hasura_siwe::siwe::{Message, Origin, Refusal, TooLarge};
use signinwithethereum::Message as Theirs;

use super::driver::Target;
use super::messages::{WORDS, seeds};
use super::mutate;
use crate::repository::{between, read, table_rows};

pub fn target() -> Target {
    Target {
        name: "second-reader",
        seeds: seeds(false),
        mutate: |draw, seeds| mutate::bytes(draw, seeds, WORDS),
        check: Box::new(check),
        short: 6000,
    }
}

/// Where the two differ, named by the row of docs/siwe.md, "Traps of the grammar", that says how we read.
const CHARACTERS: &str = "characters";
const CHAIN: &str = "chain id";
const NONCE: &str = "nonce";
const TIMES: &str = "times";
const REQUEST_ID: &str = "Request ID";
const RESOURCES: &str = "resources";
const FIRST_LINE: &str = "first line";

fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    match (Message::parse(&text), text.parse::<Theirs>()) {
        (Ok(ours), Ok(theirs)) => {
            assert_same(&ours, &theirs);
            "both read it".to_owned()
        }
        (Err(_), Err(_)) => "both refuse it".to_owned(),
        (Err(refusal), Ok(theirs)) => match why_we_refuse(&text, &refusal, &theirs) {
            Some(row) => format!("refused here alone: {row}"),
            None => panic!("refused here alone, and docs/siwe.md does not say why: {refusal}\n{text:?}"),
        },
        (Ok(ours), Err(error)) => match why_they_refuse(&ours) {
            Some(row) => format!("read here alone: {row}"),
            None => panic!("read here alone, and docs/siwe.md does not say why: {error}\n{text:?}"),
        },
    }
}

fn assert_same(ours: &Message<'_>, theirs: &Theirs) {
    assert_eq!(ours.scheme, theirs.scheme.as_deref());
    assert_eq!(ours.domain, theirs.domain.as_str());
    assert_eq!(ours.address.as_bytes(), &theirs.address);
    assert_eq!(ours.statement, theirs.statement.as_deref());
    assert_eq!(ours.uri, theirs.uri.as_str());
    assert_eq!(ours.chain_id.get(), theirs.chain_id);
    assert_eq!(ours.nonce, theirs.nonce);
    assert_eq!(&ours.issued_at.at, theirs.issued_at.as_ref());
    let instant = |time: &signinwithethereum::TimeStamp| *time.as_ref();
    assert_eq!(
        ours.expiration_time.map(|time| time.at),
        theirs.expiration_time.as_ref().map(instant)
    );
    assert_eq!(
        ours.not_before.map(|time| time.at),
        theirs.not_before.as_ref().map(instant)
    );
    assert_eq!(ours.request_id, theirs.request_id.as_deref());
    // A list without an item and no list are one to them.
    let resources: Vec<&str> = theirs.resources.iter().map(|uri| uri.as_str()).collect();
    assert_eq!(ours.resources.clone().unwrap_or_default(), resources);
}

/// Judged on what the other one read, and not on our sentence.
fn why_we_refuse(text: &str, refusal: &Refusal, theirs: &Theirs) -> Option<&'static str> {
    let line = |label: &str| text.split('\n').find_map(|line| line.strip_prefix(label));
    if text.bytes().any(|b| b != b'\n' && !(b' '..=b'~').contains(&b)) {
        return Some(CHARACTERS);
    }
    match refusal {
        Refusal::MessageTooLarge(TooLarge::RequestId) => {
            return (theirs.request_id.as_ref()?.len() > 128).then_some(REQUEST_ID);
        }
        Refusal::MessageTooLarge(TooLarge::Resources) => {
            return (theirs.resources.len() > 16).then_some(RESOURCES);
        }
        _ => {}
    }
    if line("Chain ID: ")? != theirs.chain_id.to_string() || theirs.chain_id == 0 {
        return Some(CHAIN);
    }
    if theirs.nonce.len() > 128 {
        return Some(NONCE);
    }
    let is_odd = |time: &signinwithethereum::TimeStamp| {
        let written = time.to_string();
        let in_utc = time.as_ref().checked_to_offset(time::UtcOffset::UTC);
        !matches!(written.as_bytes().get(10), Some(b'T' | b't')) || in_utc.is_none()
    };
    let times = [
        Some(&theirs.issued_at),
        theirs.expiration_time.as_ref(),
        theirs.not_before.as_ref(),
    ];
    if times.into_iter().flatten().any(is_odd) {
        return Some(TIMES);
    }
    if format!("x://{}", theirs.domain)
        .parse::<iri_string::types::UriString>()
        .is_err()
    {
        return Some(FIRST_LINE);
    }
    let is_pchar = |id: &String| {
        format!("x:{id}").parse::<iri_string::types::UriString>().is_ok() && !id.contains(['/', '?', '#'])
    };
    theirs
        .request_id
        .as_ref()
        .is_some_and(|id| !is_pchar(id))
        .then_some(REQUEST_ID)
}

/// They take a domain for what the crate `http` calls an authority; ours is RFC 3986's, and one that is no web
/// origin's is refused when it is held against the list.
fn why_they_refuse(ours: &Message<'_>) -> Option<&'static str> {
    let is_origin = format!("https://{}", ours.domain).parse::<Origin>().is_ok();
    (!is_origin || ours.domain.contains(['[', '\''])).then_some(FIRST_LINE)
}

#[test]
fn every_difference_between_the_readers_has_its_row_in_the_document() {
    let document = read("docs/siwe.md");
    let rows = table_rows(between(&document, "\n## Traps of the grammar\n", "\n## "));
    for name in [CHARACTERS, CHAIN, NONCE, TIMES, REQUEST_ID, RESOURCES, FIRST_LINE] {
        assert!(rows.iter().any(|row| row[0] == name), "no row {name}");
    }
}
