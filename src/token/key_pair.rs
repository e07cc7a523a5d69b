//! Key pairs: made here, named by their thumbprint, taken apart into what is published and what is
//! sealed.
//!
//! The private half travels as PKCS#8. What state a key is in, and where it is kept, is not known here.

use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::seal::KeySeal;
use crate::config::ASYMMETRIC_TYPES;
use crate::entropy::Entropy;
use crate::secret::Secret;

/// A key that signs, with the half that is published.
pub struct KeyPair {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) jwk: Jwk,
    pub(super) encoding: EncodingKey,
    private: Secret<Vec<u8>>,
}

/// A new key as the database takes it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// By its JOSE name.
    pub algorithm: String,
    /// The JWK, as JSON.
    pub public: String,
    /// The private half.
    pub sealed: Vec<u8>,
}

/// The bytes are no private key of that algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no private key of its algorithm")]
pub struct NoKey;

/// How many bits an RSA key has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaBits {
    /// Signs fastest.
    #[default]
    B2048,
    /// As strong as P-256.
    B3072,
    /// Signs slowest.
    B4096,
}

impl RsaBits {
    /// From the number.
    pub fn of(bits: u16) -> Option<Self> {
        match bits {
            2048 => Some(Self::B2048),
            3072 => Some(Self::B3072),
            4096 => Some(Self::B4096),
            _ => None,
        }
    }
}

/// The algorithm of a name, if keys of ours can have it.
pub fn key_algorithm(name: &str) -> Option<Algorithm> {
    let algorithm = Algorithm::from_str(name).ok()?;
    ASYMMETRIC_TYPES
        .iter()
        .any(|(_, known)| *known == algorithm)
        .then_some(algorithm)
}

impl KeyPair {
    /// Makes a key. The randomness is the library's own, drawn from the operating system: it takes
    /// none from outside.
    ///
    /// # Errors
    /// [`NoKey`] for an algorithm that keys of ours cannot have.
    pub fn generate(algorithm: Algorithm, bits: RsaBits) -> Result<Self, NoKey> {
        let private = pkcs8(algorithm, bits).map_err(|_| NoKey)?;
        Self::from_pkcs8(algorithm, Secret::new(private))
    }

    /// Reads a private key, and tries it.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn from_pkcs8(algorithm: Algorithm, private: Secret<Vec<u8>>) -> Result<Self, NoKey> {
        let bytes = private.expose();
        let encoding = match algorithm {
            Algorithm::EdDSA => EncodingKey::from_ed_der(bytes),
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_der(bytes),
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => {
                EncodingKey::from_rsa_der(rsa_private_key(bytes).ok_or(NoKey)?)
            }
            _ => return Err(NoKey),
        };
        let mut jwk = Jwk::from_encoding_key(&encoding, algorithm).map_err(|_| NoKey)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| NoKey)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(kid.clone());
        jsonwebtoken::crypto::sign(b"trial", &encoding, algorithm).map_err(|_| NoKey)?;
        Ok(Self {
            kid,
            algorithm,
            jwk,
            encoding,
            private,
        })
    }

    /// The key as it is stored.
    pub fn sealed(&self, seal: &KeySeal, entropy: &Entropy) -> NewKey {
        NewKey {
            kid: self.kid.clone(),
            algorithm: format!("{:?}", self.algorithm),
            public: serde_json::to_string(&self.jwk).expect("a JWK is JSON"),
            sealed: seal.seal(&self.kid, &self.private, entropy),
        }
    }
}

fn pkcs8(algorithm: Algorithm, bits: RsaBits) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let ecdsa = |kind| EcdsaKeyPair::generate_pkcs8(kind, &random).map(|key| key.as_ref().to_vec());
    match algorithm {
        // Version 1, without the public half: jsonwebtoken tells the curve by the length.
        Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8v1(&random).map(|key| key.as_ref().to_vec()),
        Algorithm::ES256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => {
            let key = RsaKeyPair::generate(match bits {
                RsaBits::B2048 => KeySize::Rsa2048,
                RsaBits::B3072 => KeySize::Rsa3072,
                RsaBits::B4096 => KeySize::Rsa4096,
            })?;
            let der: Pkcs8V1Der<'_> = key.as_der()?;
            Ok(der.as_ref().to_vec())
        }
        _ => Err(Unspecified),
    }
}

/// The RSAPrivateKey (RFC 8017 appendix A.1.2) inside a PKCS#8 document, which is what jsonwebtoken
/// takes. From 2048 bits on, all that stands before it has one length: sequence, version 0,
/// rsaEncryption without parameters, octet string (RFC 5208 section 5).
fn rsa_private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    const BEFORE: &[u8] = &[
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00, 0x04, 0x82,
    ];
    let rest = pkcs8.strip_prefix(&[0x30, 0x82])?.get(2..)?;
    let inner = rest.strip_prefix(BEFORE)?;
    let (length, key) = inner.split_first_chunk::<2>()?;
    (key.len() == usize::from(u16::from_be_bytes(*length))).then_some(key)
}
