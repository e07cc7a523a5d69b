//! `HASURA_GRAPHQL_JWT_SECRET`: the JSON that Hasura reads, read once more by the service.
//!
//! One variable configures both sides, so that they cannot differ. Every field that Hasura knows is
//! honoured here or refused by name. It does not sign; `token` does.

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
    /// The HMAC key: the bytes of the JSON's `key` as they stand, as Hasura takes them.
    pub key: Secret<String>,
    /// Where the claims go.
    pub namespace: String,
    /// `iss`.
    pub issuer: String,
    /// `aud`: one name or several.
    pub audience: Vec<String>,
}

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
            if text.starts_with("unknown field") {
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
        if typed.jwk_url.is_some() {
            return Err(
                "names a jwk_url: the service signs with this JSON's key, so give `type` HS256 and `key`"
                    .into(),
            );
        }
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
        match typed.r#type.as_deref() {
            Some("HS256") => {}
            Some(other) => return Err(format!("has type {other:?}: this version signs with HS256")),
            None => return Err("has no type: add \"type\":\"HS256\"".into()),
        }
        let key = typed.key.ok_or("has no key: run `make env` for a fresh one")?;
        if let Some(weakness) = weakness(&key, 32) {
            return Err(format!("holds a key that {weakness}"));
        }
        let audience = match typed.audience {
            None => vec![DEFAULT_AUDIENCE.to_owned()],
            Some(OneOrMany::One(one)) => vec![one],
            Some(OneOrMany::Many(many)) if !many.is_empty() => many,
            Some(OneOrMany::Many(_)) => {
                return Err("has an empty audience list: name one, or leave it out".into());
            }
        };
        Ok(Self {
            key: Secret::new(key),
            namespace: typed
                .claims_namespace
                .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            issuer: typed.issuer.unwrap_or_else(|| DEFAULT_ISSUER.to_owned()),
            audience,
        })
    }
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
            (r#","jwk_url":"http://x""#, "jwk_url"),
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
    fn a_fault_never_quotes_the_key() {
        for json in [
            format!(r#"{{"type":"HS256","key":["{KEY}"]}}"#),
            format!(r#"{{"type":"RS256","key":"{KEY}"}}"#),
            format!(r#"{{"type":"HS256","key":"{KEY}""#),
            format!(r#""{KEY}""#),
            KEY.to_owned(),
        ] {
            assert!(!JwtSecret::parse(&json).unwrap_err().contains(KEY), "{json}");
        }
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
