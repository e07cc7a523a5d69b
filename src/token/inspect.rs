//! What a token says, for a person. Nothing is judged: not the signature, not the time.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Header and claims as they stand, the times in words besides, as JSON. `None` for what is not
/// three parts with dots between, the first two of them JSON in base64url.
pub fn inspect(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (header, claims) = (part(header)?, part(claims)?);
    let times: serde_json::Map<String, Value> = ["iat", "nbf", "exp"]
        .into_iter()
        .filter_map(|name| {
            let moment = OffsetDateTime::from_unix_timestamp(claims.get(name)?.as_i64()?).ok()?;
            Some((name.to_owned(), json!(moment.format(&Rfc3339).ok()?)))
        })
        .collect();
    let seen = json!({
        "header": header,
        "claims": claims,
        "times": times,
        "signature": if signature.is_empty() { "absent" } else { "not checked: `hasura-siwe token verify` does" },
    });
    Some(format!("{seen:#}"))
}

/// jsonwebtoken reads base64url only in the middle of a token, so each part is put there.
fn part(text: &str) -> Option<Value> {
    jsonwebtoken::dangerous::insecure_decode_claims(format!(".{text}.")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_and_what_is_none_is_not() {
        // {"alg":"none"} . {"exp":0,"sub":"x"} .
        let seen = inspect("eyJhbGciOiJub25lIn0.eyJleHAiOjAsInN1YiI6IngifQ.").unwrap();
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(seen["header"]["alg"], "none");
        assert_eq!(seen["claims"]["sub"], "x");
        assert_eq!(seen["times"]["exp"], "1970-01-01T00:00:00Z");
        assert_eq!(seen["signature"], "absent");
        for text in ["", "a", "a.b.c", "e30.e30", "e30.e30.x.y", "e30.é.x"] {
            assert_eq!(inspect(text), None, "{text}");
        }
    }
}
