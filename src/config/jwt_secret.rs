//! `HASURA_GRAPHQL_JWT_SECRET`: the JSON that Hasura reads, read once more by the service.
//!
//! One variable configures both sides, so that they cannot differ. Every field that Hasura knows is
//! honoured here or refused by name. It does not sign; `token` does.

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;

use super::strength::weakness;
use crate::secret::Secret;

/// The issuer of our tokens where the JSON names none.
pub const DEFAULT_ISSUER: &str = "hasura-siwe";
/// The audience of our tokens where the JSON names none.
pub const DEFAULT_AUDIENCE: &str = "hasura";
/// Where Hasura looks for its claims unless it is told otherwise.
pub const DEFAULT_NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// How access tokens are signed, and the bindings they carry.
#[derive(Clone, Debug)]
pub struct JwtSecret {
    /// What signs.
    pub keys: JwtKeys,
    /// Where the claims go.
    pub namespace: String,
    /// `iss`.
    pub issuer: String,
    /// `aud`: one name or several.
    pub audience: Vec<String>,
    /// Where Hasura fetches the keys that are published.
    pub jwk_url: Option<String>,
}

/// What signs access tokens: one key that Hasura holds as well, or keys of our own.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// `type` and `key`: HMAC.
    Shared {
        /// HS256, HS384 or HS512.
        algorithm: Algorithm,
        /// The bytes of the JSON's `key` as they stand, as Hasura takes them.
        key: Secret<String>,
    },
    /// `jwk_url`: Hasura fetches the public keys that the service publishes.
    Published,
}

/// Algorithms of Hasura's `type` that take a public key, with the name that `keys generate` gives each.
pub const ASYMMETRIC_TYPES: &[(&str, Algorithm)] = &[
    ("Ed25519", Algorithm::EdDSA),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsTyped {
    r#type: Option<String>,
    key: Option<String>,
    jwk_url: Option<String>,
    claims_namespace: Option<String>,
    claims_namespace_path: Option<String>,
    claims_format: Option<String>,
    claims_map: Option<Value>,
    audience: Option<OneOrMany>,
    issuer: Option<String>,
    // Only Hasura's side needs these two: its own tolerance, and where it finds the token.
    #[serde(rename = "allowed_skew")]
    _allowed_skew: Option<u64>,
    #[serde(rename = "header")]
    _header: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl JwtSecret {
    /// Reads the JSON.
    ///
    /// # Errors
    /// The end of a sentence that begins with the variable's name; it never holds the value.
    pub fn parse(json: &str) -> Result<Self, String> {
        // serde_json's own text may quote the value that it stumbled over, which could be the key.
        let typed: AsTyped = serde_json::from_str(json).map_err(|error| {
            let text = error.to_string();
            if text
                .strip_prefix("unknown field `")
                .is_some_and(begins_with_a_name)
            {
                format!("holds a field that Hasura does not know: {text}")
            } else {
                format!(
                    "is not the JSON object that Hasura reads (line {}, column {}), for example {}",
                    error.line(),
                    error.column(),
                    r#"{"type":"HS256","key":"..."}"#
                )
            }
        })?;
        if typed.claims_map.is_some() {
            return Err("has a claims_map, which would hide the service's claims: leave it out".into());
        }
        if typed.claims_namespace_path.is_some() {
            return Err("has a claims_namespace_path: use claims_namespace, or leave both out".into());
        }
        match typed.claims_format.as_deref() {
            None | Some("json") => {}
            Some(other) => {
                return Err(format!(
                    "asks for claims_format {other:?}: only \"json\" is issued, leave it out"
                ));
            }
        }
        let keys = keys(typed.r#type.as_deref(), typed.key, typed.jwk_url.as_deref())?;
        let audience = match typed.audience {
            None => vec![DEFAULT_AUDIENCE.to_owned()],
            Some(OneOrMany::One(one)) => vec![one],
            Some(OneOrMany::Many(many)) if !many.is_empty() => many,
            Some(OneOrMany::Many(_)) => {
                return Err("has an empty audience list: name one, or leave it out".into());
            }
        };
        Ok(Self {
            keys,
            namespace: typed
                .claims_namespace
                .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            issuer: typed.issuer.unwrap_or_else(|| DEFAULT_ISSUER.to_owned()),
            audience,
            jwk_url: typed.jwk_url,
        })
    }
}

impl JwtKeys {
    /// Whether the HMAC key is these bytes, which something else is a secret by.
    pub fn is_key(&self, secret: &Secret<String>) -> bool {
        match self {
            Self::Shared { key, .. } => secret.matches(key.expose().as_bytes()),
            Self::Published => false,
        }
    }
}

fn keys(kind: Option<&str>, key: Option<String>, jwk_url: Option<&str>) -> Result<JwtKeys, String> {
    let asymmetric = kind.is_some_and(|kind| ASYMMETRIC_TYPES.iter().any(|(name, _)| *name == kind));
    match (key, jwk_url) {
        (Some(_), Some(_)) => Err("has both a key and a jwk_url, which Hasura refuses: keep one".into()),
        (None, Some(url)) => {
            if !["http://", "https://"]
                .iter()
                .any(|scheme| url.starts_with(scheme))
            {
                return Err("has a jwk_url that is no URL: give the address of the service's /.well-known/jwks.json, as Hasura reaches it".into());
            }
            match kind {
                Some(other) if !asymmetric => Err(format!(
                    "has a jwk_url and type {other:?}: the service signs with Ed25519, ES256, ES384, RS256, RS384 or RS512 there, and Hasura needs no type, so leave it out"
                )),
                _ => Ok(JwtKeys::Published),
            }
        }
        (Some(_), None) if asymmetric => Err(format!(
            "has a key and type {:?}, so the key is a public one and nothing could sign: give a jwk_url instead, and run `hasura-siwe keys generate`",
            kind.unwrap_or_default()
        )),
        (key, None) => {
            let (algorithm, minimum) = match kind {
                Some("HS256") => (Algorithm::HS256, SHORTEST_KEY),
                Some("HS384") => (Algorithm::HS384, 48),
                Some("HS512") => (Algorithm::HS512, 64),
                Some(other) => {
                    return Err(format!(
                        "has type {other:?}: the service signs with HS256, HS384 or HS512 and a key, or with keys of its own and a jwk_url"
                    ));
                }
                None => return Err("has no type: add \"type\":\"HS256\"".into()),
            };
            let key = key.ok_or("has no key: run `make env` for a fresh one")?;
            if let Some(weakness) = weakness(&key, minimum) {
                return Err(format!("holds a key that {weakness}"));
            }
            let key = Secret::new(key);
            Ok(JwtKeys::Shared { algorithm, key })
        }
    }
}

/// The shortest key that is taken.
const SHORTEST_KEY: usize = 32;

/// Whether what stands before the next backtick could be meant as a field's name. A key that stands where a
/// name should is not shown, nor what a terminal would obey.
fn begins_with_a_name(text: &str) -> bool {
    text.split_once('`').is_some_and(|(name, _)| {
        name.len() < SHORTEST_KEY
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A";

    fn with(extra: &str) -> Result<JwtSecret, String> {
        JwtSecret::parse(&format!(r#"{{"type":"HS256","key":"{KEY}"{extra}}}"#))
    }

    #[test]
    fn what_hasura_reads_is_honoured_or_refused_by_name() {
        let plain = with("").unwrap();
        assert_eq!((plain.issuer.as_str(), plain.audience.len()), (DEFAULT_ISSUER, 1));
        let full =
            with(r#","issuer":"i","audience":["a","b"],"claims_namespace":"n","claims_format":"json","allowed_skew":5,"header":{"type":"Authorization"}"#)
                .unwrap();
        assert_eq!((full.issuer.as_str(), full.namespace.as_str()), ("i", "n"));
        assert_eq!(full.audience, ["a", "b"]);
        for (extra, word) in [
            (r#","jwk_url":"http://x""#, "both"),
            (r#","claims_map":{}"#, "claims_map"),
            (r#","claims_namespace_path":"$""#, "claims_namespace_path"),
            (r#","claims_format":"stringified_json""#, "claims_format"),
            (r#","audience":[]"#, "audience"),
            (r#","surprise":1"#, "surprise"),
        ] {
            let error = with(extra).unwrap_err();
            assert!(error.contains(word), "{extra}: {error}");
        }
    }

    #[test]
    fn every_combination_of_type_and_key_is_taken_or_refused_by_name() {
        let parse = |json: &str| JwtSecret::parse(json).map(|secret| secret.keys);
        let long = KEY.repeat(2);
        for (kind, expected) in [
            ("HS256", Algorithm::HS256),
            ("HS384", Algorithm::HS384),
            ("HS512", Algorithm::HS512),
        ] {
            let keys = parse(&format!(r#"{{"type":"{kind}","key":"{long}"}}"#)).unwrap();
            assert!(matches!(keys, JwtKeys::Shared { algorithm, .. } if algorithm == expected));
        }
        for json in [
            r#"{"jwk_url":"http://service:4000/.well-known/jwks.json"}"#,
            r#"{"type":"Ed25519","jwk_url":"https://auth.example.com/jwks"}"#,
            r#"{"type":"RS512","jwk_url":"https://auth.example.com/jwks"}"#,
        ] {
            assert!(matches!(parse(json), Ok(JwtKeys::Published)), "{json}");
        }
        for (json, word) in [
            (format!(r#"{{"type":"HS384","key":"{KEY}"}}"#), "at least 48"),
            (format!(r#"{{"type":"HS512","key":"{KEY}"}}"#), "at least 64"),
            (format!(r#"{{"type":"RS256","key":"{KEY}"}}"#), "public one"),
            (format!(r#"{{"type":"Ed25519","key":"{KEY}"}}"#), "public one"),
            (format!(r#"{{"type":"ES512","key":"{KEY}"}}"#), "ES512"),
            (format!(r#"{{"type":"hs256","key":"{KEY}"}}"#), "hs256"),
            (format!(r#"{{"type":"none","key":"{KEY}"}}"#), "none"),
            (format!(r#"{{"key":"{KEY}"}}"#), "no type"),
            (r#"{"type":"HS256"}"#.to_owned(), "no key"),
            (r#"{"type":"HS256","jwk_url":"http://x/"}"#.to_owned(), "HS256"),
            (r#"{"type":"ES512","jwk_url":"http://x/"}"#.to_owned(), "ES512"),
            (r#"{"jwk_url":"file:///etc/keys"}"#.to_owned(), "no URL"),
        ] {
            let error = parse(&json).unwrap_err();
            assert!(error.contains(word), "{json}: {error}");
        }
    }

    #[test]
    fn j06_a_fault_never_quotes_the_key() {
        for json in [
            format!(r#"{{"type":"HS256","key":["{KEY}"]}}"#),
            format!(r#"{{"type":"RS256","key":"{KEY}"}}"#),
            format!(r#"{{"type":"HS256","key":"{KEY}""#),
            format!(r#"{{"type":"HS256","{KEY}":"key"}}"#),
            format!(r#""{KEY}""#),
            KEY.to_owned(),
        ] {
            assert!(!JwtSecret::parse(&json).unwrap_err().contains(KEY), "{json}");
        }
        let odd = JwtSecret::parse("{\"type\":\"HS256\",\"k\u{7f}y\":1}").unwrap_err();
        assert!(!odd.contains('\u{7f}'), "{odd}");
        assert!(
            JwtSecret::parse(r#"{"type":"HS256","key":""}"#)
                .unwrap_err()
                .contains("0 bytes")
        );
        assert!(
            JwtSecret::parse(r#"{"type":"HS256","key":"changeme"}"#)
                .unwrap_err()
                .contains("8 bytes")
        );
    }
}
