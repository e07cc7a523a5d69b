//! The variables of a service: read, or refused in sentences that name no secret.

use std::collections::BTreeMap;

use hasura_siwe::config::{Config, Faults, VARIABLES, Variables};
use serde_json::Value;

use super::driver::Target;
use super::json;
use crate::support::app::{ACTIONS_SECRET, JWT_SECRET, WITH_OWN_KEYS};

const WORDS: &[&str] = &[
    "postgres://",
    "sslmode=require",
    "password=",
    "host=",
    "https://",
    "http://",
    ",",
    ";",
    "15m",
    "1h30m",
    "14d",
    "0s",
    "-1s",
    "99999999999y",
    "18446744073709551615s",
    "1ns",
    "server",
    "client",
    "open",
    "closed",
    "json",
    "text",
    "siwe",
    "lens",
    "email",
    "username",
    "tanx",
    "all",
    "0x4a62316623ad457F02cDC5D997deD67a383EC569",
    "127.0.0.1:0",
    "[::]:4000",
    "{\"type\":\"RS256\",",
    "\"key\":",
    "\"jwk_url\":",
    "\"claims_map\":",
    "\"issuer\":",
    "\"audience\":[]",
    "_FILE",
];

pub fn target() -> Target {
    Target {
        name: "settings",
        seeds: seeds(),
        mutate: |draw, seeds| json::document(draw, seeds, WORDS),
        check: Box::new(check),
        short: 3000,
    }
}

/// The least that is needed, and each variable with its default or with something that it takes.
fn seeds() -> Vec<Vec<u8>> {
    let least: BTreeMap<&str, &str> = [
        (
            "DATABASE_URL",
            "postgres://siwe:Vt5Xr2Kq8Lm3@db.example:5432/siwe?sslmode=require",
        ),
        ("ACTIONS_SECRET", ACTIONS_SECRET),
        ("HASURA_GRAPHQL_JWT_SECRET", JWT_SECRET),
        ("SIWE_ORIGINS", "http://localhost:3000,https://app.example.com"),
    ]
    .into();
    let mut full = least.clone();
    for variable in VARIABLES {
        if let Some(default) = variable.default.filter(|_| !variable.secret) {
            full.entry(variable.name).or_insert(default);
        }
    }
    full.extend([
        ("DATABASE_CA_FILE", "ca.pem"),
        ("METRICS_ADDR", "127.0.0.1:9100"),
        ("REGISTRATION", "open"),
    ]);
    full.insert("ADMIN_ADDRESSES", "0x4a62316623ad457F02cDC5D997deD67a383EC569");
    let mut own_keys = least.clone();
    own_keys.extend(WITH_OWN_KEYS.iter().copied());
    [least, full, own_keys]
        .map(|variables| serde_json::to_vec(&variables).unwrap())
        .to_vec()
}

fn check(input: &[u8]) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_slice(input) else {
        return "no variables".to_owned();
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    // A file that is named is read: none of this machine's.
    let variables: Variables = fields
        .iter()
        .filter(|(name, value)| !(name.ends_with("_FILE") && text(value).contains('/')))
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let Faults(sentences) = match Config::read(&variables) {
        Ok(config) => return format!("read {:?} {:?}", config.nonces, config.flows),
        Err(faults) => faults,
    };
    assert!(!sentences.is_empty());
    // Who types a secret under a name that is no secret's is shown what was typed.
    let is_secret = |name: &str| {
        VARIABLES
            .iter()
            .any(|variable| variable.secret && variable.name == name)
    };
    let plain: String = variables
        .iter()
        .filter(|(name, _)| !is_secret(name))
        .map(|(_, value)| value)
        .collect();
    let is_a_word = |value: &str| VARIABLES.iter().any(|variable| variable.name.contains(value));
    let secrets: Vec<&str> = variables
        .iter()
        .filter(|(name, value)| {
            is_secret(name) && value.len() >= 12 && !plain.contains(value) && !is_a_word(value)
        })
        .map(|(_, value)| value)
        .collect();
    for sentence in &sentences {
        assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
        for secret in &secrets {
            assert!(
                !sentence.contains(secret),
                "a sentence has a secret in it: {sentence}"
            );
        }
    }
    let begins: Vec<&str> = sentences
        .iter()
        .filter_map(|sentence| sentence.split(' ').next())
        .collect();
    match begins.len() {
        1..=3 => begins
            .iter()
            .filter(|name| VARIABLES.iter().any(|known| known.name == **name))
            .copied()
            .collect(),
        more => format!("{more} faults"),
    }
}
