//! What an operator sees of a running service: its metrics, and the dashboard and the alarms that are made of them.
//!
//! A service is started with everything that has metrics, used, and scraped; documents and files are held against that.

mod dashboard;
mod log;
mod rules;
mod scrape;

use std::collections::BTreeSet;

use hasura_siwe::clock::Clock;
use serde_json::{Value, json};

use crate::docs::operations::documented;
use crate::support::app::{WITH_OWN_KEYS, variables};
use crate::support::db::TestDb;
use crate::support::process::{Process, run};
use crate::support::{Reply, nonce, origin, wallet};
use scrape::Scrape;

/// A service with keys of its own, a node that is down, and metrics.
struct Observed {
    process: Process,
    metrics: String,
    client: reqwest::Client,
    _db: TestDb,
}

/// An address that nobody listens on.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

impl Observed {
    async fn start() -> Self {
        let db = TestDb::create().await;
        let mut variables = variables(&db);
        for (name, value) in WITH_OWN_KEYS {
            variables.set(name, *value);
        }
        let metrics = free_address();
        variables.set("METRICS_ADDR", metrics.as_str());
        variables.set("ETH_RPC_URLS", format!("1=http://{}", free_address()));
        // So that a token that was spent is a copy at once.
        variables.set("REFRESH_GRACE", "0s");
        let made = run(&["keys", "generate"], &variables, "").await;
        assert!(made.status.success(), "{made:?}");
        Self {
            process: Process::serve(variables).await,
            metrics: format!("http://{metrics}/metrics"),
            client: reqwest::Client::new(),
            _db: db,
        }
    }

    async fn scrape(&self) -> Scrape {
        let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        Scrape::read(&text)
    }

    /// Scrapes until something is so, which happens beside the requests.
    async fn scrape_until(&self, is_so: impl Fn(&Scrape) -> bool) -> Scrape {
        for _ in 0..400 {
            let scrape = self.scrape().await;
            if is_so(&scrape) {
                return scrape;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("it does not come to be: {:?}", self.scrape().await);
    }

    async fn call(&self, path: &str, action: &str, input: Value) -> Reply {
        self.process.call(&self.client, path, action, &input).await
    }

    async fn log_in(&self) -> Reply {
        let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        self.call("/actions/login", "v1Login", input).await
    }

    async fn restore(&self, token: &str) -> Reply {
        let input = json!({"session": {"refreshToken": token}});
        self.call("/actions/restore-session", "v1RestoreSession", input)
            .await
    }

    async fn ask_webhook(&self, access: &str) -> Reply {
        let request = self.client.get(format!("{}/webhook", self.process.base));
        Reply::of(request.bearer_auth(access).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn what_people_do_is_counted_by_what_came_of_it() {
    let observed = Observed::start().await;
    let fresh = observed
        .scrape_until(|scrape| scrape.value("hasura_siwe_announcements_connected", &[]) == Some(1.0))
        .await;
    let siwe = ("flow", "siwe");
    for (name, labels) in [
        ("hasura_siwe_log_ins_total", vec![siwe, ("result", "ok")]),
        ("hasura_siwe_refresh_token_reuses_total", vec![]),
        ("hasura_siwe_restores_total", vec![("result", "ok")]),
    ] {
        assert_eq!(fresh.value(name, &labels), Some(0.0), "{name}");
    }

    let reply = observed.log_in().await;
    reply.assert_ok();
    let (first, access) = (
        reply.refresh_token(),
        reply.res()["accessToken"].as_str().unwrap().to_owned(),
    );
    for _ in 0..3 {
        observed.ask_webhook(&access).await.assert_ok();
    }
    let second = observed.restore(&first).await.assert_ok().refresh_token();
    observed
        .restore(&first)
        .await
        .assert_error(401, "refresh_token_invalid");
    observed
        .restore(&second)
        .await
        .assert_error(401, "refresh_token_invalid");
    let input = json!({"email": "nobody@example.com", "password": "correct horse battery"});
    let refused = observed.call("/actions/email-login", "login", input).await;
    assert_ne!(refused.status, 200, "{refused:?}");
    let other = observed.log_in().await.assert_ok().refresh_token();
    observed.restore(&other).await.assert_ok();

    // The first sweep begins with the service.
    let scrape = observed
        .scrape_until(|scrape| {
            let at = scrape.value("hasura_siwe_cleanup_last_success_timestamp_seconds", &[]);
            at.is_some_and(|at| at > 0.0)
        })
        .await;
    let email = ("flow", "email");
    for (name, labels, value) in [
        ("hasura_siwe_log_ins_total", vec![siwe, ("result", "ok")], 2.0),
        (
            "hasura_siwe_log_ins_total",
            vec![email, ("result", "credentials_invalid")],
            1.0,
        ),
        ("hasura_siwe_restores_total", vec![("result", "ok")], 2.0),
        (
            "hasura_siwe_restores_total",
            vec![("result", "refresh_token_invalid")],
            2.0,
        ),
        ("hasura_siwe_refresh_token_reuses_total", vec![], 1.0),
        ("hasura_siwe_sessions_ended_total", vec![("reason", "reuse")], 1.0),
        ("hasura_siwe_restores_of_statement_count", vec![], 4.0),
        (
            "hasura_siwe_session_cache_lookups_total",
            vec![("result", "miss")],
            1.0,
        ),
        (
            "hasura_siwe_session_cache_lookups_total",
            vec![("result", "hit")],
            2.0,
        ),
        (
            "hasura_siwe_token_cache_lookups_total",
            vec![("result", "hit")],
            2.0,
        ),
        ("hasura_siwe_password_seconds_count", vec![], 1.0),
        ("hasura_siwe_published_keys", vec![], 1.0),
        ("hasura_siwe_signing_key_usable", vec![], 1.0),
        (
            "hasura_siwe_build_info",
            vec![("version", env!("CARGO_PKG_VERSION"))],
            1.0,
        ),
        (
            "hasura_siwe_requests_total",
            vec![("route", "/webhook"), ("code", "ok")],
            3.0,
        ),
    ] {
        assert_eq!(
            scrape.value(name, &labels),
            Some(value),
            "{name} {labels:?}: {scrape:?}"
        );
    }
    let age = scrape.value("hasura_siwe_signing_key_age_seconds", &[]).unwrap();
    assert!((0.0..600.0).contains(&age), "{age}");
    let unreachable = [("chain", "1"), ("result", "unreachable")];
    assert!(
        scrape
            .value("hasura_siwe_rpc_requests_total", &unreachable)
            .unwrap()
            >= 1.0
    );
    assert!(scrape.value("process_resident_memory_bytes", &[]).unwrap() > 1e6);
}

#[tokio::test]
async fn every_metric_of_a_scrape_is_documented_and_every_documented_one_is_in_it() {
    let observed = Observed::start().await;
    let scrape = observed.scrape().await;
    let scraped: BTreeSet<String> = scrape.names().map(str::to_owned).collect();
    assert_eq!(documented("Metrics"), scraped);
}

#[tokio::test]
async fn labels_are_words_of_this_program_alone() {
    let observed = Observed::start().await;
    observed.log_in().await.assert_ok();
    let scrape = observed.scrape().await;
    let known = [
        "chain", "code", "flow", "le", "reason", "result", "route", "version",
    ];
    for label in scrape.labels() {
        assert!(known.contains(&label), "{label} may grow without bound");
    }
}

#[tokio::test]
async fn what_the_dashboard_and_the_alarms_ask_for_is_there_from_the_start() {
    let observed = Observed::start().await;
    let scrape = observed.scrape().await;
    let mut asked = 0;
    for (place, query) in dashboard::queries().into_iter().chain(rules::queries()) {
        for selector in scrape::selectors(&query) {
            assert!(
                scrape.has(&selector),
                "{place} asks for {selector:?}, of which a service that has just started has nothing"
            );
            asked += 1;
        }
    }
    assert!(asked > 40, "only {asked} selectors were looked at");
}
