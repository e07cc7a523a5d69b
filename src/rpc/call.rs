//! What is sent to a contract, and which answer to it counts.

use std::sync::LazyLock;

use ethers_core::abi::{ParamType, Token, decode, encode};
use ethers_core::types::H160;

use super::Question;

/// `isValidSignature(bytes32,bytes)`: its selector is also the answer that means yes.
const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];

/// The universal validator of ERC-6492, which is created by the call and leaves nothing behind.
static VALIDATOR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    hex::decode(include_str!("contracts/ValidateSigOffchain.hex").trim()).expect("kept as hexadecimal digits")
});

/// The input of `isValidSignature` at the contract itself.
pub(super) fn to_the_contract(hash: &[u8; 32], signature: &[u8]) -> Vec<u8> {
    let arguments = [Token::FixedBytes(hash.to_vec()), Token::Bytes(signature.to_vec())];
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

/// What the validator says: one byte, 1 or 0. `None` for everything else, which it does not return.
pub(super) fn validators_answer(answer: &[u8]) -> Option<bool> {
    match answer {
        [1] => Some(true),
        [0] => Some(false),
        _ => None,
    }
}

/// The signature inside an ERC-6492 wrapper, which the contract itself would be asked about. `None` where the wrapper
/// does not hold what the standard says: an address, the input of a call, a signature.
pub(super) fn unwrap(signature: &[u8]) -> Option<Vec<u8>> {
    let (wrapper, _) = signature.split_last_chunk::<32>()?;
    let types = [ParamType::Address, ParamType::Bytes, ParamType::Bytes];
    decode(&types, wrapper).ok()?.pop()?.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

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
        assert_eq!(hex::encode(to_the_contract(&HASH, &signature)), wanted.concat());
        let empty = ["1626ba7e".to_owned(), hash.clone(), word("40"), word("0")];
        assert_eq!(hex::encode(to_the_contract(&HASH, &[])), empty.concat());
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
        assert!(!is_yes(&to_the_contract(&HASH, &[])), "an echo");
        assert_eq!(validators_answer(&[1]), Some(true));
        assert_eq!(validators_answer(&[0]), Some(false));
        for other in [&[][..], &[2], &[1, 0], &[0, 1], &[1; 32]] {
            assert_eq!(validators_answer(other), None, "{other:?}");
        }
    }

    // Issue 14, item 22: field report W02.
    #[test]
    fn a_wrapper_gives_its_signature_back_or_nothing() {
        let wrap = |tokens: &[Token]| [&encode(tokens)[..], &[0x64, 0x92].repeat(16)].concat();
        let factory = Token::Address(H160([1; 20]));
        for inner in [vec![], vec![7; 65], vec![7; 1000]] {
            let tokens = [
                factory.clone(),
                Token::Bytes(vec![1, 2, 3]),
                Token::Bytes(inner.clone()),
            ];
            let wrapped = wrap(&tokens);
            assert_eq!(unwrap(&wrapped), Some(inner));
            for length in 0..wrapped.len() - 32 {
                let cut = [&wrapped[..length], &[0x64, 0x92].repeat(16)].concat();
                // What is left of it may be whole; it is never more than was there.
                assert!(unwrap(&cut).is_none_or(|inner| inner.len() <= length));
            }
        }
        let far = "ff".repeat(32);
        for body in [
            String::new(),
            "00".repeat(31),
            far.repeat(3),
            format!("{}{far}{far}", "00".repeat(32)),
            format!("{0}{1}{1}{far}", "00".repeat(32), "00".repeat(31) + "60"),
        ] {
            let wrapped = hex::decode(format!("{body}{}", "6492".repeat(16))).unwrap();
            assert_eq!(unwrap(&wrapped), None, "{body}");
        }
        for length in 0..32 {
            assert_eq!(unwrap(&vec![0x64; length]), None);
        }
    }

    proptest! {
        #[test]
        fn no_wrapper_stops_its_reader(
            mut body in vec(any::<u8>(), 0..400),
            words in vec((0..12_usize, 0..=0x1c0_u16), 0..6),
        ) {
            // Words that could be offsets and lengths, at the places where the reader looks for them.
            for (at, value) in words {
                if let Some(word) = body.get_mut(at * 32..(at + 1) * 32) {
                    word.fill(0);
                    word[30..].copy_from_slice(&value.to_be_bytes());
                }
            }
            let wrapped = [&body[..], &[0x64, 0x92].repeat(16)].concat();
            prop_assert!(unwrap(&wrapped).is_none_or(|inner| inner.len() <= body.len()));
        }
    }
}
