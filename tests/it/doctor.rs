//! `hasura-siwe doctor`: a deployment that holds, and each thing broken on purpose.
//!
//! The tests that speak to Hasura alone run against a real one too (`HASURA_ENDPOINT`); those that break what is behind it need the local
//! engine.

mod database;
mod hasura;
mod keys;
mod roles;
mod settings;

use hasura_siwe::cli::DOCTOR_CHECKS;
use hasura_siwe::config::Variables;
use serde_json::Value;

use crate::support::app::{ACTIONS_SECRET, TestApp, WITH_OWN_KEYS, variables};
use crate::support::hasura::{Hasura, Mode};
use crate::support::in_both_modes;
use crate::support::process::run;

/// What is asked of Hasura once it is known to answer.
const OF_HASURA: [&str; 7] = [
    "hasura-clock",
    "metadata",
    "actions",
    "cors",
    "guest",
    "forged-token",
    "user",
];

/// Where nothing answers. A port that a listener gave back could be the next test's.
pub(super) const NOWHERE: &str = "http://127.0.0.1:1";

/// What the doctor said.
#[derive(Debug)]
pub(super) struct Report {
    exit: i32,
    checks: Vec<Value>,
}

/// Runs it.
pub(super) async fn doctor(variables: &Variables, flags: &[&str]) -> Report {
    let words = [&["doctor", "--json"], flags].concat();
    let output = run(&words, variables, "").await;
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(err, "", "what is wrong is a finding");
    let report: Value = serde_json::from_str(&out).unwrap();
    let exit = output.status.code().unwrap();
    assert_eq!(report["ok"], exit == 0, "{out}");
    for (name, value) in variables.iter() {
        let is_secret = name.ends_with("_SECRET") || name == "KEYS_ENCRYPTION_KEY";
        for part in value
            .split(['"', ','])
            .filter(|part| is_secret && part.len() >= 32)
        {
            assert!(
                !part.starts_with("http") && !out.contains(part) || part.starts_with("http"),
                "{name}: {out}"
            );
        }
    }
    let checks = report["checks"].as_array().unwrap().clone();
    let names: Vec<&str> = checks
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(names, DOCTOR_CHECKS);
    Report { exit, checks }
}

impl Report {
    #[track_caller]
    fn of(&self, check: &str) -> &Value {
        self.checks
            .iter()
            .find(|one| one["check"] == check)
            .unwrap_or_else(|| panic!("{check} is no check"))
    }

    /// The check ended so; what was seen. Whatever failed says what to do.
    #[track_caller]
    pub(super) fn assert(&self, check: &str, status: &str) -> &str {
        let found = self.of(check);
        assert_eq!(found["status"], status, "{check}: {found}");
        let has_cure = found["cure"].as_str().is_some_and(|cure| cure.len() > 15);
        assert_eq!(has_cure, matches!(status, "warn" | "fail"), "{found}");
        found["seen"].as_str().unwrap()
    }

    /// These failed, and no other.
    #[track_caller]
    pub(super) fn assert_failed(&self, checks: &[&str]) {
        let failed: Vec<&str> = self
            .checks
            .iter()
            .filter(|check| check["status"] == "fail")
            .map(|check| check["check"].as_str().unwrap())
            .collect();
        assert_eq!(failed, checks, "{self:#?}");
        assert_eq!(self.exit, i32::from(!checks.is_empty()));
    }
}

/// The environment of somebody who runs it beside this service.
pub(super) fn beside(app: &TestApp) -> Variables {
    let mut all = variables(&app.db);
    all.set("ACTIONS_BASE_URL", format!("http://{}", app.address));
    all
}

/// The same, with Hasura in front.
pub(super) fn with_hasura(app: &TestApp, hasura: &str) -> Variables {
    let mut all = beside(app);
    all.set("HASURA_ENDPOINT", hasura);
    all
}

/// Rows of everything that a log-in or an operator leaves.
async fn rows(app: &TestApp) -> i64 {
    let client = app.db.connect().await;
    let tables = [
        "auth.users",
        "auth.wallets",
        "auth.sessions",
        "auth.refresh_tokens",
        "auth.issued_nonces",
        "auth.spent_nonces",
        "auth.limits",
        "auth.guesses",
        "auth.challenges",
        "auth.audit_log",
        "auth.signing_keys",
        "public.accounts",
        "public.networks",
    ];
    let mut sum = 0;
    for table in tables {
        let row = client
            .query_one(&format!("select count(*) from {table}"), &[])
            .await;
        sum += row.unwrap().get::<_, i64>(0);
    }
    sum
}

in_both_modes! {
    a_deployment_that_holds_is_told_so_and_left_as_it_was,
    a_log_in_is_played_where_it_is_asked_for,
}

async fn a_deployment_that_holds_is_told_so_and_left_as_it_was(hasura: Hasura) {
    let Some(app) = &hasura.app else {
        let known = [("HASURA_ENDPOINT", hasura.endpoint.as_str())]
            .into_iter()
            .collect();
        let report = doctor(&known, &[]).await;
        for check in ["hasura", "hasura-clock", "actions", "guest", "forged-token"] {
            report.assert(check, "ok");
        }
        return;
    };
    let before = rows(app).await;
    let report = doctor(&with_hasura(app, &hasura.endpoint), &[]).await;
    assert_eq!(rows(app).await, before, "it leaves nothing behind");
    report.assert_failed(&[]);
    for check in DOCTOR_CHECKS {
        let expected = match *check {
            // The tests' own PostgreSQL, in which many tests share one role, and the tests' own origins and flows.
            "database-settings" | "hasura-role" | "origins" | "flows" => "warn",
            "nodes" | "jwks" | "metadata" | "sign-in" => "skip",
            "user" if hasura.mode == Mode::Webhook => "skip",
            _ => "ok",
        };
        report.assert(check, expected);
    }
    let mode = report.assert("forged-token", "ok");
    assert!(
        mode.contains(if hasura.mode == Mode::Jwt {
            "JWT mode"
        } else {
            "webhook mode"
        }),
        "{mode}"
    );
}

async fn a_log_in_is_played_where_it_is_asked_for(hasura: Hasura) {
    let Some(app) = &hasura.app else {
        return;
    };
    for nonces in ["client", "server"] {
        let mut variables = with_hasura(app, &hasura.endpoint);
        variables.set("SIWE_NONCES", nonces);
        let report = doctor(&variables, &["--sign-in"]).await;
        report.assert_failed(&[]);
        report.assert("sign-in", "ok");
    }
    let client = app.db.connect().await;
    let open = "select count(*) from auth.sessions where ended_at is null";
    assert_eq!(
        client.query_one(open, &[]).await.unwrap().get::<_, i64>(0),
        0,
        "no session stays open"
    );
}

#[tokio::test]
async fn a_person_reads_a_line_a_check_and_a_sum() {
    let app = TestApp::start().await;
    let output = run(&["doctor"], &beside(&app), "").await;
    let out = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), DOCTOR_CHECKS.len() + 1, "{out}");
    for (line, check) in lines.iter().zip(DOCTOR_CHECKS) {
        let mut words = line.split_whitespace();
        let status = words.next().unwrap();
        assert!(["ok", "warn", "fail", "skip"].contains(&status), "{line}");
        assert_eq!(words.next(), Some(*check));
        assert_eq!(line.contains(" → "), matches!(status, "warn" | "fail"), "{line}");
    }
    assert!(lines.last().unwrap().ends_with("not told"), "{out}");
    assert!(!out.contains(ACTIONS_SECRET) && output.status.success(), "{out}");
}

#[tokio::test]
async fn what_does_not_answer_costs_no_more_than_its_time() {
    let app = TestApp::start().await;
    // It takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut variables = beside(&app);
    variables.set("ACTIONS_BASE_URL", &url);
    variables.set("HASURA_ENDPOINT", &url);
    let report = doctor(&variables, &["--timeout", "500ms"]).await;
    report.assert_failed(&["service", "actions-secret", "hasura"]);
    assert_eq!(report.assert("hasura", "fail"), "no answer within 500ms");
    for check in OF_HASURA {
        report.assert(check, "skip");
    }
    for bad in ["0s", "11m", "soon"] {
        let output = run(&["doctor", "--timeout", bad], &variables, "").await;
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_secrets_of_these_tests_are_seen_where_they_are_printed() {
    assert!(WITH_OWN_KEYS[1].1.len() == 64 && ACTIONS_SECRET.len() == 32);
}
