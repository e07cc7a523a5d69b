//! Keys of our own: each algorithm from the key to the published set and back, and how a ring of them
//! refuses what is not theirs.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::super::ring::header;
use super::super::{
    Identity, KeyPair, KeyRing, KeySeal, KeyState, Keys, NoSigningKey, RsaBits, Signer, StoredKey,
    TokenFault, Verifier,
};
use crate::config::{ASYMMETRIC_TYPES, JwtSecret};
use crate::entropy::Entropy;
use crate::secret::Secret;

const NOW: OffsetDateTime = datetime!(2099-01-01 12:00 UTC);

fn secret() -> JwtSecret {
    JwtSecret::parse(r#"{"jwk_url":"http://service:4000/.well-known/jwks.json"}"#).unwrap()
}

fn seal() -> KeySeal {
    KeySeal::new(&Secret::new([7; 32]))
}

fn stored(algorithm: Algorithm, state: KeyState) -> StoredKey {
    let new = KeyPair::generate(algorithm, RsaBits::B2048)
        .unwrap()
        .sealed(&seal(), &Entropy::system());
    StoredKey {
        kid: new.kid,
        algorithm: new.algorithm,
        public: new.public,
        sealed: Some(new.sealed),
        state,
        since: None,
        until: None,
    }
}

struct Ring {
    ring: Arc<KeyRing>,
    signer: Signer,
    verifier: Verifier,
}

impl Ring {
    fn of(stored: &[StoredKey]) -> Self {
        let secret = secret();
        let ring = KeyRing::of(&secret.keys);
        let (keys, faults) = Keys::published(stored, &seal());
        assert!(faults.is_empty(), "{faults:?}");
        ring.replace(keys);
        let (ttl, admin) = (StdDuration::from_secs(3600), StdDuration::from_secs(900));
        Self {
            signer: Signer::new(&secret, Arc::clone(&ring), ttl, admin),
            verifier: Verifier::new(&secret, Arc::clone(&ring)),
            ring,
        }
    }

    fn token(&self) -> String {
        let identity = Identity {
            user_id: Uuid::from_u128(1),
            session_id: Some(Uuid::from_u128(2)),
            address: None,
            extra_roles: Vec::new(),
            custom_claims: Default::default(),
        };
        let ends = NOW + Duration::days(1);
        let hour = StdDuration::from_secs(3600);
        let pen = self.signer.pen().unwrap();
        let token = pen.sign(Uuid::from_u128(3), &identity, hour, NOW, ends);
        token.as_str().to_owned()
    }

    fn jwks(&self, now: OffsetDateTime) -> JwkSet {
        serde_json::from_str(&self.ring.keys().jwks(now).unwrap()).unwrap()
    }
}

#[test]
fn each_algorithm_signs_and_verifies_and_its_jwk_verifies_the_token_too() {
    for (_, algorithm) in ASYMMETRIC_TYPES {
        let key = stored(*algorithm, KeyState::Current);
        let ring = Ring::of(std::slice::from_ref(&key));
        let token = ring.token();
        assert!(token.len() < 2048, "{algorithm:?}: {} bytes", token.len());
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(
            (header.alg, header.kid.as_deref()),
            (*algorithm, Some(key.kid.as_str()))
        );
        let verified = ring.verifier.verify(&token, NOW).unwrap();
        assert_eq!(verified.user_id, Uuid::from_u128(1));

        let set = ring.jwks(NOW);
        let jwk = set.find(&key.kid).unwrap();
        let mut validation = Validation::new(*algorithm);
        validation.set_audience(&["hasura"]);
        validation.validate_exp = false;
        let decoding = DecodingKey::from_jwk(jwk).unwrap();
        jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, key.kid, "RFC 7638");
    }
}

#[test]
fn rsa_keys_of_every_size_are_read_back() {
    for bits in [RsaBits::B3072, RsaBits::B4096] {
        assert!(KeyPair::generate(Algorithm::RS256, bits).is_ok(), "{bits:?}");
    }
    for other in [Algorithm::HS256, Algorithm::PS256] {
        assert!(KeyPair::generate(other, RsaBits::B2048).is_err(), "{other:?}");
    }
}

#[test]
fn the_published_set_holds_what_hasura_needs_and_nothing_private() {
    for (_, algorithm) in ASYMMETRIC_TYPES {
        let ring = Ring::of(&[stored(*algorithm, KeyState::Current)]);
        let set: Value = serde_json::from_str(&ring.ring.keys().jwks(NOW).unwrap()).unwrap();
        let key = set["keys"][0].as_object().unwrap();
        assert_eq!(key["use"], "sig");
        assert_eq!(key["alg"], format!("{algorithm:?}"));
        assert!(key.contains_key("kid") && key.contains_key("kty"));
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(!key.contains_key(name), "{algorithm:?} publishes {name}");
        }
    }
}

#[test]
fn j01_a_public_key_is_no_hmac_secret_and_a_key_has_one_algorithm() {
    let rsa = stored(Algorithm::RS256, KeyState::Current);
    let ed = stored(Algorithm::EdDSA, KeyState::Next);
    let ring = Ring::of(&[rsa.clone(), ed.clone()]);
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(ring.token()).unwrap();
    let jwk: Value = serde_json::from_str(&rsa.public).unwrap();
    let secrets = [rsa.public.as_str(), jwk["n"].as_str().unwrap(), ""];
    for text in secrets {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let key = EncodingKey::from_secret(text.as_bytes());
            for (kid, fault) in [
                (Some(rsa.kid.clone()), TokenFault::Algorithm),
                (Some(ed.kid.clone()), TokenFault::Algorithm),
                (None, TokenFault::UnknownKey),
            ] {
                let token = jsonwebtoken::encode(&header(algorithm, kid), &claims, &key).unwrap();
                assert_eq!(ring.verifier.verify(&token, NOW), Err(fault));
            }
        }
    }
    // The right key under another algorithm of its family.
    let pair = seal().open(&rsa.kid, rsa.sealed.as_ref().unwrap()).unwrap();
    let pair = KeyPair::from_pkcs8(Algorithm::RS512, pair).unwrap();
    let other = header(Algorithm::RS512, Some(rsa.kid));
    let token = jsonwebtoken::encode(&other, &claims, &pair.encoding).unwrap();
    assert_eq!(ring.verifier.verify(&token, NOW), Err(TokenFault::Algorithm));
    // One key's signature under another's name.
    let good = ring.token();
    let (_, rest) = good.split_once('.').unwrap();
    let other = Ring::of(&[StoredKey {
        state: KeyState::Current,
        ..ed
    }]);
    let foreign = other.token();
    let (head, _) = foreign.split_once('.').unwrap();
    assert_eq!(
        other.verifier.verify(&format!("{head}.{rest}"), NOW),
        Err(TokenFault::Signature)
    );
    assert_eq!(other.verifier.verify(&good, NOW), Err(TokenFault::UnknownKey));
}

#[test]
fn j03_j04_a_token_of_a_published_key_has_the_one_header_too() {
    let key = stored(Algorithm::ES256, KeyState::Current);
    let ring = Ring::of(std::slice::from_ref(&key));
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(ring.token()).unwrap();
    let private = seal().open(&key.kid, key.sealed.as_ref().unwrap()).unwrap();
    let pair = KeyPair::from_pkcs8(Algorithm::ES256, private).unwrap();
    type Change = (fn(&mut Header), TokenFault);
    let changes: [Change; 5] = [
        (|header| header.typ = Some("refresh+jwt".into()), TokenFault::Type),
        (
            |header| header.crit = Some(vec!["x".into()]),
            TokenFault::Critical,
        ),
        (
            |header| header.jku = Some("http://127.0.0.1:9/".into()),
            TokenFault::BringsKey,
        ),
        (|header| header.kid = None, TokenFault::UnknownKey),
        (|header| header.extras.insert("x", json!(1)), TokenFault::Header),
    ];
    for (change, fault) in changes {
        let mut changed = header(Algorithm::ES256, Some(key.kid.clone()));
        change(&mut changed);
        let token = jsonwebtoken::encode(&changed, &claims, &pair.encoding).unwrap();
        assert_eq!(ring.verifier.verify(&token, NOW), Err(fault));
    }
}

#[test]
fn j07_old_tokens_are_good_until_their_key_is_retired_by_the_clock() {
    let mut old = stored(Algorithm::EdDSA, KeyState::Current);
    let new = stored(Algorithm::RS256, KeyState::Next);
    let ring = Ring::of(&[old.clone(), new.clone()]);
    let before = ring.token();
    assert_eq!(
        ring.jwks(NOW).keys.len(),
        2,
        "the next key is published before it signs"
    );

    let until = NOW + Duration::minutes(30);
    (old.state, old.sealed, old.until) = (KeyState::Retiring, None, Some(until));
    let current = StoredKey {
        state: KeyState::Current,
        ..new
    };
    let (keys, faults) = Keys::published(&[current.clone(), old.clone()], &seal());
    assert!(faults.is_empty());
    ring.ring.replace(keys);
    let after = ring.token();
    for token in [&before, &after] {
        assert!(ring.verifier.verify(token, NOW + Duration::minutes(29)).is_ok());
    }
    // No read of the database happens between these: the ring knows when the key's time is over.
    assert_eq!(ring.jwks(until - Duration::SECOND).keys.len(), 2);
    assert_eq!(ring.jwks(until).keys.len(), 1);
    assert_eq!(ring.verifier.verify(&before, until), Err(TokenFault::RetiredKey));
    assert!(ring.verifier.verify(&after, until).is_ok());

    let (keys, _) = Keys::published(&[current], &seal());
    ring.ring.replace(keys);
    assert_eq!(ring.verifier.verify(&before, NOW), Err(TokenFault::UnknownKey));
}

#[test]
fn a_key_that_does_not_open_or_was_changed_signs_nothing_and_is_said() {
    let key = stored(Algorithm::EdDSA, KeyState::Current);
    let other = stored(Algorithm::EdDSA, KeyState::Current);
    let signs = |keys: &[StoredKey], seal: &KeySeal| {
        let (keys, faults) = Keys::published(keys, seal);
        (keys.signing().err(), faults)
    };
    let (fault, faults) = signs(std::slice::from_ref(&key), &KeySeal::new(&Secret::new([8; 32])));
    assert!(
        faults[0]
            .to_string()
            .contains("KEYS_ENCRYPTION_KEY does not open it")
    );
    assert!(matches!(fault, Some(NoSigningKey::Unusable(_))));
    let changes: [fn(&mut StoredKey, &StoredKey); 5] = [
        |key, other| key.sealed.clone_from(&other.sealed),
        |key, other| key.public.clone_from(&other.public),
        |key, _| key.algorithm = "HS256".to_owned(),
        |key, _| key.algorithm = "ES256".to_owned(),
        |key, _| key.public = "{}".to_owned(),
    ];
    for change in changes {
        let mut changed = key.clone();
        change(&mut changed, &other);
        let (fault, faults) = signs(&[changed], &seal());
        assert!(!faults.is_empty());
        assert!(matches!(fault, Some(NoSigningKey::Unusable(_))));
    }
    assert_eq!(signs(&[], &seal()).0, Some(NoSigningKey::None));
    let unread = KeyRing::of(&secret().keys);
    assert_eq!(unread.keys().signing().err(), Some(NoSigningKey::NotRead));
    assert_eq!(unread.keys().jwks(NOW), None);
}
