//! The answer of `hasura-siwe message check`: would this log-in be accepted, and if not, why?
//!
//! It runs the same [`verify`] as the service, at a time that the caller names. It asks no database,
//! so it cannot say whether a nonce was spent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::{Policy, verify};
use crate::model::{Address, Purpose};

/// What is checked: the two fields of a log-in.
#[derive(Deserialize)]
struct Input {
    message: String,
    signature: String,
}

/// The answer. Every field is printed, null included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Would it be accepted?
    pub ok: bool,
    /// The code of the refusal; `bad_request` where the input is no log-in at all.
    pub code: Option<&'static str>,
    /// The refusal in a sentence.
    pub reason: Option<String>,
    /// Who signed, if it would be accepted.
    pub address: Option<Address>,
}

/// Checks `input` under `policy` at the instant `at`: the JSON object `{"message", "signature"}`, alone
/// or as clients send it, in the variables of a log-in or in its whole body.
pub fn check(input: &str, policy: &Policy, at: OffsetDateTime) -> Report {
    let Input { message, signature } = match read(input) {
        Ok(input) => input,
        Err(error) => {
            let reason = format!("the input is not a JSON object with message and signature: {error}");
            return refused("bad_request", reason);
        }
    };
    let verified = verify(&message, &signature, policy, at);
    // The statement of a log-in names no site, so none is needed here.
    let verified = verified.and_then(|proof| proof.check_purpose(Purpose::SignIn, "").map(|()| proof));
    match verified {
        Ok(proof) => Report {
            ok: true,
            code: None,
            reason: None,
            address: Some(proof.address()),
        },
        Err(refusal) => refused(refusal.code(), refusal.to_string()),
    }
}

/// What a client sends is checked as it was sent: nobody should have to take it apart first.
fn read(input: &str) -> serde_json::Result<Input> {
    let whole: Value = serde_json::from_str(input)?;
    let variables = whole.get("variables").unwrap_or(&whole);
    Input::deserialize(variables.get("session").unwrap_or(variables))
}

fn refused(code: &'static str, reason: String) -> Report {
    Report {
        ok: false,
        code: Some(code),
        reason: Some(reason),
        address: None,
    }
}
