//! The text of a message, with its line breaks and without.

use hasura_siwe::siwe::{Message, Policy, Refusal, restore, verify};
use serde_json::Value;
use time::macros::datetime;

use super::driver::Target;
use super::mutate;
use crate::repository::read;

/// The words of ERC-4361, and what stands between them.
pub const WORDS: &[&str] = &[
    " wants you to sign in with your Ethereum account:",
    "https://",
    "URI: ",
    "Version: 1",
    "Chain ID: ",
    "Nonce: ",
    "Issued At: ",
    "Expiration Time: ",
    "Not Before: ",
    "Request ID: ",
    "Resources:",
    "\nResources:\n- uri:a",
    "\nRequest ID: ",
    "\n- ",
    " - ",
    "\n",
    "\n\n",
    "0x4a62316623ad457F02cDC5D997deD67a383EC569",
    "0x4a62316623ad457f02cdc5d997ded67a383ec569",
    "localhost:3000",
    "user@",
    " wants you to sign in with your Base account:",
    "[status]=%",
    "\u{2019}",
    "\u{10ffff}",
    "[::1]",
    "2024-09-14T20:44:31.764Z",
    "2024-09-14t20:44:60+23:59",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
];

pub fn target() -> Target {
    Target {
        name: "message",
        seeds: seeds(true),
        mutate: |draw, seeds| mutate::bytes(draw, seeds, WORDS),
        check: Box::new(check),
        short: 6000,
    }
}

/// Every message of the vectors, and each of them as a chat window shows it.
pub fn seeds(flattened: bool) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for file in ["derived.json", "field_reports.json", "erc4361_examples.json"] {
        let file: Value = serde_json::from_str(&read(&format!("tests/vectors/{file}"))).unwrap();
        let messages = file["cases"].as_array().unwrap().iter();
        texts.extend(
            messages
                .filter_map(|case| case["message"].as_str())
                .map(str::to_owned),
        );
    }
    texts.sort();
    texts.dedup();
    let flat: Vec<String> = texts.iter().map(|text| text.replace('\n', " ")).collect();
    if flattened {
        texts.extend(flat);
    }
    texts.into_iter().map(String::into_bytes).collect()
}

/// What `message` says, printed again: each byte of the text lies in one of its fields.
fn printed(message: &Message<'_>) -> String {
    let mut text = message
        .scheme
        .map(|scheme| format!("{scheme}://"))
        .unwrap_or_default();
    text += message.domain;
    text += " wants you to sign in with your Ethereum account:\n";
    // Three spellings of an address are read as one; the text says which one stands there.
    text += message.text.lines().nth(1).unwrap_or_default();
    text += "\n\n";
    text += &message
        .statement
        .map(|statement| format!("{statement}\n"))
        .unwrap_or_default();
    text += &format!(
        "\nURI: {}\nVersion: 1\nChain ID: {}",
        message.uri, message.chain_id
    );
    text += &format!(
        "\nNonce: {}\nIssued At: {}",
        message.nonce, message.issued_at.text
    );
    for (label, value) in [
        ("Expiration Time", message.expiration_time.map(|time| time.text)),
        ("Not Before", message.not_before.map(|time| time.text)),
        ("Request ID", message.request_id),
    ] {
        text += &value
            .map(|value| format!("\n{label}: {value}"))
            .unwrap_or_default();
    }
    if let Some(resources) = &message.resources {
        text += "\nResources:";
        text.extend(resources.iter().map(|uri| format!("\n- {uri}")));
    }
    text
}

fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let restored = restore(&text).into_owned();
    assert_eq!(restore(&restored), restored, "restored twice is another text");
    if text.contains(['\n', '\r']) {
        assert_eq!(restored, text, "a text with line breaks was touched");
    }
    refusals_are_fit_to_print(&text);
    let message = match Message::parse(&restored) {
        Ok(message) => message,
        Err(Refusal::MessageMalformed(fault)) => return format!("{} {}", fault.line.min(20), fault.wanted),
        Err(refusal) => return refusal.code().to_owned(),
    };
    let again = printed(&message);
    assert_eq!(again, restored, "a byte lies in no field");
    assert_eq!(Message::parse(&again).as_ref(), Ok(&message));
    // A message that was flattened comes back as it was, or not at all.
    let flat = restored.replace('\n', " ");
    let back = restore(&flat);
    assert!(
        back == restored || Message::parse(&back).is_err(),
        "{restored:?} came back as another message: {back:?}"
    );
    format!(
        "read {:?}",
        (
            message.scheme.is_some(),
            message.statement.is_some(),
            message.expiration_time.is_some(),
            message.not_before.is_some(),
            message.request_id.map(str::is_empty),
            message.resources.map(|resources| resources.len())
        )
    )
}

fn refusals_are_fit_to_print(text: &str) {
    let origins = [
        "https://localhost:3000",
        "http://localhost:3000",
        "https://app.example.com",
    ];
    let policy = Policy::new(origins.map(|origin| origin.parse().unwrap()));
    let refusal = verify(text, "0x", &policy, datetime!(2024-09-14 20:45 UTC)).unwrap_err();
    assert!(Refusal::CODES.contains(&refusal.code()));
    let sentence = refusal.to_string();
    assert!(sentence.len() < 400, "{sentence}");
    assert!(sentence.chars().all(|c| (' '..='~').contains(&c)), "{sentence:?}");
}
