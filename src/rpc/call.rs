//! What is sent to a contract, and which answer to it counts.

use std::sync::LazyLock;

use ethers_core::abi::{Token, encode};
use ethers_core::types::H160;

use super::Question;

/// `isValidSignature(bytes32,bytes)`: its selector is also the answer that means yes.
const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];

/// The universal validator of ERC-6492, which is created by the call and leaves nothing behind.
static VALIDATOR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    hex::decode(include_str!("contracts/ValidateSigOffchain.hex").trim()).expect("kept as hexadecimal digits")
});

/// The input of `isValidSignature` at the contract itself.
pub(super) fn to_the_contract(question: &Question<'_>) -> Vec<u8> {
    let arguments = [
        Token::FixedBytes(question.hash.to_vec()),
        Token::Bytes(question.signature.to_vec()),
    ];
    [&MAGIC[..], &encode(&arguments)].concat()
}

/// Whether a contract's answer is yes: the magic value in one word, the rest of it zero, and nothing more.
///
/// Nothing less will do. The selector and the magic value are the same four bytes, so whatever repeats its input, as the
/// precompile at address 4 does, would pass a look at the beginning, for any signature.
pub(super) fn is_yes(answer: &[u8]) -> bool {
    answer
        .split_first_chunk()
        .is_some_and(|(magic, rest)| *magic == MAGIC && rest == [0; 28])
}

/// The code that creates the universal validator for this question.
pub(super) fn to_the_validator(question: &Question<'_>) -> Vec<u8> {
    let arguments = [
        Token::Address(H160(*question.address.as_bytes())),
        Token::FixedBytes(question.hash.to_vec()),
        Token::Bytes(question.signature.to_vec()),
    ];
    [&VALIDATOR[..], &encode(&arguments)].concat()
}

/// Whether the validator's answer is yes: one byte, which is 1.
pub(super) fn is_validators_yes(answer: &[u8]) -> bool {
    answer == [1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, ChainId};

    const HASH: [u8; 32] = [0xab; 32];

    fn asks(signature: &[u8]) -> Question<'_> {
        Question {
            chain: ChainId::ETHEREUM,
            address: Address::from_bytes([0xcd; 20]),
            hash: &HASH,
            signature,
            is_wrapped: false,
        }
    }

    fn word(last: &str) -> String {
        format!("{last:0>64}")
    }

    #[test]
    fn the_input_is_as_the_abi_has_it() {
        let hash = "ab".repeat(32);
        let signature = [0x11; 65];
        let wanted = [
            "1626ba7e".to_owned(),
            hash.clone(),
            word("40"),
            word("41"),
            "11".repeat(65),
            "00".repeat(31),
        ];
        assert_eq!(hex::encode(to_the_contract(&asks(&signature))), wanted.concat());
        let empty = ["1626ba7e".to_owned(), hash.clone(), word("40"), word("0")];
        assert_eq!(hex::encode(to_the_contract(&asks(&[]))), empty.concat());
        let input = to_the_validator(&asks(&[0x11; 32]));
        let arguments = [
            word(&"cd".repeat(20)),
            hash,
            word("60"),
            word("20"),
            "11".repeat(32),
        ];
        assert_eq!(hex::encode(&input[VALIDATOR.len()..]), arguments.concat());
    }

    #[test]
    fn one_answer_means_yes() {
        let mut yes = vec![0x16, 0x26, 0xba, 0x7e];
        yes.resize(32, 0);
        assert!(is_yes(&yes));
        for at in 0..32 {
            let mut other = yes.clone();
            other[at] ^= 1;
            assert!(!is_yes(&other), "byte {at}");
        }
        for length in (0..32).chain([33, 64]) {
            let mut other = yes.clone();
            other.resize(length, 0);
            assert!(!is_yes(&other), "{length} bytes");
        }
        assert!(!is_yes(&to_the_contract(&asks(&[]))), "an echo");
        assert!(is_validators_yes(&[1]));
        for other in [&[][..], &[0], &[2], &[1, 0], &[0, 1]] {
            assert!(!is_validators_yes(other), "{other:?}");
        }
    }
}
