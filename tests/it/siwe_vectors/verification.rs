//! Vectors of the whole check: message and signature under the conditions that a case names.

use std::collections::BTreeSet;

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::siwe::signature::{self, Signature};
use hasura_siwe::siwe::{self, Origin, Policy, Refusal, SignedMessage};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{assert_documented, committed, external, id, listed, long_text, text};

/// The service that a case assumes: its origin, its chain, its nonce.
fn policy(opts: &Value) -> Policy {
    let scheme = text(opts, "scheme").unwrap_or("https");
    let origin: Origin = format!("{scheme}://{}", text(opts, "domain").unwrap())
        .parse()
        .unwrap();
    let chain = opts["chain_id"].to_string().parse().unwrap();
    Policy::new([origin])
        .chains([chain])
        .nonce(text(opts, "nonce").unwrap())
}

fn verify(case: &Value, policy: &Policy) -> Result<SignedMessage, Refusal> {
    // One upstream case names the 31st of February, which its message is refused for as well.
    let now = OffsetDateTime::parse(text(&case["opts"], "time").unwrap(), &Rfc3339)
        .unwrap_or(datetime!(2022-03-01 00:00 UTC));
    siwe::verify(
        &long_text(case, "message"),
        &long_text(case, "signature"),
        policy,
        now,
    )
}

#[test]
fn derived_cases_get_the_answer_and_the_code_they_name() {
    let cases = committed("derived.json");
    let mut otherwise = Vec::new();
    for case in &cases {
        let answer = verify(case, &policy(&case["opts"]));
        let wanted = text(case, "error").unwrap_or("accept");
        let found = answer.as_ref().map_or_else(Refusal::code, |_| "accept");
        if found != wanted {
            println!("{}: {found} instead of {wanted}", case["id"]);
            otherwise.push(id(case));
        }
    }
    assert_documented("derived.json", &cases, otherwise);
}

// Issue 14, item 22: field reports W01, W05, W07, W08, W09, W10 and W12.
#[test]
fn what_people_reported_gets_the_answer_and_the_sentence_that_helps() {
    let cases = committed("field_reports.json");
    for case in &cases {
        let policy = policy(&case["opts"]);
        let answer = verify(case, &policy);
        let found = answer.as_ref().map_or_else(Refusal::code, |_| "accept");
        let wanted = text(case, "error").unwrap_or("accept");
        let reason = answer.err().map(|refusal| refusal.to_string());
        assert_eq!(found, wanted, "{}: {reason:?}", case["id"]);
        for part in case["sentence"].as_array().into_iter().flatten() {
            let sentence = reason.as_deref().unwrap();
            assert!(
                sentence.contains(part.as_str().unwrap()),
                "{}: {sentence}",
                case["id"]
            );
        }
        // `message check` answers in the same words.
        let input = json!({"message": case["message"], "signature": case["signature"]}).to_string();
        let at = OffsetDateTime::parse(text(&case["opts"], "time").unwrap(), &Rfc3339).unwrap();
        assert_eq!(
            siwe::check::check(&input, &policy, at).reason,
            reason,
            "{}",
            case["id"]
        );
    }
}

// Issue 14, item 22: field report W05.
#[test]
fn a_nonce_is_remembered_for_as_long_as_any_setting_could_accept_its_message() {
    let issued = datetime!(2024-09-14 20:45 UTC);
    let origin: Origin = "https://localhost:3000".parse().unwrap();
    let wallet = Wallet::from_key([7; 32]).unwrap();
    let own = wallet.log_in(&origin, 1, "V4953jdM8Y5ljtOvZ", issued).message;
    let end = "2024-09-14T20:50:00.0Z";
    assert!(own.contains("2024-09-14T20:50:00"), "{own}");
    let (head, _) = own.split_once("\nExpiration Time: ").unwrap();
    let minute = Duration::MINUTE;
    for (text, wanted) in [
        (head.to_owned(), issued + minute * 11),
        (format!("{head}\nExpiration Time: {end}"), issued + minute * 11),
        (
            format!("{head}\nExpiration Time: 2024-09-14T22:45:00Z"),
            issued + minute * 121,
        ),
        (
            format!("{head}\nExpiration Time: 9999-12-31T00:00:00Z"),
            issued + siwe::LONGEST_AGE + minute,
        ),
    ] {
        let usual = Policy::new([origin.clone()]);
        for policy in [usual.clone(), usual.contract_max_age(siwe::LONGEST_AGE)] {
            let signature = wallet.sign(&text);
            let proof = siwe::verify(&text, &signature, &policy, issued).unwrap();
            assert_eq!(proof.acceptable_until(), wanted, "{text}");
            // The key's own signature is good for ten minutes whatever the operator says.
            let late = siwe::verify(&text, &signature, &policy, issued + minute * 10).unwrap_err();
            assert!(["message_too_old", "message_expired"].contains(&late.code()));
        }
    }
}

#[test]
fn a_word_that_could_be_markup_is_not_repeated() {
    let cases = committed("field_reports.json");
    let case = cases.iter().find(|case| case["id"] == "w10-markup").unwrap();
    let sentence = verify(case, &policy(&case["opts"])).unwrap_err().to_string();
    assert!(
        !sentence.contains('<') && !sentence.contains("instead"),
        "{sentence}"
    );
}

#[test]
fn published_signatures_are_accepted_or_refused_for_the_named_reason() {
    for file in ["verification_positive.json", "verification_negative.json"] {
        let Some(cases) = external(file) else { return };
        let otherwise = cases.iter().filter(|case| {
            let answer = verify(case, &policy(&case["opts"]).for_published_vectors());
            // Where the signature is good, the check that the case is about must have refused it.
            if let (Err(refusal), Some(true)) = (&answer, case["signature_recovers_address"].as_bool()) {
                assert!(
                    !refusal.code().starts_with("signature"),
                    "{}: {refusal}",
                    case["id"]
                );
            }
            Some(if answer.is_ok() { "accept" } else { "reject" }) != text(case, "expect")
        });
        let otherwise = otherwise.map(id).collect();
        assert_documented(file, &cases, otherwise);
    }
}

#[test]
fn contract_wallets_are_not_taken_for_keys() {
    let Some(cases) = external("eip1271.json") else {
        return;
    };
    for case in cases.iter().filter(|case| text(case, "message").is_some()) {
        let message = text(case, "message").unwrap();
        let hash = signature::hash(message);
        assert_eq!(Some(&*format!("0x{}", hex::encode(hash))), text(case, "hash"));
        let signature = text(case, "signature").unwrap();
        let recovered = Signature::parse(&signature[..132])
            .unwrap()
            .recover(&hash)
            .unwrap();
        assert_eq!(Some(&*recovered.to_string()), text(case, "eoa_recovered"));
        let policy = Policy::new(["https://localhost:4361".parse().unwrap()]).for_published_vectors();
        let refusal = siwe::verify(message, signature, &policy, datetime!(2022-04-19 19:00 UTC)).unwrap_err();
        assert_eq!(refusal.code(), "signature_invalid");
    }
}

#[test]
fn the_document_lists_every_code() {
    let codes: BTreeSet<String> = Refusal::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(listed("## Codes"), codes);
}
