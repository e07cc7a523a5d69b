//! What the published vectors leave open: mutations, caps, sentences, and the seed as printed.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::check::check;
use super::*;

const SEED: &str = "https://localhost:3000 wants you to sign in with your Ethereum account: \
    0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5  Sign in with Ethereum to the app.  \
    URI: https://localhost:3000 Version: 1 Chain ID: 1 Nonce: V4953jdM8Y5ljtOvZ \
    Issued At: 2024-09-14T20:44:31.764Z Expiration Time: 2024-09-14T20:49:31.761Z";
const SEED_SIGNATURE: &str = "0x81596c2af98457f7621455ca947db35cad201cb96ced9b34a4b2403fea35c014\
    31f7bca6db5fc5ffdb92b42c3cd0ae0c5b21cc24099ce6e630f0966e3fa544701c";
const NOW: OffsetDateTime = datetime!(2024-09-14 20:45:00 UTC);

fn policy() -> Policy {
    Policy::new(["https://localhost:3000".parse().unwrap()])
}

fn code(text: &str, signature: &str, policy: &Policy) -> &'static str {
    verify(text, signature, policy, NOW).map_or_else(|refusal| refusal.code(), |_| "ok")
}

#[test]
fn the_log_in_of_the_published_document_is_accepted_as_printed() {
    let proof = verify(SEED, SEED_SIGNATURE, &policy(), NOW).unwrap();
    assert_eq!(
        proof.address().to_string(),
        "0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5"
    );
    assert_eq!(proof.nonce(), "V4953jdM8Y5ljtOvZ");
    assert_eq!(proof.domain(), "localhost:3000");
    assert_eq!(proof.origin().to_string(), "https://localhost:3000");
    assert_eq!(proof.chain_id(), ChainId::ETHEREUM);
    assert_eq!(proof.acceptable_until(), datetime!(2024-09-14 20:55:31.764 UTC));
}

#[test]
fn the_report_says_who_signed_or_what_is_wrong() {
    let input = serde_json::json!({ "message": SEED, "signature": SEED_SIGNATURE }).to_string();
    let report = check(&input, &policy(), NOW);
    let printed =
        r#"{"ok":true,"code":null,"reason":null,"address":"0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5"}"#;
    assert_eq!(serde_json::to_string(&report).unwrap(), printed);

    let report = check(&input, &policy(), NOW + Duration::hours(1));
    assert_eq!(
        (report.ok, report.code, report.address),
        (false, Some("message_expired"), None)
    );
    assert_eq!(
        report.reason.as_deref(),
        Some(
            "the message expired at 2024-09-14T20:49:31.761Z, and the server's clock says 2024-09-14T21:45:00Z: sign a new one; \
             if this one was signed just now, the signing device's clock is behind: set it"
        )
    );
    assert_eq!(check("[]", &policy(), NOW).code, Some("bad_request"));
}

#[test]
fn the_report_reads_a_log_in_in_every_form_that_clients_send() {
    let session = serde_json::json!({ "message": SEED, "signature": SEED_SIGNATURE });
    let variables = serde_json::json!({ "session": session });
    let body = serde_json::json!({ "query": "mutation …", "variables": variables });
    for input in [&session, &variables, &body] {
        assert!(check(&input.to_string(), &policy(), NOW).ok, "{input}");
    }
    for input in [
        r#"{"session": null}"#,
        r#"{"session": {"message": "x"}}"#,
        r#"{"query": "mutation …", "variables": {}}"#,
        r#"{"query": "mutation …", "variables": {"session": []}}"#,
        "null",
        "",
    ] {
        let report = check(input, &policy(), NOW);
        assert_eq!((report.ok, report.code), (false, Some("bad_request")), "{input}");
    }
}

#[test]
fn no_changed_byte_is_accepted_and_none_stops_us() {
    let restored = restore(SEED).into_owned();
    for text in [SEED, &restored] {
        for at in 0..text.len() {
            assert_ne!(code(&text[..at], SEED_SIGNATURE, &policy()), "ok", "cut at {at}");
            assert_ne!(
                code(&text[at + 1..], SEED_SIGNATURE, &policy()),
                "ok",
                "begun after {at}"
            );
            for other in [
                "", "\0", "\n", " ", "0", "a", ":", "%", "@", "\u{7f}", "é", "\u{2028}", "\u{202e}",
            ] {
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                if changed == text {
                    continue;
                }
                let code = code(&changed, SEED_SIGNATURE, &policy());
                assert_ne!(code, "ok", "{other:?} at {at}");
                assert!(Refusal::CODES.contains(&code));
            }
        }
    }
    for at in 0..SEED_SIGNATURE.len() {
        for other in ["", "0", "f", "g", "x", "é", "\0"] {
            let changed = format!("{}{other}{}", &SEED_SIGNATURE[..at], &SEED_SIGNATURE[at + 1..]);
            assert!(
                changed == SEED_SIGNATURE || code(SEED, &changed, &policy()) != "ok",
                "{changed}"
            );
        }
    }
}

#[test]
fn refusals_are_printable_and_never_carry_control_characters() {
    let restored = restore(SEED);
    for (from, to) in [
        ("app.", "app.\u{1b}[31m"),
        ("localhost:3000 wants", "evil.example:1\u{7} wants"),
        ("URI: https://localhost:3000", "URI: javascript:alert(1)"),
        ("2024-09-14T20:44:31.764Z", "0000-01-01T00:00:00+23:59"),
        ("2024-09-14T20:49:31.761Z", "0000-01-01T00:00:00+23:59"),
        ("Chain ID: 1", "Chain ID: \u{0}1"),
    ] {
        let refusal = verify(&restored.replace(from, to), SEED_SIGNATURE, &policy(), NOW).unwrap_err();
        let sentence = refusal.to_string();
        assert!(sentence.chars().all(|c| (' '..='~').contains(&c)), "{sentence:?}");
        assert!(!sentence.contains("javascript"), "{sentence}");
    }
}

#[test]
fn each_cap_is_checked_before_the_rest() {
    let policy = policy();
    assert_eq!(
        code(&"\0".repeat(MESSAGE_CAP + 1), SEED_SIGNATURE, &policy),
        "message_too_large"
    );
    assert_eq!(
        code("\0", &"x".repeat(SIGNATURE_CAP + 1), &policy),
        "message_too_large"
    );
    let restored = restore(SEED);
    assert_eq!(
        code(
            &format!("{restored}\nRequest ID: {}", "a".repeat(129)),
            "0x",
            &policy
        ),
        "message_too_large"
    );
    assert_eq!(
        code(
            &format!("{restored}\nRequest ID: {}", "a".repeat(128)),
            "0x",
            &policy
        ),
        "signature_invalid"
    );
    let resources = |n| format!("{restored}\nResources:{}", "\n- uri:".repeat(n));
    assert_eq!(code(&resources(17), "0x", &policy), "message_too_large");
    assert_eq!(code(&resources(16), "0x", &policy), "signature_invalid");
    let nonce = |n: usize| restored.replace("V4953jdM8Y5ljtOvZ", &"a".repeat(n));
    assert_eq!(code(&nonce(129), "0x", &policy), "message_malformed");
    assert_eq!(code(&nonce(128), "0x", &policy), "signature_invalid");
}

#[test]
fn without_a_scheme_the_uri_says_which_listed_origin_is_meant() {
    let origins = ["https://localhost:3000", "http://localhost:3000"].map(|o| o.parse().unwrap());
    let text = restore(SEED).replace("https://localhost:3000 wants", "localhost:3000 wants");
    let over_http = text.replace("URI: https", "URI: http");
    for (text, origins, code_wanted) in [
        (&text, &origins[..], "signature_invalid"),
        (&over_http, &origins[..], "signature_invalid"),
        (&text, &origins[1..], "uri_mismatch"),
        (&over_http, &origins[1..], "signature_invalid"),
        (&over_http, &origins[..1], "uri_mismatch"),
    ] {
        assert_eq!(
            code(text, SEED_SIGNATURE, &Policy::new(origins.to_vec())),
            code_wanted,
            "{text}"
        );
    }
    let explicit = text.replace("localhost:3000 wants", "http://localhost:3000 wants");
    assert_eq!(
        code(&explicit, SEED_SIGNATURE, &Policy::new(origins.to_vec())),
        "uri_mismatch"
    );
}

#[test]
fn the_age_of_a_message_is_capped_and_the_limits_are_half_open() {
    let text = restore(SEED).replace("\nExpiration Time: 2024-09-14T20:49:31.761Z", "");
    let issued = datetime!(2024-09-14 20:44:31.764 UTC);
    let ms = Duration::milliseconds(1);
    for (now, code) in [
        (issued - Duration::seconds(60) - ms, "message_not_yet_valid"),
        (issued - Duration::seconds(60), "signature_invalid"),
        (issued + Duration::minutes(10) - ms, "signature_invalid"),
        (issued + Duration::minutes(10), "message_too_old"),
    ] {
        assert_eq!(
            verify(&text, SEED_SIGNATURE, &policy(), now).unwrap_err().code(),
            code,
            "{now}"
        );
    }
}

// Issue 14, item 22: field report W05.
#[test]
fn a_contract_s_message_may_be_older_where_it_names_its_end_and_a_key_s_may_not() {
    let issued = datetime!(2024-09-14 20:44:31.764 UTC);
    let slow = policy().contract_max_age(Duration::hours(12));
    let ending = |end: &str| restore(SEED).replace("2024-09-14T20:49:31.761Z", end);
    let endless = ending("").replace("\nExpiration Time: ", "");
    let contract = |text: &str, now| match judge(text, "0x01", &slow, now) {
        Ok(Judgement::AsksContract(_)) => "asks",
        Ok(Judgement::Signed(_)) => "signed",
        Err(refusal) => refusal.code(),
    };
    let ms = Duration::milliseconds(1);
    for (text, age, wanted) in [
        (&endless, Duration::minutes(10) - ms, "asks"),
        (&endless, Duration::minutes(10), "message_too_old"),
        (&ending("2024-09-16T00:00:00Z"), Duration::minutes(10), "asks"),
        (&ending("2024-09-16T00:00:00Z"), Duration::hours(12) - ms, "asks"),
        (
            &ending("2024-09-16T00:00:00Z"),
            Duration::hours(12),
            "message_too_old",
        ),
        (
            &ending("2024-09-14T21:44:31.764Z"),
            Duration::hours(1),
            "message_expired",
        ),
    ] {
        assert_eq!(contract(text, issued + age), wanted, "{text} {age}");
    }
    // No operator makes it longer than a day, and then its nonce is still remembered.
    let longest = policy().contract_max_age(Duration::days(365));
    let late = ending("9999-12-31T00:00:00Z");
    let day = issued + LONGEST_AGE;
    assert!(judge(&late, "0x01", &longest, day - ms).is_ok());
    assert_eq!(
        judge(&late, "0x01", &longest, day).unwrap_err().code(),
        "message_too_old"
    );
}
