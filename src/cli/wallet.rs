//! A throw-away wallet, for the demo and for tests: it makes a key, builds a message as a dApp does
//! (with the `siwe` crate) and signs it as a wallet does. It keeps nothing and is no place for a
//! key that owns anything.

use ethers_core::utils::keccak256;
use secp256k1::{Message, PublicKey, SecretKey};
use time::{Duration, OffsetDateTime};

use crate::entropy::Entropy;
use crate::model::Address;
use crate::siwe::{Origin, signature};

/// A key and its address.
pub struct Wallet {
    key: SecretKey,
    address: Address,
}

/// What a log-in sends.
#[derive(Clone, Debug)]
pub struct SignedText {
    /// The message.
    pub message: String,
    /// The signature over it: `0x` and 65 bytes.
    pub signature: String,
}

impl Wallet {
    /// A fresh one.
    pub fn draw(entropy: &Entropy) -> Self {
        loop {
            // All but 2^-128 of the draws are valid keys.
            if let Some(wallet) = Self::from_key(entropy.bytes()) {
                return wallet;
            }
        }
    }

    /// The wallet of a known key; `None` if the bytes are no key.
    pub fn from_key(bytes: [u8; 32]) -> Option<Self> {
        let key = SecretKey::from_secret_bytes(bytes).ok()?;
        let public = PublicKey::from_secret_key(&key).serialize_uncompressed();
        let hash = keccak256(&public[1..]);
        let address = Address::from_bytes(hash[12..].try_into().expect("32 less 12 are 20"));
        Some(Self { key, address })
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// A message that signs in to `origin` on `chain`, issued `at` and good for five minutes, and its signature.
    pub fn log_in(&self, origin: &Origin, chain: u64, nonce: &str, at: OffsetDateTime) -> SignedText {
        self.message(origin, chain, nonce, "Sign in with Ethereum to the app.", at)
    }

    /// The same with a statement of the caller's choice.
    pub fn message(
        &self,
        origin: &Origin,
        chain: u64,
        nonce: &str,
        statement: &str,
        at: OffsetDateTime,
    ) -> SignedText {
        // Milliseconds, as JavaScript's clock has them.
        let at = at
            .replace_millisecond(at.millisecond())
            .expect("a millisecond stays one");
        let site = origin.to_string();
        let (_, authority) = site.split_once("://").expect("an origin has a scheme");
        let text = siwe::Message {
            domain: authority.parse().expect("an origin has an authority"),
            address: *self.address.as_bytes(),
            statement: Some(statement.to_owned()),
            uri: site.parse().expect("an origin is a URI"),
            version: siwe::Version::V1,
            chain_id: chain,
            nonce: nonce.to_owned(),
            issued_at: at.into(),
            expiration_time: Some((at + Duration::minutes(5)).into()),
            not_before: None,
            request_id: None,
            resources: Vec::new(),
        }
        .to_string();
        let signature = self.sign(&text);
        SignedText {
            message: text,
            signature,
        }
    }

    /// The EIP-191 signature of a text, as wallets print it.
    pub fn sign(&self, text: &str) -> String {
        let hash = Message::from_digest(signature::hash(text));
        let signed = secp256k1::ecdsa::RecoverableSignature::sign_ecdsa_recoverable(hash, &self.key);
        let (recovery, rs) = signed.serialize_compact();
        format!("0x{}{:02x}", hex::encode(rs), 27 + recovery.to_u8())
    }
}
