//! Checks of Hasura: is it there, is it ours, and does it reach the service.

use reqwest::header::DATE;
use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::database::judge_clock;
use super::finding::{Outcome, fail, ok, skip, warn};
use super::graphql::ask;
use super::patient::{Hasura, Patient, Seen, cause};
use super::service::hopeless_log_in;
use crate::cli::metadata::{Look, NotOffered, look, url};
use crate::cli::one_line;

/// Said of whatever needs a Hasura that does not answer, or was not named.
pub(super) const NO_HASURA: &str = "no Hasura answered";

/// As HTTP writes it (RFC 9110 section 5.6.7).
const DATE_FORM: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

pub(super) async fn reachable(patient: &mut Patient) -> Outcome {
    let Some(endpoint) = patient.arguments.endpoint.named(&patient.variables) else {
        return skip("no Hasura is named: give --endpoint or set HASURA_ENDPOINT");
    };
    let endpoint = endpoint.to_owned();
    let (health, version) = match (url(&endpoint, "/healthz"), url(&endpoint, "/v1/version")) {
        (Ok(health), Ok(version)) => (health, version),
        (Err(error), _) | (_, Err(error)) => {
            return fail(error.to_string(), "correct --endpoint or HASURA_ENDPOINT");
        }
    };
    let shown = health.as_str().trim_end_matches("/healthz").to_owned();
    let start_it = "start it, or say with --endpoint where it answers from this machine";
    let asked = patient.clock.now();
    let reply = match patient.client.get(health).send().await {
        Ok(reply) => reply,
        Err(error) => return fail(format!("{shown}: {}", cause(error)), start_it),
    };
    let answered = patient.clock.now();
    let date = reply.headers().get(DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| PrimitiveDateTime::parse(text, DATE_FORM).ok());
    let status = reply.status();
    let said: String = reply.text().await.unwrap_or_default().chars().take(100).collect();
    if !status.is_success() {
        return fail(
            format!("{shown}/healthz answers {status}: {said}"),
            "look at Hasura's log; a database of its own that is away makes it 500",
        );
    }
    patient.hasura = Some(Hasura {
        endpoint,
        date: date.map(|date| Seen {
            what: date.assume_utc(),
            asked,
            answered,
        }),
    });
    let version = match patient.client.get(version).send().await {
        Ok(reply) => reply.json::<Value>().await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let seen = format!(
        "{shown} is up, version {}",
        version["version"].as_str().unwrap_or("unknown")
    );
    if said.starts_with("WARN") {
        return fail(
            format!("{seen}; {said}"),
            "`hasura-siwe metadata apply` lists what is inconsistent, and Hasura's console has it in its settings",
        );
    }
    match version["version"].as_str() {
        Some(number) if !number.trim_start_matches('v').starts_with("2.") => warn(
            seen,
            "this program is for Hasura v2: another version may answer otherwise",
        ),
        Some(_) => ok(seen),
        None => warn(
            seen,
            "let /v1/version through where a proxy stands before Hasura; or is it no Hasura?",
        ),
    }
}

pub(super) async fn clock(patient: &mut Patient) -> Outcome {
    match &patient.hasura {
        None => skip(NO_HASURA),
        Some(Hasura { date: None, .. }) => skip("its answer bears no Date"),
        Some(Hasura { date: Some(seen), .. }) => {
            judge_clock("Hasura", seen, |date: &OffsetDateTime| *date, Duration::SECOND)
        }
    }
}

/// How many paths a line names.
const NAMED: usize = 5;

fn some_of(paths: &[String]) -> String {
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<&str> = paths.iter().take(NAMED).map(String::as_str).collect();
    format!("{}{more}", named.join(", "))
}

pub(super) async fn metadata(patient: &mut Patient) -> Outcome {
    if patient.hasura.is_none() {
        return skip(NO_HASURA);
    }
    let arguments = &patient.arguments;
    match patient.variables.secret("HASURA_GRAPHQL_ADMIN_SECRET") {
        Ok(Some(_)) => {}
        Ok(None) => return skip("cannot tell: HASURA_GRAPHQL_ADMIN_SECRET is not set here"),
        Err(fault) => return fail(fault, "keep one of the two"),
    }
    let Look {
        inconsistent,
        missing,
        different,
    } = match look(&arguments.directory, &arguments.endpoint, &patient.variables).await {
        Ok(look) => look,
        Err(error) if error.is::<NotOffered>() => {
            return skip("cannot tell: this Hasura offers no metadata API (HASURA_GRAPHQL_ENABLED_APIS)");
        }
        Err(error) => {
            return fail(
                one_line(&error),
                "give this command the admin secret of that Hasura, and --dir where the metadata is not the shipped one",
            );
        }
    };
    if !inconsistent.is_empty() {
        return fail(
            format!("inconsistent: {}", some_of(&inconsistent)),
            "set what it misses in Hasura's environment (ACTIONS_BASE_URL, ACTIONS_SECRET, PG_DATABASE_URL), or migrate; then reload the metadata",
        );
    }
    if !missing.is_empty() {
        return fail(
            format!("not applied: {}", some_of(&missing)),
            "run `hasura-siwe metadata apply`",
        );
    }
    if !different.is_empty() {
        return fail(
            format!("otherwise than shipped: {}", some_of(&different)),
            "compare with `hasura-siwe metadata diff`; `metadata apply --overwrite` puts ours in their place",
        );
    }
    ok("consistent, and all of ours is there")
}

const LOG_IN: &str = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { success } }";

pub(super) async fn actions(patient: &mut Patient) -> Outcome {
    let Some(hasura) = &patient.hasura else {
        return skip(NO_HASURA);
    };
    let answer = match ask(patient, hasura, &[], LOG_IN, &hopeless_log_in()).await {
        Ok(answer) => answer,
        Err(error) => return fail(error, "look at what stands between here and Hasura"),
    };
    let seen = format!("a hopeless log-in got {}", answer.refusal());
    match answer.code.as_deref() {
        Some(code @ ("message_malformed" | "flow_closed")) => ok(format!(
            "Hasura reached the service with the right secret: a hopeless log-in got {code}"
        )),
        Some("caller_not_allowed") => fail(
            seen,
            "give Hasura the service's ACTIONS_SECRET (in compose: HASURA_ACTIONS_SECRET), and restart it",
        ),
        Some("unavailable") => fail(
            seen,
            "see the checks `database` and `signing-key`; the service's log has the cause",
        ),
        Some("unexpected")
            if answer.message.contains("authorization hook") || answer.message.contains("authentication") =>
        {
            fail(
                seen,
                "webhook mode: let HASURA_GRAPHQL_AUTH_HOOK lead to the service's /webhook, and start the service",
            )
        }
        Some("unexpected") => fail(
            seen,
            "let ACTIONS_BASE_URL in Hasura's environment lead to the service, as Hasura reaches it (localhost is the container itself)",
        ),
        Some("validation-failed") => fail(
            seen,
            "a guest has no v1Login: run `hasura-siwe metadata apply`, and let HASURA_GRAPHQL_UNAUTHORIZED_ROLE be guest",
        ),
        Some("access-denied" | "invalid-headers" | "invalid-jwt") => fail(
            seen,
            "Hasura knows no guest: set HASURA_GRAPHQL_UNAUTHORIZED_ROLE=guest (JWT mode), or HASURA_GRAPHQL_AUTH_HOOK (webhook mode)",
        ),
        _ => fail(
            seen,
            "is it a Hasura, and is v1Login its action? See the check `metadata`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_date_is_read_as_http_writes_it() {
        let read = PrimitiveDateTime::parse("Sun, 22 Nov 2026 12:50:41 GMT", DATE_FORM).unwrap();
        assert_eq!(read.assume_utc(), datetime!(2026-11-22 12:50:41 UTC));
    }

    #[test]
    fn a_long_list_of_paths_is_cut() {
        let paths: Vec<String> = (0..7).map(|number| format!("a[{number}]")).collect();
        assert_eq!(some_of(&paths), "a[0], a[1], a[2], a[3], a[4] and 2 more");
        assert_eq!(some_of(&paths[..1]), "a[0]");
    }
}
