//! Checks of what signs access tokens, and of the public keys as Hasura will read them.

use serde_json::Value;
use time::Duration;

use super::finding::{Outcome, fail, ok, skip, warn};
use super::patient::{Patient, cause};
use super::settings::NO_CONFIGURATION;
use crate::config::JwtKeys;
use crate::storage::KeyHistory;
use crate::token::{KeyRing, KeySeal, KeyState, Keys};

/// A key that is older than this has been on more machines and in more backups than anybody remembers.
const OLD: Duration = Duration::days(365);

pub(super) async fn signing_key(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let ring = KeyRing::of(&config.jwt.keys);
    if let JwtKeys::Shared { algorithm, key } = &config.jwt.keys {
        patient.ring = Some(ring);
        // What is short or printed in tutorials was refused by the configuration.
        return ok(format!(
            "{algorithm:?}, a key of {} bytes that Hasura holds as well",
            key.expose().len()
        ));
    }
    let (Some(db), Some(sealed_under)) = (&patient.db, &config.keys_encryption_key) else {
        return skip("the keys are in the database, which did not answer");
    };
    let stored = match db.live_keys().await {
        Ok(stored) => stored,
        Err(error) => return fail(error.for_the_log(), "run `hasura-siwe migrate`"),
    };
    let (keys, faults) = Keys::published(&stored, &KeySeal::new(sealed_under));
    let Some(current) = stored.iter().find(|key| key.state == KeyState::Current) else {
        return fail(
            "no key is current, so nobody can sign in",
            "run `hasura-siwe keys generate`, or `keys rotate --force` where a next key waits",
        );
    };
    if !faults.is_empty() {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return fail(
            all.join("; "),
            "give the service the KEYS_ENCRYPTION_KEY that they were made under; where it is lost, retire them and make new ones (docs/operations.md)",
        );
    }
    let history = match db.list_keys().await {
        Ok(history) => history,
        Err(error) => return fail(error.for_the_log(), "run `hasura-siwe migrate`"),
    };
    ring.replace(keys);
    patient.ring = Some(ring);
    patient.kid = Some(current.kid.clone());
    let signs_for = history
        .iter()
        .find(|key| key.kid == current.kid)
        .map_or(Duration::ZERO, |key| patient.clock.now() - since(key));
    let seen = format!(
        "{} {} opens and has signed for {} days",
        current.algorithm,
        current.kid,
        signs_for.whole_days()
    );
    if signs_for > OLD {
        return warn(
            seen,
            "rotate it: `hasura-siwe keys generate`, and two minutes later `keys rotate`",
        );
    }
    ok(seen)
}

fn since(key: &KeyHistory) -> time::OffsetDateTime {
    key.activated_at.unwrap_or(key.published_at)
}

pub(super) async fn jwks(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let Some(url) = &config.jwt.jwk_url else {
        return skip("no jwk_url is configured: Hasura holds the key itself");
    };
    let reachable = "let jwk_url in HASURA_GRAPHQL_JWT_SECRET lead to the service's /.well-known/jwks.json, as Hasura reaches it, and ask from where Hasura runs";
    let reply = match patient.client.get(url).send().await {
        Ok(reply) => reply,
        Err(error) => return fail(format!("{url}: {}", cause(error)), reachable),
    };
    let status = reply.status();
    let kept_for = reply
        .headers()
        .get(reqwest::header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let set: Option<Value> = reply.json().await.ok();
    let keys = set.as_ref().and_then(|set| set["keys"].as_array());
    let Some(keys) = keys.filter(|_| status.is_success()) else {
        return fail(format!("{url} answers {status}, and no set of keys"), reachable);
    };
    let kids: Vec<&str> = keys.iter().filter_map(|key| key["kid"].as_str()).collect();
    match &patient.kid {
        None => {
            return skip(format!(
                "{url} has {} keys; which one signs is not known",
                kids.len()
            ));
        }
        Some(kid) if !kids.contains(&kid.as_str()) => {
            return fail(
                format!("{url} does not have the key that signs, {kid}"),
                "let it lead to this service and not to another's; a process that missed the change has it within a minute",
            );
        }
        Some(_) => {}
    }
    if !kept_for.contains("max-age=") {
        return warn(
            format!("{url} comes without Cache-Control: max-age, so Hasura never asks again"),
            "let the proxy in between pass the service's headers on",
        );
    }
    ok(format!("{url} has the key that signs, among {}", kids.len()))
}
