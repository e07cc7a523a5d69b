//! Everything short that people and programs name things by: addresses, origins, names, chains, tokens, passwords.

use std::fmt::Display;
use std::str::FromStr;

use hasura_siwe::model::{
    AccountName, Address, ChainId, ClaimName, ClaimValue, Email, Flow, NetworkName, RoleName, Username, Whose,
};
use hasura_siwe::password::{Password, Policy};
use hasura_siwe::siwe::Origin;
use hasura_siwe::token::RefreshToken;

use super::driver::Target;
use super::mutate;

const SEEDS: &[&str] = &[
    "0x4a62316623ad457F02cDC5D997deD67a383EC569",
    "0x4a62316623ad457f02cdc5d997ded67a383ec569",
    "137:0x4a62316623ad457F02cDC5D997deD67a383EC569",
    "https://app.example.com",
    "HTTP://LOCALHOST:80",
    "http://[::1]:3000",
    "anna.b+tag@mail.example.org",
    "anna_99",
    "\u{ff21}nna_99",
    "Zoë's wallet",
    "correct horse battery staple",
    "caf\u{e9} \u{fb01}sh \u{fdfa}",
    "ethereum",
    "editor",
    "x-hasura-team",
    "18446744073709551615",
    "936da01f-9abd-4d9d-80c7-02af85c822a8",
    "siwe",
];
const WORDS: &[&str] = &[
    "://",
    "https",
    "http",
    "0x",
    "@",
    ".",
    "-",
    "_",
    "+",
    "xn--",
    "localhost",
    "127.0.0.1",
    ":443",
    "x-hasura-",
    "admin",
    "user",
    "guest",
    "\u{1100}\u{1161}",
    "\u{ff20}",
    "\u{0307}",
    "K",
    "ẛ̣",
];

pub fn target() -> Target {
    Target {
        name: "names",
        seeds: SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        mutate: |draw, seeds| mutate::bytes(draw, seeds, WORDS),
        check: Box::new(check),
        short: 8000,
    }
}

/// What is read and printed is read again as the same, and prints as the same.
fn stays<T: FromStr + Display + PartialEq>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else {
        return false;
    };
    let printed = value.to_string();
    let again = printed.parse::<T>().ok();
    assert!(
        again.as_ref() == Some(&value),
        "{text:?} is printed as {printed:?}, which is another"
    );
    assert_eq!(again.unwrap().to_string(), printed);
    true
}

/// The same for what has a canonical text instead of a printer.
fn settles<T>(text: &str, parse: impl Fn(&str) -> Option<T>, canonical: impl Fn(&T) -> String) -> bool {
    let Some(value) = parse(text) else {
        return false;
    };
    let once = canonical(&value);
    let twice = parse(&once).map(|value| canonical(&value));
    assert_eq!(
        twice.as_ref(),
        Some(&once),
        "the one form of {text:?} has another one"
    );
    true
}

fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let text = text.as_ref();
    let read = [
        stays::<Address>(text),
        stays::<ChainId>(text),
        stays::<Origin>(text),
        settles(
            text,
            |text| Email::parse(text).ok(),
            |email| email.as_str().to_owned(),
        ),
        settles(
            text,
            |text| Username::parse(text).ok(),
            |name| name.as_str().to_owned(),
        ),
        settles(
            text,
            |text| AccountName::parse(text).ok(),
            |name| name.as_str().to_owned(),
        ),
        settles(
            text,
            |text| text.parse::<NetworkName>().ok(),
            |name| name.as_str().to_owned(),
        ),
        settles(
            text,
            |text| text.parse::<RoleName>().ok(),
            |name| name.as_str().to_owned(),
        ),
        settles(
            text,
            |text| text.parse::<ClaimName>().ok(),
            |name| name.as_str().to_owned(),
        ),
        settles(
            text,
            |text| text.parse::<ClaimValue>().ok(),
            |value| value.as_str().to_owned(),
        ),
        settles(
            text,
            |text| text.parse::<Flow>().ok(),
            |flow| flow.as_str().to_owned(),
        ),
        settles(text, RefreshToken::parse, |token| token.as_token_id().to_string()),
        text.parse::<Whose>().is_ok(),
    ];
    let password = Password::parse(text).ok();
    let weakness = password.map(|password| {
        let judged = Policy::new(15).unwrap().judge(&password, &["anna", "anna_99"]);
        judged.err().map(|weakness| weakness.to_string())
    });
    format!("{read:?} {weakness:?}")
}
