//! `doctor`: does a deployment hold, end to end, and what to do where it does not.
//!
//! It asks as a client, an operator and Hasura would, one check after the other, each within a time. It reads: nothing is left
//! behind, unless a log-in is asked for. No secret is printed, and none but the admin secret is sent to Hasura.

mod cors;
mod database;
mod finding;
mod graphql;
mod hasura;
mod keys;
mod patient;
mod roles;
mod service;
mod settings;
mod shipped;
mod sign_in;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::metadata::{Directory, Endpoint};
use super::table::{show, show_json};
use crate::config::Variables;
use finding::{Finding, Outcome, Status, fail};
use patient::Patient;
pub(super) use service::here;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe doctor --endpoint http://localhost:8080
  hasura-siwe doctor --endpoint https://api.example.com --json
  hasura-siwe doctor --endpoint http://localhost:8080 --sign-in

Run it where the service runs, with the service's environment. docs/operations.md says of each check what it means when it fails.")]
pub(super) struct Arguments {
    #[command(flatten)]
    endpoint: Endpoint,
    #[command(flatten)]
    directory: Directory,
    /// Sign in through Hasura with a throw-away wallet as well, and sign out. It leaves an account without a name.
    #[arg(long)]
    sign_in: bool,
    /// How long a check may take.
    #[arg(long, default_value = "10s", value_parser = limit)]
    timeout: Duration,
    /// As JSON: {"ok", "checks": [{"check", "status", "seen", "cure"}]}.
    #[arg(long)]
    json: bool,
}

fn limit(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(limit) if !limit.is_zero() && limit <= Duration::from_secs(600) => Ok(limit),
        _ => Err("expected a duration with its unit, at most 10m, such as 10s".to_owned()),
    }
}

/// Each check once: its name, which is frozen, and what does it. They run in this order, and learn from those before.
macro_rules! checks {
    ($($name:literal is $check:path,)*) => {
        /// The names of the checks, in their order. docs/operations.md is held against this list.
        pub const CHECKS: &[&str] = &[$($name),*];

        async fn examine(check: &str, patient: &mut Patient) -> Outcome {
            match check {
                $($name => $check(patient).await,)*
                other => unreachable!("{other} is no check"),
            }
        }
    };
}

checks! {
    "configuration" is settings::configuration,
    "variables" is settings::variables,
    "origins" is settings::origins,
    "flows" is settings::flows,
    "lifetimes" is settings::lifetimes,
    "exposure" is settings::exposure,
    "password-cost" is settings::password_cost,
    "database" is database::connection,
    "database-settings" is database::settings,
    "database-clock" is database::clock,
    "migrations" is database::migrations,
    "networks" is database::networks,
    "hasura-role" is database::hasura_role,
    "nodes" is service::nodes,
    "signing-key" is keys::signing_key,
    "service" is service::readiness,
    "actions-secret" is service::actions_secret,
    "jwks" is keys::jwks,
    "hasura" is hasura::reachable,
    "hasura-clock" is hasura::clock,
    "metadata" is hasura::metadata,
    "actions" is hasura::actions,
    "cors" is cors::cors,
    "guest" is roles::guest,
    "forged-token" is roles::forged_token,
    "user" is roles::user,
    "sign-in" is sign_in::sign_in,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let (limit, as_json) = (arguments.timeout, arguments.json);
    let mut patient = Patient::new(arguments, variables)?;
    let width = CHECKS.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut findings: Vec<Finding> = Vec::new();
    for &check in CHECKS {
        let examined = tokio::time::timeout(limit, examine(check, &mut patient)).await;
        let outcome = examined.unwrap_or_else(|_| {
            fail(
                format!("no answer within {}", humantime::format_duration(limit)),
                "look at whatever is asked here, and at the network in between; --timeout gives it longer",
            )
        });
        let finding = Finding { check, outcome };
        if !as_json {
            show(&finding.line(width))?;
        }
        findings.push(finding);
    }
    let failed = count(&findings, Status::Fail);
    if as_json {
        let checks: Vec<_> = findings.iter().map(Finding::json).collect();
        show_json(&json!({"ok": failed == 0, "checks": checks}))?;
    } else {
        show(&format!(
            "{} ok, {} to look at, {failed} failed, {} not told\n",
            count(&findings, Status::Ok),
            count(&findings, Status::Warn),
            count(&findings, Status::Skip),
        ))?;
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn count(findings: &[Finding], status: Status) -> usize {
    findings
        .iter()
        .filter(|finding| finding.outcome.status == status)
        .count()
}
