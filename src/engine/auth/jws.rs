//! Signatures, as Hasura's library judges them.
//!
//! Every key is tried that can bear the token's algorithm; `kid`, `use` and `alg` of a key do not
//! count, nor does the `type` of the setting: it says how `key` is written and no more.

use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use aws_lc_rs::{hmac, signature::EcdsaVerificationAlgorithm};
use jsonwebtoken::DecodingKey;
use serde_json::Value;

/// A key that verifies.
pub(super) enum Key {
    Secret(Vec<u8>),
    /// PKCS #1, as it lies in a PEM file.
    RsaDer(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point; its length tells the curve.
    Ec(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The lengths of uncompressed points on P-256, P-384 and P-521.
const POINTS: [usize; 3] = [65, 97, 133];

impl Key {
    /// The value of `key` for a `type`.
    pub(super) fn from_setting(kind: &str, text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let pem = |read: fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>| {
            read(bytes)
                .and_then(|key| key.try_get_as_bytes().map(<[u8]>::to_vec))
                .map_err(|_| "Invalid JWK: Could not decode PEM".to_owned())
        };
        let least = match kind {
            "HS256" => 32,
            "HS384" => 48,
            "HS512" => 64,
            "RS256" | "RS384" | "RS512" => {
                return pem(DecodingKey::from_rsa_pem).and_then(large).map(Self::RsaDer);
            }
            "Ed25519" => return pem(DecodingKey::from_ed_pem).map(Self::Ed25519),
            "ES256" | "ES384" | "ES512" => return pem(DecodingKey::from_ec_pem).and_then(ec),
            _ => return Err(format!("Invalid JWK: Key type: {kind} is not supported")),
        };
        if bytes.len() < least {
            return Err(format!(
                "Invalid JWK: Key size too small; should be atleast {least} characters"
            ));
        }
        Ok(Self::Secret(bytes.to_vec()))
    }

    /// One item of a JWK set.
    pub(super) fn from_jwk(jwk: &Value) -> Result<Self, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let bytes = |name: &str| {
            Some(text(name))
                .filter(|text| !text.is_empty())
                .and_then(|text| base64url(text.as_bytes()))
                .ok_or_else(|| format!("{name} of a key is not base64url"))
        };
        match (text("kty"), text("crv")) {
            ("RSA", _) => Ok(Self::Rsa {
                modulus: bytes("n").and_then(large)?,
                exponent: bytes("e")?,
            }),
            ("EC", "P-256" | "P-384" | "P-521") => ec([vec![4], bytes("x")?, bytes("y")?].concat()),
            ("OKP", "Ed25519") => Ok(Self::Ed25519(bytes("x")?)),
            ("oct", _) => Ok(Self::Secret(bytes("k")?)),
            (kty, crv) => Err(format!(
                "a key with kty {kty:?} and crv {crv:?} is not supported by the local engine"
            )),
        }
    }

    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(secret) => hmac_algorithm(algorithm).is_some_and(|(algorithm, least)| {
                let key = hmac::Key::new(algorithm, secret);
                secret.len() >= least && hmac::verify(&key, message, signature).is_ok()
            }),
            Self::RsaDer(der) => rsa_algorithm(algorithm).is_some_and(|algorithm| {
                UnparsedPublicKey::new(algorithm, der)
                    .verify(message, signature)
                    .is_ok()
            }),
            Self::Rsa { modulus, exponent } => rsa_algorithm(algorithm).is_some_and(|algorithm| {
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(algorithm, message, signature).is_ok()
            }),
            Self::Ec(point) => ec_algorithm(algorithm, point.len()).is_some_and(|algorithm| {
                UnparsedPublicKey::new(algorithm, point)
                    .verify(message, signature)
                    .is_ok()
            }),
            Self::Ed25519(key) => {
                let key = UnparsedPublicKey::new(&signature::ED25519, key);
                algorithm == "EdDSA" && key.verify(message, signature).is_ok()
            }
        }
    }
}

/// Hasura's library takes small RSA keys; the one here verifies nothing by them.
fn large(modulus: Vec<u8>) -> Result<Vec<u8>, String> {
    if modulus.len() < 2048 / 8 {
        return Err("an RSA key of less than 2048 bits is not supported by the local engine".to_owned());
    }
    Ok(modulus)
}

fn ec(point: Vec<u8>) -> Result<Key, String> {
    if POINTS.contains(&point.len()) {
        Ok(Key::Ec(point))
    } else {
        Err(
            "a key on a curve other than P-256, P-384 and P-521 is not supported by the local engine"
                .to_owned(),
        )
    }
}

/// With the least length of a key.
fn hmac_algorithm(name: &str) -> Option<(hmac::Algorithm, usize)> {
    match name {
        "HS256" => Some((hmac::HMAC_SHA256, 32)),
        "HS384" => Some((hmac::HMAC_SHA384, 48)),
        "HS512" => Some((hmac::HMAC_SHA512, 64)),
        _ => None,
    }
}

fn rsa_algorithm(name: &str) -> Option<&'static RsaParameters> {
    match name {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn ec_algorithm(name: &str, point: usize) -> Option<&'static EcdsaVerificationAlgorithm> {
    match (name, point) {
        ("ES256", 65) => Some(&signature::ECDSA_P256_SHA256_FIXED),
        ("ES384", 97) => Some(&signature::ECDSA_P384_SHA384_FIXED),
        ("ES512", 133) => Some(&signature::ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

const ALGORITHMS: [&str; 14] = [
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "ES512", "EdDSA",
];

/// A token in its parts; nothing is verified yet.
pub(super) struct Token<'t> {
    algorithm: String,
    message: &'t str,
    signature: Vec<u8>,
    pub(super) claims: Value,
}

impl<'t> Token<'t> {
    pub(super) fn read(token: &'t str) -> Result<Self, String> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            let found = parts.len();
            return Err(format!(
                "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got {found})"
            ));
        };
        let bytes = |part: &str| {
            base64url(part.as_bytes())
                .ok_or_else(|| "JWSError (CompactDecodeError Invalid base64url in a part)".to_owned())
        };
        let header: Value = serde_json::from_slice(&bytes(header)?)
            .map_err(|error| format!("JWSError (JSONDecodeError \"Error in $: {error}\")"))?;
        let claims = bytes(claims)?;
        let signature = bytes(signature)?;
        let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
        if !ALGORITHMS.contains(&algorithm) || header.get("crit").is_some() {
            return Err(
                "JWSError (JSONDecodeError \"Error in $: a header that is not supported\")".to_owned(),
            );
        }
        Ok(Self {
            algorithm: algorithm.to_owned(),
            message: &token[..token.rfind('.').unwrap_or_default()],
            signature,
            claims: serde_json::from_slice(&claims)
                .map_err(|error| format!("JWTClaimsSetDecodeError \"Error in $: {error}\""))?,
        })
    }

    /// Whether one of the keys made the signature.
    pub(super) fn verify(&self, keys: &[Key]) -> Result<(), String> {
        let message = self.message.as_bytes();
        if self.algorithm == "none" {
            Err("JWSError JWSNoSignatures".to_owned())
        } else if keys.is_empty() {
            Err("JWSError NoUsableKeys".to_owned())
        } else if keys
            .iter()
            .any(|key| key.verifies(&self.algorithm, message, &self.signature))
        {
            Ok(())
        } else {
            Err("JWSError JWSInvalidSignature".to_owned())
        }
    }
}

/// Base64url without padding (RFC 7515, 2).
fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(value)) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    // What is left over must be less than a letter, and zero.
    (bits < 6 && held & ((1 << bits) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::base64url;

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(base64url(b"").as_deref(), Some(&b""[..]));
        assert_eq!(base64url(b"Zg").as_deref(), Some(&b"f"[..]));
        assert_eq!(base64url(b"Zm8").as_deref(), Some(&b"fo"[..]));
        assert_eq!(base64url(b"Zm9v-_8").as_deref(), Some(&b"foo\xfb\xff"[..]));
        for wrong in ["Zh", "Zm9", "Z", "Zg==", "Zm9vYg+", "Zm 9"] {
            assert_eq!(base64url(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
