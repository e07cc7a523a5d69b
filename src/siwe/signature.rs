//! Whose signature is it: ERC-191 hash, 65 bytes, one spelling, recovery by libsecp256k1.
//!
//! Signatures of contract wallets (ERC-1271, ERC-6492) cannot be judged without a node and are only
//! told apart here. A key's signature has one spelling, so that a stored one can be compared.

use std::fmt;

use ethers_core::utils::{hash_message, keccak256};
use secp256k1::Message as Digest;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use super::fault::Shown;
use super::refusal::Refusal;
use crate::model::Address;

/// Half of the order of secp256k1, rounded down: the largest `s` of EIP-2.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];
/// What ends an ERC-6492 wrapper, sixteen times.
const WRAPPER_MARK: [u8; 2] = [0x64, 0x92];

/// A signature by a private key: in shape, not yet by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(RecoverableSignature);

/// Why well-formed bytes are no signature of the message's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Not 65 bytes. A contract wallet may use any length, so this is where one would be asked.
    Length(usize),
    /// The last byte is none of 0, 1, 27, 28.
    RecoveryByte(u8),
    /// `s` is above half the order: the second signature that anybody can compute (EIP-2).
    HighS,
    /// `r` or `s` is out of range, or no key fits.
    NoKey,
    /// It is somebody's, but not the address's that the message names.
    OtherSigner,
}

/// Why a text is not the bytes of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The text is empty. The signature of no bytes, which a contract may accept, is written `0x`.
    Empty,
    /// The number of digits is odd, so the last byte is half a byte.
    OddDigits(usize),
    /// A character is not a hexadecimal digit.
    Character {
        /// The character.
        character: char,
        /// Its place in the text without the white space around it, counted from 1.
        place: usize,
    },
}

/// The hash that a wallet signs for `text` (ERC-191, version 0x45).
pub fn hash(text: &str) -> [u8; 32] {
    hash_message(text).0
}

/// The bytes of a signature's text: whole bytes in hexadecimal, of which there may be none behind `0x`.
///
/// Wallets and their kits also leave `0x` out, write it `0X`, or add a line feed. The same bytes are meant, and
/// spelling is no defence against a second use: the nonce is.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::SignatureMalformed(Malformed::Empty));
    }
    let digits = ["0x", "0X"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let mut characters = text.chars().enumerate().skip(text.len() - digits.len());
    if let Some((at, character)) = characters.find(|(_, character)| !character.is_ascii_hexdigit()) {
        let place = at + 1;
        return Err(Refusal::SignatureMalformed(Malformed::Character {
            character,
            place,
        }));
    }
    hex::decode(digits).map_err(|_| Refusal::SignatureMalformed(Malformed::OddDigits(digits.len())))
}

/// Whether this is an ERC-6492 wrapper, whatever lies in it.
pub fn is_wrapped(signature: &[u8]) -> bool {
    signature
        .last_chunk::<32>()
        .is_some_and(|end| end.chunks(2).all(|pair| pair == WRAPPER_MARK))
}

impl Signature {
    /// Reads 65 bytes in hexadecimal, with `0x` or without: r, s and the recovery byte.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::of_key(&decode(text)?)
    }

    /// Takes these bytes for a key's signature.
    pub(super) fn of_key(bytes: &[u8]) -> Result<Self, Refusal> {
        // Before anything else: ERC-6492 forbids to take a wrapped signature for a key's own.
        if is_wrapped(bytes) {
            return Err(Refusal::ContractWalletUnsupported);
        }
        Self::from_bytes(bytes).map_err(Refusal::SignatureInvalid)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Invalid> {
        let Some((&[v], compact)) = bytes
            .split_last_chunk()
            .filter(|_| bytes.len() == 65)
            .map(|(c, v)| (v, c))
        else {
            return Err(Invalid::Length(bytes.len()));
        };
        let id = match v {
            0 | 27 => RecoveryId::Zero,
            1 | 28 => RecoveryId::One,
            _ => return Err(Invalid::RecoveryByte(v)),
        };
        if compact[32..] > HALF_ORDER[..] {
            return Err(Invalid::HighS);
        }
        RecoverableSignature::from_compact(compact, id)
            .map(Self)
            .map_err(|_| Invalid::NoKey)
    }

    /// The address whose key signed `hash`.
    pub fn recover(&self, hash: &[u8; 32]) -> Result<Address, Refusal> {
        let key = self
            .0
            .recover_ecdsa(Digest::from_digest(*hash))
            .map_err(|_| Refusal::SignatureInvalid(Invalid::NoKey))?;
        let key_hash = keccak256(&key.serialize_uncompressed()[1..]);
        let tail = key_hash.last_chunk().expect("a hash of 32 bytes has a last 20");
        Ok(Address::from_bytes(*tail))
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(64) => f.write_str(
                "it has 64 bytes, the compact form of EIP-2098, and a private key's signature has 65: send r, s and v",
            ),
            Self::Length(length) => write!(f, "it has {length} bytes, a private key's signature has 65"),
            Self::RecoveryByte(byte) => write!(f, "its last byte is {byte}, not 27, 28, 0 or 1"),
            Self::HighS => f.write_str(
                "its s is above half the curve's order (EIP-2): send the order less s, and the other v",
            ),
            Self::NoKey => f.write_str("no key could have made it"),
            Self::OtherSigner => {
                f.write_str("another address signed, or another text: the wallet must sign it byte by byte")
            }
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::OddDigits(digits) => write!(f, "it has {digits} digits, and two make a byte"),
            Self::Character { character, place } => {
                write!(f, "its character {place} is {}", Shown(*character))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `r` = 1, then `s` and `v`.
    fn with(s: [u8; 32], v: u8) -> Vec<u8> {
        let mut bytes = vec![0; 65];
        bytes[31] = 1;
        bytes[32..64].copy_from_slice(&s);
        bytes[64] = v;
        bytes
    }

    #[test]
    fn s_may_reach_half_the_order_and_v_has_four_values() {
        let mut above = HALF_ORDER;
        above[31] += 1;
        assert_eq!(Signature::from_bytes(&with(above, 27)), Err(Invalid::HighS));
        for v in 0..=u8::MAX {
            let wanted = if [0, 1, 27, 28].contains(&v) {
                None
            } else {
                Some(Invalid::RecoveryByte(v))
            };
            assert_eq!(Signature::from_bytes(&with(HALF_ORDER, v)).err(), wanted);
        }
    }

    #[test]
    fn each_length_but_65_is_not_a_keys_signature() {
        for length in (0..=130).filter(|length| *length != 65) {
            let parsed = Signature::parse(&format!("0x{}", "01".repeat(length)));
            assert_eq!(parsed, Err(Refusal::SignatureInvalid(Invalid::Length(length))));
        }
    }

    #[test]
    fn a_wrapper_is_one_at_any_length_even_at_65() {
        for length in [32, 65, 288] {
            let text = format!("0x{}{}", "00".repeat(length - 32), "6492".repeat(16));
            assert_eq!(Signature::parse(&text), Err(Refusal::ContractWalletUnsupported));
        }
    }

    // Issue 14, item 22: field report W01.
    #[test]
    fn every_spelling_of_the_bytes_is_the_same_signature() {
        let digits = "01".repeat(65);
        let wanted = Ok(vec![1; 65]);
        for text in [
            format!("0x{digits}"),
            format!("0X{digits}"),
            digits.clone(),
            format!("0x{digits}\n"),
            format!("\r\n\t 0X{digits} "),
            format!("\u{3000}{digits}"),
        ] {
            assert_eq!(decode(&text), wanted, "{text:?}");
        }
        assert_eq!(decode(" 0x\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_text_that_is_not_hexadecimal_is_refused_with_the_place() {
        let at = |character, place| Malformed::Character { character, place };
        for (text, fault) in [
            ("", Malformed::Empty),
            (" \n", Malformed::Empty),
            ("0", Malformed::OddDigits(1)),
            ("0x0", Malformed::OddDigits(1)),
            ("0x0x01", at('x', 4)),
            ("0x01 02", at(' ', 5)),
            ("  0x01\u{e9}", at('\u{e9}', 5)),
            ("AQ==", at('Q', 2)),
            ("\"0x01\"", at('"', 1)),
            ("x0102", at('x', 1)),
        ] {
            assert_eq!(decode(text), Err(Refusal::SignatureMalformed(fault)), "{text:?}");
        }
    }

    #[test]
    fn a_zero_is_recovered_to_nobody() {
        let zero = Signature::from_bytes(&[0; 65]).unwrap();
        assert_eq!(
            zero.recover(&[0; 32]),
            Err(Refusal::SignatureInvalid(Invalid::NoKey))
        );
    }
}
