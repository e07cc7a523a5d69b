//! The text of a signature, wrapped by ERC-6492 or not, beside a message that is good.

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::siwe::signature::{Invalid, Malformed};
use hasura_siwe::siwe::{Policy, Refusal, verify};
use time::OffsetDateTime;
use time::macros::datetime;

use super::driver::Target;
use super::mutate;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
/// What ends an ERC-6492 wrapper.
const MARK: &str = "6492649264926492649264926492649264926492649264926492649264926492";
const WORDS: &[&str] = &[
    "0x",
    "0X",
    " ",
    "\n",
    "\u{3000}",
    "\u{10ffff}",
    MARK,
    "6492",
    "00",
    "01",
    "1b",
    "1c",
    "1B",
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    "0000000000000000000000000000000000000000000000000000000000000000",
];

fn signed() -> SignedText {
    let wallet = Wallet::from_key([7; 32]).unwrap();
    wallet.log_in(
        &"https://localhost:3000".parse().unwrap(),
        1,
        "V4953jdM8Y5ljtOvZ",
        NOW,
    )
}

pub fn target() -> Target {
    let SignedText { message, signature } = signed();
    let compact = &signature[2..130];
    let wrapped = format!("0x{:0>64}{:0>64}{compact}1b{MARK}", "20", "60");
    let seeds = [
        &signature,
        &wrapped,
        &format!("0x{compact}00"),
        &format!("0x{compact}01"),
        &format!("0X{compact}1b\n"),
        compact,
        "0x",
        "",
    ];
    Target {
        name: "signature",
        seeds: seeds.map(|seed| seed.as_bytes().to_vec()).to_vec(),
        mutate: |draw, seeds| mutate::bytes(draw, seeds, WORDS),
        check: Box::new(move |input| check(&message, &signature, input)),
        short: 4000,
    }
}

fn check(message: &str, good: &str, input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let policy = Policy::new(["https://localhost:3000".parse().unwrap()]);
    let verdict = verify(message, &text, &policy, NOW);
    let bytes = |text: &str| {
        let text = text.trim();
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        hex::decode(digits.unwrap_or(text)).ok()
    };
    let (presented, good) = (bytes(&text), bytes(good).unwrap());
    match verdict {
        Ok(_) => {
            // The recovery byte is written in two ways; everything else in one.
            let presented = presented.unwrap();
            assert_eq!(
                (&presented[..64], presented[64] % 27),
                (&good[..64], good[64] % 27),
                "{text}"
            );
            "accepted".to_owned()
        }
        Err(refusal) => {
            let sentence = refusal.to_string();
            assert!(sentence.chars().all(|c| (' '..='~').contains(&c)), "{sentence:?}");
            let wrapped = presented.is_some_and(|bytes| hex::encode(bytes).ends_with(MARK));
            let told = matches!(
                refusal,
                Refusal::ContractWalletUnsupported | Refusal::MessageTooLarge(_)
            );
            assert!(
                told || !wrapped,
                "a wrapper was taken for a key's signature: {refusal}"
            );
            match refusal {
                Refusal::SignatureInvalid(Invalid::Length(_)) => "another length".to_owned(),
                Refusal::SignatureInvalid(Invalid::RecoveryByte(_)) => "another last byte".to_owned(),
                Refusal::SignatureMalformed(Malformed::OddDigits(_)) => "an odd number of digits".to_owned(),
                Refusal::SignatureMalformed(Malformed::Character { .. }) => "another character".to_owned(),
                refusal => refusal.to_string(),
            }
        }
    }
}
