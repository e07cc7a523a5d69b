//! The verifier against forged, broken and foreign tokens; each test has the id of its abuse case.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::ring::header;
use super::{KeyRing, TokenFault, Verifier};
use crate::config::JwtSecret;

const KEY: &str = "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A";
/// Far from the system's clock, which must not be asked.
const NOW: OffsetDateTime = datetime!(2099-01-01 12:00 UTC);

fn secret() -> JwtSecret {
    JwtSecret::parse(&json!({"type": "HS256", "key": KEY}).to_string()).unwrap()
}

fn verifier() -> Verifier {
    let secret = secret();
    Verifier::new(&secret, KeyRing::of(&secret.keys))
}

fn claims() -> Value {
    let now = NOW.unix_timestamp();
    json!({
        "iss": "hasura-siwe", "aud": "hasura", "sub": Uuid::from_u128(1), "jti": Uuid::from_u128(3),
        "iat": now - 5, "nbf": now - 5, "exp": now + 3600,
        "https://hasura.io/jwt/claims": {
            "x-hasura-allowed-roles": ["user", "editor"], "x-hasura-default-role": "user",
            "x-hasura-user-id": Uuid::from_u128(1), "x-hasura-session-id": Uuid::from_u128(2),
            "x-hasura-team": "blue",
        },
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims();
    change(&mut claims);
    claims
}

fn plain() -> Header {
    header(Algorithm::HS256, None)
}

fn forge(header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    let jwk = Jwk::from_encoding_key(&EncodingKey::from_secret(bytes), Algorithm::HS256).unwrap();
    match jwk.algorithm {
        AlgorithmParameters::OctetKey(octets) => octets.value,
        other => panic!("{other:?}"),
    }
}

/// A token with any text for a header and for claims, signed as HS256.
fn raw(header: &str, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let key = EncodingKey::from_secret(KEY.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[track_caller]
fn assert_fault(token: &str, expected: TokenFault) {
    assert_eq!(verifier().verify(token, NOW), Err(expected));
}

#[test]
fn a_token_of_ours_is_read_whole() {
    let verified = verifier().verify(&forge(&plain(), &claims()), NOW).unwrap();
    assert_eq!(verified.user_id, Uuid::from_u128(1));
    assert_eq!(verified.session_id, Uuid::from_u128(2));
    assert_eq!(verified.token_id, Uuid::from_u128(3));
    assert_eq!(verified.allowed_roles, ["user", "editor"]);
    assert_eq!(verified.default_role, "user");
    assert_eq!(verified.expires_at - NOW, Duration::hours(1));
    assert_eq!(NOW - verified.issued_at, Duration::seconds(5));
    assert_eq!(verified.variables["x-hasura-team"], "blue");
    let listed = with(|claims| claims["aud"] = json!(["other", "hasura"]));
    assert!(verifier().verify(&forge(&plain(), &listed), NOW).is_ok());
}

#[test]
fn j01_the_algorithm_is_the_keys_and_never_the_headers() {
    let body = claims().to_string();
    let none = format!(
        "{}.{}.",
        base64url(br#"{"alg":"none","typ":"at+jwt"}"#),
        base64url(body.as_bytes())
    );
    assert_fault(&none, TokenFault::Malformed);
    for spelling in ["None", "NONE", "hs256", "Hs256", "HS256 ", ""] {
        let token = raw(&json!({"alg": spelling, "typ": "at+jwt"}).to_string(), &body);
        assert_fault(&token, TokenFault::Malformed);
    }
    for other in [Algorithm::HS384, Algorithm::HS512] {
        assert_fault(&forge(&header(other, None), &claims()), TokenFault::Algorithm);
    }
    for other in ["RS256", "ES256", "EdDSA", "PS256"] {
        let token = raw(&json!({"alg": other, "typ": "at+jwt"}).to_string(), &body);
        assert_fault(&token, TokenFault::Algorithm);
    }
    let stranger = EncodingKey::from_secret(KEY.to_lowercase().as_bytes());
    let token = jsonwebtoken::encode(&plain(), &claims(), &stranger).unwrap();
    assert_fault(&token, TokenFault::Signature);
    let good = forge(&plain(), &claims());
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_fault(&format!("{message}."), TokenFault::Signature);
}

#[test]
fn j02_every_claim_is_required_and_of_its_type() {
    for name in ["iss", "aud", "sub", "jti", "exp", "nbf", "iat"] {
        for wrong in [
            Value::Null,
            json!({}),
            json!(true),
            json!("never"),
            json!(1.5),
            json!([]),
        ] {
            let token = forge(&plain(), &with(|claims| claims[name] = wrong.clone()));
            assert!(verifier().verify(&token, NOW).is_err(), "{name}: {wrong}");
        }
        let absent = with(|claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_fault(&forge(&plain(), &absent), TokenFault::Claims);
        let twice = claims().to_string().replacen('{', &format!("{{\"{name}\":1,"), 1);
        let token = raw(r#"{"typ":"at+jwt","alg":"HS256"}"#, &twice);
        assert!(verifier().verify(&token, NOW).is_err(), "{name} twice");
    }
    for (name, value, fault) in [
        ("aud", json!(1), TokenFault::Claims),
        ("aud", json!("other"), TokenFault::Audience),
        ("aud", json!(["a", "b"]), TokenFault::Audience),
        ("iss", json!("somebody"), TokenFault::Issuer),
        ("iss", json!(["hasura-siwe"]), TokenFault::Claims),
        ("exp", json!("4070952000"), TokenFault::Claims),
        ("exp", json!(i64::MAX), TokenFault::Claims),
        ("nbf", json!(i64::MIN), TokenFault::Claims),
    ] {
        let token = forge(&plain(), &with(|claims| claims[name] = value.clone()));
        assert_eq!(verifier().verify(&token, NOW), Err(fault), "{name}: {value}");
    }
}

#[test]
fn j02_hasuras_claims_are_required_and_of_their_types() {
    let namespace = "https://hasura.io/jwt/claims";
    for (name, value) in [
        ("x-hasura-allowed-roles", json!("user")),
        ("x-hasura-allowed-roles", json!(["admin"])),
        ("x-hasura-default-role", json!("nobody")),
        ("x-hasura-user-id", json!(Uuid::from_u128(9))),
        ("x-hasura-user-id", Value::Null),
        ("x-hasura-session-id", json!("no uuid")),
        ("x-hasura-team", json!(7)),
    ] {
        let token = forge(&plain(), &with(|claims| claims[namespace][name] = value.clone()));
        assert_eq!(
            verifier().verify(&token, NOW),
            Err(TokenFault::Claims),
            "{name}: {value}"
        );
    }
    let without = with(|claims| drop(claims.as_object_mut().unwrap().remove(namespace)));
    assert_fault(&forge(&plain(), &without), TokenFault::Claims);
    let sessionless = with(|claims| {
        claims[namespace]
            .as_object_mut()
            .unwrap()
            .remove("x-hasura-session-id");
    });
    let token = forge(&plain(), &sessionless);
    assert_fault(&token, TokenFault::NoSession);
    assert_eq!(verifier().check(&token, NOW).unwrap().session_id, None);
}

#[test]
fn times_are_judged_by_the_instant_that_is_passed_with_thirty_seconds_of_leeway() {
    let token = forge(&plain(), &claims());
    let at = |offset: i64| verifier().verify(&token, NOW + Duration::seconds(offset)).err();
    assert_eq!(at(3600 + 29), None);
    assert_eq!(at(3600 + 30), Some(TokenFault::Expired));
    assert_eq!(at(-35), None);
    assert_eq!(at(-36), Some(TokenFault::Future));
    let ahead = with(|claims| claims["iat"] = json!(NOW.unix_timestamp() + 31));
    assert_fault(&forge(&plain(), &ahead), TokenFault::Future);
}

#[test]
fn j03_another_type_and_anything_critical_is_refused() {
    for typ in [None, Some("JWT"), Some("refresh+jwt"), Some("AT+JWT"), Some("")] {
        let mut header = plain();
        header.typ = typ.map(str::to_owned);
        assert_fault(&forge(&header, &claims()), TokenFault::Type);
    }
    for critical in [vec!["b64"], vec!["exp"], vec![]] {
        let mut header = plain();
        header.crit = Some(critical.into_iter().map(str::to_owned).collect());
        assert_fault(&forge(&header, &claims()), TokenFault::Critical);
    }
    let mut header = plain();
    header.extras.insert("b64", false);
    assert_fault(&forge(&header, &claims()), TokenFault::Header);
    let mut header = plain();
    header.cty = Some("JWT".to_owned());
    assert_fault(&forge(&header, &claims()), TokenFault::Header);
}

#[test]
fn j04_a_kid_is_looked_up_and_nothing_is_fetched() {
    for kid in ["../../x", "", "unknown", "'; drop table x; --", &"k".repeat(65)] {
        let token = forge(&header(Algorithm::HS256, Some(kid.to_owned())), &claims());
        assert_fault(&token, TokenFault::UnknownKey);
    }
    let huge = header(Algorithm::HS256, Some("k".repeat(1 << 20)));
    assert_fault(&forge(&huge, &claims()), TokenFault::TooLong);
    let brings: [fn(&mut Header); 5] = [
        |header| header.jku = Some("http://127.0.0.1:9/jwks".to_owned()),
        |header| header.x5u = Some("http://127.0.0.1:9/cert".to_owned()),
        |header| header.x5c = Some(vec![]),
        |header| header.x5t = Some(String::new()),
        |header| {
            let own = EncodingKey::from_secret(KEY.as_bytes());
            header.jwk = Some(Jwk::from_encoding_key(&own, Algorithm::HS256).unwrap());
        },
    ];
    for bring in brings {
        let mut header = plain();
        bring(&mut header);
        assert_fault(&forge(&header, &claims()), TokenFault::BringsKey);
    }
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "eyJhbGciOiJIUzI1NiJ9",
        "é.é.é",
        "\0\0",
    ] {
        assert_fault(text, TokenFault::Malformed);
    }
    assert_fault(&"x".repeat(8 * 1024 + 1), TokenFault::TooLong);
    let good = forge(&plain(), &claims());
    assert_fault(&format!("{good} "), TokenFault::Malformed);
    assert!(verifier().verify(&good[..good.len() - 2], NOW).is_err());
    for claims in ["[]", "1", "null", "", "{"] {
        let token = raw(r#"{"typ":"at+jwt","alg":"HS256"}"#, claims);
        assert!(verifier().verify(&token, NOW).is_err(), "{claims}");
    }
}
