//! Keys of every kind that Hasura knows, made anew, with what signs by them.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// One key pair with one algorithm.
pub struct Signer {
    /// The `type` of the setting.
    pub kind: &'static str,
    pub jwk: Value,
    pub pem: String,
    algorithm: &'static str,
    sign: Sign,
}

impl Signer {
    /// One for every asymmetric type.
    pub fn all() -> Vec<Self> {
        vec![
            Self::rsa("RS256", &signature::RSA_PKCS1_SHA256),
            Self::rsa("RS384", &signature::RSA_PKCS1_SHA384),
            Self::rsa("RS512", &signature::RSA_PKCS1_SHA512),
            Self::ec("ES256", "P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::ec("ES384", "P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::ec("ES512", "P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Self::ed25519(),
        ]
    }

    pub fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = base64url(pair.public_key().as_ref());
        Self {
            kind: "Ed25519",
            jwk: json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
            pem: pem(&pair.public_key().as_der().unwrap()),
            algorithm: "EdDSA",
            sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()),
        }
    }

    fn rsa(kind: &'static str, encoding: &'static dyn signature::RsaEncoding) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let n = base64url(public.modulus().big_endian_without_leading_zero());
        let e = base64url(public.exponent().big_endian_without_leading_zero());
        Self {
            kind,
            jwk: json!({"kty": "RSA", "n": n, "e": e, "use": "sig", "kid": "not the token's"}),
            pem: pem(&public.as_der().unwrap()),
            algorithm: kind,
            sign: Box::new(move |message| {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .unwrap();
                signature
            }),
        }
    }

    fn ec(kind: &'static str, curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        Self {
            kind,
            jwk: json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)}),
            pem: pem(&pair.public_key().as_der().unwrap()),
            algorithm: kind,
            sign: Box::new(move |message| {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }),
        }
    }

    /// A token for the role `user`, without an end.
    pub fn token(&self) -> String {
        token(self.algorithm, &self.sign)
    }
}

/// A token for the role `user`, signed by whatever is given.
pub fn token(algorithm: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": "k"}).to_string();
    let claims = json!({"https://hasura.io/jwt/claims":
        {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user"}});
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.to_string().as_bytes())
    );
    let signature = base64url(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn pem(der: &PublicKeyX509Der<'_>) -> String {
    let mut text = base64url(der.as_ref()).replace('-', "+").replace('_', "/");
    text.push_str(&"=".repeat((4 - text.len() % 4) % 4));
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut held = [0; 4];
        held[1..=three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes(held);
        for place in 0..=three.len() {
            text.push(char::from(LETTERS[(number >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
