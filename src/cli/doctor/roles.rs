//! Checks of who may do what at Hasura: a guest, somebody with a forged token, a user.
//!
//! The user is made up, and its token signed here for a minute: it owns nothing, and nothing of it is stored. What a role may do is
//! read from its schema, so no mutation runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::finding::{Outcome, fail, ok, skip, warn};
use super::graphql::ask;
use super::hasura::NO_HASURA;
use super::patient::{Hasura, Mode, Patient};
use super::shipped::Expected;
use crate::cli::one_line;
use crate::model::{ADMIN_ROLE, GUEST_ROLE, USER_ROLE};
use crate::token::{Identity, Minted, Signer};

/// The least that anybody may see.
const PUBLIC: &str = "query { networks(limit: 1) { name } }";
/// What `admin` alone sees.
const AUDIT: &str = "query { audit(limit: 1) { id } }";

const TOKEN_TTL: Duration = Duration::from_secs(60);

const LOOK_AT_THE_WAY: &str = "look at what stands between here and Hasura";
const SET_A_SECRET: &str =
    "set HASURA_GRAPHQL_ADMIN_SECRET in Hasura's environment: without one everybody is admin";
const RESTORE_PERMISSIONS: &str = "take the permissions back that were added: `hasura-siwe metadata diff` shows them, `metadata apply --overwrite` puts the shipped ones in their place";

pub(super) async fn guest(patient: &mut Patient) -> Outcome {
    let Some(hasura) = &patient.hasura else {
        return skip(NO_HASURA);
    };
    match ask(patient, hasura, &[], PUBLIC, &Value::Null).await {
        Err(error) => return fail(error, LOOK_AT_THE_WAY),
        Ok(answer) if answer.code.is_some() => {
            return fail(
                format!("a guest's query for networks got {}", answer.refusal()),
                "see the checks `actions` and `metadata`: Hasura must know guests, and track the service's tables",
            );
        }
        Ok(_) => {}
    }
    // Whoever sends no token may wish for any role, and stays a guest.
    let wish = [("x-hasura-role", ADMIN_ROLE)];
    match ask(patient, hasura, &wish, AUDIT, &Value::Null).await {
        Err(error) => return fail(error, LOOK_AT_THE_WAY),
        Ok(answer) if answer.code.is_none() => {
            return fail(
                "a guest who asks for the role admin reads the audit log",
                SET_A_SECRET,
            );
        }
        Ok(_) => {}
    }
    match schema_of(patient, hasura, &[], GUEST_ROLE).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

pub(super) async fn forged_token(patient: &mut Patient) -> Outcome {
    let Some(hasura) = &patient.hasura else {
        return skip(NO_HASURA);
    };
    let bearer = match token(patient) {
        Some(token) => forged(&token),
        // Without a key of ours any three parts are as bad.
        None => "Bearer e30.e30.e30".to_owned(),
    };
    let answer = match ask(
        patient,
        hasura,
        &[("authorization", &bearer)],
        PUBLIC,
        &Value::Null,
    )
    .await
    {
        Ok(answer) => answer,
        Err(error) => return fail(error, LOOK_AT_THE_WAY),
    };
    let (mode, outcome) = match answer.code.as_deref() {
        None => (
            None,
            fail("a token with a forged signature is let in", SET_A_SECRET),
        ),
        Some("invalid-jwt") => (Some(Mode::Jwt), ok("refused with invalid-jwt (JWT mode)")),
        Some("access-denied") if answer.message.contains("x-hasura-admin-secret") => (
            None,
            fail(
                "Hasura knows neither tokens nor a webhook",
                "set HASURA_GRAPHQL_JWT_SECRET, or HASURA_GRAPHQL_AUTH_HOOK, in Hasura's environment",
            ),
        ),
        Some("access-denied") => (
            Some(Mode::Webhook),
            ok("refused with access-denied (webhook mode)"),
        ),
        Some("unexpected") => (
            Some(Mode::Webhook),
            fail(
                answer.refusal(),
                "webhook mode: let HASURA_GRAPHQL_AUTH_HOOK lead to the service's /webhook, and see the checks `service` and `database`",
            ),
        ),
        Some(_) => (
            None,
            fail(
                format!("Hasura says {}, and not that the token is bad", answer.refusal()),
                "see the check `actions`",
            ),
        ),
    };
    patient.mode = mode;
    outcome
}

pub(super) async fn user(patient: &mut Patient) -> Outcome {
    let Some(hasura) = &patient.hasura else {
        return skip(NO_HASURA);
    };
    let (Some(mode), Some(token)) = (patient.mode, token(patient)) else {
        return skip("needs a key that signs, and a Hasura that judges tokens");
    };
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = match ask(patient, hasura, &headers, PUBLIC, &Value::Null).await {
        Ok(answer) => answer,
        Err(error) => return fail(error, LOOK_AT_THE_WAY),
    };
    match (mode, answer.code.as_deref()) {
        (Mode::Webhook, Some("access-denied")) => {
            return skip(
                "webhook mode lets in live sessions alone, and a token without one was refused: --sign-in tries one",
            );
        }
        (Mode::Webhook, None) => {
            return fail(
                "a token of no session is let in",
                "let HASURA_GRAPHQL_AUTH_HOOK lead to this service's /webhook, and to nothing else",
            );
        }
        (Mode::Webhook, Some("unexpected")) => {
            return skip("the webhook did not answer: see the check `forged-token`");
        }
        (_, Some(_)) => {
            return fail(
                format!("a good token for the role user got {}", answer.refusal()),
                "give Hasura and the service the same HASURA_GRAPHQL_JWT_SECRET (in a file for compose between single quotes, or a $ in it is expanded), restart both, and see the checks `hasura-clock` and `jwks`",
            );
        }
        (Mode::Jwt, None) => {}
    }
    match as_user(patient, hasura, &headers).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

/// What somebody who is let in as a user may do: what a user may, and nothing as admin.
pub(super) async fn as_user(
    patient: &Patient,
    hasura: &Hasura,
    headers: &[(&str, &str)],
) -> Result<Outcome, Outcome> {
    let mut as_admin = headers.to_vec();
    as_admin.push(("x-hasura-role", ADMIN_ROLE));
    let answer = ask(patient, hasura, &as_admin, AUDIT, &Value::Null)
        .await
        .map_err(|error| fail(error, LOOK_AT_THE_WAY))?;
    if answer.code.is_none() {
        return Err(fail("a user's token acts as admin", SET_A_SECRET));
    }
    schema_of(patient, hasura, headers, USER_ROLE).await
}

/// A minute's token of a made-up user; `None` without a key.
fn token(patient: &Patient) -> Option<String> {
    let (config, ring) = (patient.config.as_ref().ok()?, patient.ring.as_ref()?);
    let signer = Signer::new(&config.jwt, Arc::clone(ring), TOKEN_TTL, TOKEN_TTL);
    let identity = Identity {
        user_id: patient.entropy.uuid(),
        session_id: None,
        address: None,
        extra_roles: Vec::new(),
        custom_claims: Default::default(),
    };
    let now = patient.clock.now();
    let minted = Minted {
        id: patient.entropy.uuid(),
        identity: &identity,
        role: USER_ROLE,
        now,
        expires_at: now + TOKEN_TTL,
    };
    Some(signer.pen().ok()?.mint(&minted).as_str().to_owned())
}

/// The token with another signature.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("Bearer {signed}.{other}{}", &signature[1..])
}

/// Holds the schema of a role against the shipped metadata.
async fn schema_of(
    patient: &Patient,
    hasura: &Hasura,
    headers: &[(&str, &str)],
    role: &str,
) -> Result<Outcome, Outcome> {
    let ours = patient
        .arguments
        .directory
        .build()
        .map_err(|error| fail(one_line(&error), "name the metadata that Hasura has with --dir"))?;
    let expected = Expected::of(&ours, role);
    let answer = ask(patient, hasura, headers, &expected.question(), &Value::Null)
        .await
        .map_err(|error| fail(error, LOOK_AT_THE_WAY))?;
    if answer.code.is_some() {
        return Ok(ok(format!(
            "let in as {role}; its schema is not told (introspection is switched off), so it was not compared"
        )));
    }
    let (missing, beyond) = expected.judge(&answer);
    if !beyond.is_empty() {
        return Err(fail(
            format!("{role} may do more than was shipped: {}", beyond.join(", ")),
            RESTORE_PERMISSIONS,
        ));
    }
    if !missing.is_empty() {
        return Ok(warn(
            format!("{role} lacks {}", missing.join(", ")),
            "run `hasura-siwe metadata apply`; where it was left out on purpose, name your own metadata with --dir",
        ));
    }
    Ok(ok(format!(
        "let in as {role}, with {} operations of ours and nothing beyond; admin refused",
        expected.allowed.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("a.b.cdef"), "Bearer a.b.Adef");
        assert_eq!(forged("a.b.Adef"), "Bearer a.b.Bdef");
    }
}
