//! Access tokens: as text, and as header and claims that somebody changed and, at times, signed with our own key.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use hasura_siwe::config::JwtSecret;
use hasura_siwe::token::{Identity, KeyRing, LEEWAY, Signer, Verifier, inspect};
use serde::de::IgnoredAny;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::draw::Draw;
use super::driver::Target;
use super::{json, mutate};
use crate::support::app::JWT_SECRET;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Names and values of headers and claims.
pub const WORDS: &[&str] = &[
    "alg",
    "none",
    "HS256",
    "HS384",
    "RS256",
    "EdDSA",
    "typ",
    "at+jwt",
    "JWT",
    "kid",
    "jku",
    "jwk",
    "x5u",
    "x5c",
    "crit",
    "b64",
    "cty",
    "zip",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sub",
    "iss",
    "aud",
    "only_role",
    "hasura-siwe",
    "hasura",
    "https://hasura.io/jwt/claims",
    "x-hasura-allowed-roles",
    "x-hasura-default-role",
    "x-hasura-user-id",
    "x-hasura-session-id",
    "user",
    "admin",
    "00000000-0000-0000-0000-000000000000",
    ".",
    "..",
    "=",
    "e30",
];

pub fn target() -> Target {
    let secret = JwtSecret::parse(JWT_SECRET).unwrap();
    let verifier = Verifier::new(&secret, KeyRing::of(&secret.keys));
    Target {
        name: "token",
        seeds: vec![
            good().into_bytes(),
            b"eyJhbGciOiJub25lIn0.eyJleHAiOjAsInN1YiI6IngifQ.".to_vec(),
        ],
        mutate: another,
        check: Box::new(move |input| check(&verifier, &String::from_utf8_lossy(input))),
        short: 4000,
    }
}

/// A token of ours, good now.
pub fn good() -> String {
    token_at(NOW)
}

pub fn token_at(now: OffsetDateTime) -> String {
    let secret = JwtSecret::parse(JWT_SECRET).unwrap();
    let hour = Duration::from_secs(3600);
    let signer = Signer::new(&secret, Arc::clone(&KeyRing::of(&secret.keys)), hour, hour);
    let identity = Identity {
        user_id: Uuid::from_u128(1),
        session_id: Some(Uuid::from_u128(2)),
        address: None,
        extra_roles: vec!["editor".to_owned()],
        custom_claims: [("x-hasura-team".to_owned(), "7".to_owned())].into(),
    };
    let pen = signer.pen().unwrap();
    let token = pen.sign(Uuid::from_u128(3), &identity, hour, now, now + hour);
    token.as_str().to_owned()
}

/// The text changed, or what it says.
pub fn another(draw: &mut Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let text = String::from_utf8_lossy(draw.pick::<Vec<u8>>(seeds)).into_owned();
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return mutate::bytes(draw, seeds, WORDS);
    };
    let (Some(mut header), Some(mut claims)) = (part(header), part(claims)) else {
        return mutate::bytes(draw, seeds, WORDS);
    };
    if draw.once_in(4) {
        return mutate::bytes(draw, seeds, WORDS);
    }
    let donors = [header.clone(), claims.clone()];
    let which = if draw.once_in(3) { &mut header } else { &mut claims };
    json::change(draw, which, &donors, WORDS);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = if draw.once_in(8) {
        signature.to_owned()
    } else {
        encode(&tag(&signed))
    };
    format!("{signed}.{signature}").into_bytes()
}

fn check(verifier: &Verifier, token: &str) -> String {
    if let Some(seen) = inspect(token) {
        // It is one level deeper than what it shows, which may be as deep as a `Value` can be.
        assert!(serde_json::from_str::<IgnoredAny>(&seen).is_ok(), "{seen}");
    }
    let verified = match verifier.verify(token, NOW) {
        Ok(verified) => verified,
        Err(fault) => return format!("{fault:?}"),
    };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(
        signature,
        encode(&tag(signed)),
        "a signature that is not of our key"
    );
    let claims = part(signed.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(claims["iss"], "hasura-siwe");
    assert_eq!(
        claims["exp"].as_i64().unwrap(),
        verified.expires_at.unix_timestamp()
    );
    assert!(verified.expires_at + LEEWAY > NOW && verified.issued_at - NOW <= LEEWAY);
    assert!(verified.allowed_roles.contains(&verified.default_role));
    let named = &claims["https://hasura.io/jwt/claims"]["x-hasura-user-id"];
    assert_eq!(Uuid::parse_str(named.as_str().unwrap()), Ok(verified.user_id));
    "good".to_owned()
}

fn tag(signed: &str) -> Vec<u8> {
    let secret: Value = serde_json::from_str(JWT_SECRET).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret["key"].as_str().unwrap().as_bytes());
    hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&decode(text)?).ok()
}

/// base64url without padding (RFC 4648, section 5).
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut group, mut bits) = (0_u32, 0);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|one| *one == character)?;
        group = (group << 6 | u32::try_from(value).ok()?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
