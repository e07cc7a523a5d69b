//! The `siwe` crate as a second opinion: what it builds and signs, we accept, and we agree on whose it is.
//!
//! Only on messages of its own making. On foreign ones it is known to be wrong in several ways.

use hasura_siwe::siwe::{Policy, restore, signature, verify};
use secp256k1::SecretKey;
use secp256k1::ecdsa::RecoverableSignature;
use siwe::{Message, TimeStamp, Version};
use time::Duration;
use time::macros::datetime;

/// The throw-away key of the vectors.
fn key() -> SecretKey {
    SecretKey::from_secret_bytes([7; 32]).unwrap()
}

const ADDRESS: &str = "0x4a62316623ad457F02cDC5D997deD67a383EC569";

fn sign(text: &str, key: &SecretKey) -> [u8; 65] {
    let digest = secp256k1::Message::from_digest(signature::hash(text));
    let (id, compact) = RecoverableSignature::sign_ecdsa_recoverable(digest, key).serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&compact);
    bytes[64] = 27 + id.to_u8();
    bytes
}

/// Messages with each optional field present and absent.
fn messages() -> Vec<Message> {
    let issued = datetime!(2026-01-01 00:00:00.123 UTC);
    (0..64)
        .map(|bits: u32| {
            let has = |bit: u32| bits & (1 << bit) != 0;
            let origin = if has(0) {
                "app.example.com"
            } else {
                "localhost:3000"
            };
            Message {
                domain: origin.parse().unwrap(),
                address: *ADDRESS.parse::<hasura_siwe::model::Address>().unwrap().as_bytes(),
                statement: has(1).then(|| "Sign in to \"the app\" (100% free).".to_owned()),
                uri: format!("https://{origin}/login?next=%2Fhome#top")
                    .parse()
                    .unwrap(),
                version: Version::V1,
                chain_id: if has(0) { 1 } else { 137 },
                nonce: format!("V4953jdM{bits}"),
                issued_at: TimeStamp::from(issued),
                expiration_time: has(2).then(|| (issued + Duration::minutes(5)).into()),
                not_before: has(3).then(|| issued.into()),
                request_id: has(4).then(|| "some_id:1@x".to_owned()),
                resources: ["ipfs://Qme7ss", "https://example.com/a.json"]
                    .map(|uri| uri.parse().unwrap())
                    .into_iter()
                    .filter(|_| has(5))
                    .collect(),
            }
        })
        .collect()
}

#[test]
fn both_agree_on_what_the_siwe_crate_builds() {
    let origins = ["https://app.example.com", "https://localhost:3000"].map(|origin| origin.parse().unwrap());
    let policy = Policy::new(origins);
    let now = datetime!(2026-01-01 00:01 UTC);
    let stranger = SecretKey::from_secret_bytes([8; 32]).unwrap();
    for message in messages() {
        let text = message.to_string();
        let good = sign(&text, &key());
        let hex = |bytes: &[u8; 65]| format!("0x{}", hex::encode(bytes));

        let proof = verify(&text, &hex(&good), &policy, now).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(proof.address().to_string(), ADDRESS);
        assert_eq!(proof.nonce(), message.nonce);
        assert_eq!(proof.domain(), message.domain.as_str());
        assert_eq!(proof.chain_id().get(), message.chain_id);
        assert!(message.verify_eip191(&good).is_ok() && message.valid_at(&now));
        assert_eq!(message.eip191_hash().unwrap(), signature::hash(&text));

        let flat = text.replace('\n', " ");
        assert_eq!(restore(&flat), text);
        assert_eq!(verify(&flat, &hex(&good), &policy, now), Ok(proof));

        let foreign = sign(&text, &stranger);
        assert!(message.verify_eip191(&foreign).is_err());
        let refusal = verify(&text, &hex(&foreign), &policy, now).unwrap_err();
        assert_eq!(refusal.code(), "signature_invalid");
    }
}
