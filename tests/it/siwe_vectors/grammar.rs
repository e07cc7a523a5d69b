//! Vectors of the grammar: what is read, what is not, and that nothing is lost on the way.

use hasura_siwe::model::{Address, AddressError};
use hasura_siwe::siwe::{self, Message};
use iri_string::types::UriStr;
use serde_json::Value;

use super::{assert_documented, committed, external, id, long_text, text};

/// The message printed from its fields, to see that each byte of it lies in one.
fn printed(message: &Message<'_>) -> String {
    let line =
        |label: &str, value: Option<&str>| value.map(|v| format!("\n{label}: {v}")).unwrap_or_default();
    let scheme = message
        .scheme
        .map(|scheme| format!("{scheme}://"))
        .unwrap_or_default();
    let statement = message
        .statement
        .map(|statement| format!("{statement}\n"))
        .unwrap_or_default();
    let resources = message.resources.iter().flat_map(|uris| {
        std::iter::once("\nResources:".to_owned()).chain(uris.iter().map(|uri| format!("\n- {uri}")))
    });
    [
        format!(
            "{scheme}{} wants you to sign in with your Ethereum account:\n",
            message.domain
        ),
        format!("{}\n\n{statement}", message.address),
        line("URI", Some(message.uri)) + "\nVersion: 1",
        line("Chain ID", Some(&message.chain_id.to_string())),
        line("Nonce", Some(message.nonce)),
        line("Issued At", Some(message.issued_at.text)),
        line("Expiration Time", message.expiration_time.map(|t| t.text)),
        line("Not Before", message.not_before.map(|t| t.text)),
        line("Request ID", message.request_id),
    ]
    .into_iter()
    .chain(resources)
    .collect()
}

fn assert_fields(id: &str, message: &Message<'_>, expect: &Value) {
    let address = message.address.to_string();
    let chain = message.chain_id.to_string();
    for (key, found) in [
        ("scheme", message.scheme),
        ("domain", Some(message.domain)),
        ("address", Some(&*address)),
        ("statement", message.statement),
        ("uri", Some(message.uri)),
        ("version", Some("1")),
        ("nonce", Some(message.nonce)),
        ("issuedAt", Some(message.issued_at.text)),
        ("expirationTime", message.expiration_time.map(|t| t.text)),
        ("notBefore", message.not_before.map(|t| t.text)),
        ("requestId", message.request_id),
    ] {
        assert_eq!(found, text(expect, key), "{id}: {key}");
    }
    assert_eq!(chain, expect["chainId"].to_string(), "{id}: chainId");
    assert_eq!(
        serde_json::json!(message.resources),
        expect["resources"],
        "{id}: resources"
    );
}

/// Parses each case; those that fail are returned. Flattened, a message comes back or is refused.
fn parse_all(cases: &[Value]) -> Vec<String> {
    let mut refused = Vec::new();
    for case in cases {
        let (id, text) = (text(case, "id").unwrap(), long_text(case, "message"));
        let Ok(message) = Message::parse(&text) else {
            refused.push(id.to_owned());
            continue;
        };
        assert_fields(id, &message, &case["expect"]);
        assert_eq!(printed(&message), text, "{id}");
        let flat = text.replace('\n', " ");
        let restored = siwe::restore(&flat);
        assert!(
            restored == text || Message::parse(&restored).is_err(),
            "{id}: {restored}"
        );
    }
    refused
}

#[test]
fn the_examples_of_erc_4361_are_read() {
    assert_eq!(
        parse_all(&committed("erc4361_examples.json")),
        Vec::<String>::new()
    );
}

#[test]
fn well_formed_messages_are_read_to_their_last_byte() {
    let Some(cases) = external("parsing_positive.json") else {
        return;
    };
    assert_documented("parsing_positive.json", &cases, parse_all(&cases));
}

#[test]
fn malformed_messages_are_refused() {
    let Some(cases) = external("parsing_negative.json") else {
        return;
    };
    let read = |case: &&Value| Message::parse(&long_text(case, "message")).is_ok();
    let otherwise = cases.iter().filter(read).map(id);
    assert_documented("parsing_negative.json", &cases, otherwise.collect());
}

#[test]
fn messages_built_from_fields_are_read_or_refused() {
    let Some(cases) = external("objects.json") else {
        return;
    };
    let accepted = |fields: &Value| -> Option<()> {
        let field = |key: &str| {
            fields
                .get(key)
                .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
        };
        let line = |label: &str, key: &str| field(key).map(|v| format!("\n{label}: {v}"));
        let resources = fields["resources"].as_array().map(|uris| {
            let uris = uris
                .iter()
                .map(|uri| format!("\n- {}", uri.as_str().unwrap_or_default()));
            std::iter::once("\nResources:".to_owned())
                .chain(uris)
                .collect::<String>()
        });
        let text = [
            field("domain")? + " wants you to sign in with your Ethereum account:\n",
            format!("{}\n\n{}\n", field("address")?, field("statement")?),
            line("URI", "uri")? + &line("Version", "version")?,
            line("Chain ID", "chainId")? + &line("Nonce", "nonce")? + &line("Issued At", "issuedAt")?,
            line("Expiration Time", "expirationTime").unwrap_or_default(),
            line("Not Before", "notBefore").unwrap_or_default(),
            line("Request ID", "requestId").unwrap_or_default(),
            resources.unwrap_or_default(),
        ];
        Message::parse(&text.concat()).ok().map(drop)
    };
    let otherwise = cases.iter().filter(|case| {
        let found = accepted(&case["fields"]).map_or("reject", |()| "accept");
        Some(found) != text(case, "expect")
    });
    let otherwise = otherwise.map(id).collect();
    assert_documented("objects.json", &cases, otherwise);
}

/// Does `input`, put where `rule` stands in a message, come back from there whole?
fn matches(rule: &str, input: &str) -> bool {
    let (scheme, statement, uri) = match rule {
        "scheme" => (input, "", "https://a".to_owned()),
        "statement" => ("https", input, "https://a".to_owned()),
        "userinfo" => ("https", "", format!("https://{input}@a/b")),
        "IPvFuture" => ("https", "", format!("https://[{input}]/b")),
        "reg-name" => ("https", "", format!("https://{input}/b")),
        "segment-nz" => ("https", "", format!("https://a/{input}")),
        "fragment" => ("https", "", format!("https://a/b#{input}")),
        "pct-encoded" => ("https", "", format!("https://a/{input}")),
        other => panic!("a rule that this test does not know: {other}"),
    };
    let text = format!(
        "{scheme}://a wants you to sign in with your Ethereum account:\n\
         0x4a62316623ad457F02cDC5D997deD67a383EC569\n\n{statement}\n\nURI: {uri}\nVersion: 1\nChain ID: 1\n\
         Nonce: 12345678\nIssued At: 2026-01-01T00:00:00Z"
    );
    let Ok(message) = Message::parse(&text) else {
        return false;
    };
    let uri = UriStr::new(message.uri).unwrap();
    let authority = uri.authority_components().unwrap();
    let found = match rule {
        "scheme" => message.scheme,
        "statement" => message.statement,
        "userinfo" => authority.userinfo(),
        "IPvFuture" => authority
            .host()
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']')),
        "reg-name" => Some(authority.host()),
        "fragment" => uri.fragment_str(),
        _ => uri.path_str().strip_prefix('/'),
    };
    found == Some(input)
}

#[test]
fn characters_are_admitted_where_the_grammar_has_them() {
    let Some(cases) = external("grammar_chars.json") else {
        return;
    };
    let otherwise = cases.iter().filter(|case| {
        matches(text(case, "rule").unwrap(), text(case, "input").unwrap()) != case["match"].as_bool().unwrap()
    });
    let otherwise = otherwise.map(id).collect();
    assert_documented("grammar_chars.json", &cases, otherwise);
}

#[test]
fn checksums_are_those_of_erc_55() {
    let Some(cases) = external("erc55.json") else {
        return;
    };
    let otherwise = cases.iter().filter(|case| {
        let (given, right) = (
            text(case, "address").unwrap(),
            text(case, "correct_form").unwrap(),
        );
        let address: Address = right.parse().unwrap();
        assert_eq!(address.to_string(), right);
        let parsed = given.parse::<Address>();
        let wrong = AddressError::Checksum { expected: address };
        assert_eq!(
            parsed.clone().unwrap_or_else(|error| {
                assert_eq!(error, wrong);
                address
            }),
            address
        );
        Some(parsed.is_ok()) != case["checksummed"].as_bool()
    });
    assert_documented("erc55.json", &cases, otherwise.map(id).collect());
}
