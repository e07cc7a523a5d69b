//! docs/openapi.json: it is what the program prints, has every route and every code, and real answers fit it.
//!
//! The schemas are judged by ajv and by the schema of OpenAPI 3.1, which `make test-deps` installs. Where a test speaks to Hasura it speaks
//! HTTP alone, so a real one may take the place of the local engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;

use hasura_siwe::http::{ACTIONS, CODES};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::docs::api::{answered, refusals};
use crate::repository::{files, read};
use crate::support::app::TestApp;
use crate::support::hasura::{Hasura, LOG_IN, session_of};
use crate::support::keys::generate;
use crate::support::{nonce, wallet};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi");

fn document() -> Value {
    hasura_siwe::cli::openapi_document().unwrap()
}

#[test]
fn the_document_in_docs_is_the_programs() {
    let printed = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    assert!(
        read("docs/openapi.json") == printed,
        "docs/openapi.json is out of date: run `make openapi`, and look at what changed"
    );
}

#[tokio::test]
async fn every_code_is_in_the_document_with_its_status() {
    let mut answers = BTreeMap::new();
    for error in refusals() {
        let (code, status) = answered(error).await;
        answers.insert(code, status);
    }
    let listed: BTreeMap<String, u16> = CODES
        .iter()
        .map(|(code, status)| ((*code).to_owned(), *status))
        .collect();
    assert_eq!(
        listed, answers,
        "http::CODES (left) and the errors (right) differ"
    );
    let document = document();
    let codes = document["components"]["schemas"]["Code"]["enum"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(
        codes,
        CODES.iter().map(|(code, _)| json!(code)).collect::<Vec<_>>()
    );
}

/// Paths that the router has and the document leaves out, with the reason. Actions are Hasura's own business.
const LEFT_OUT: &[(&str, &str)] = &[
    ("/sapi", "the answer for what is not there"),
    ("/sapi/{*rest}", "the answer for what is not there"),
    ("", "the sign-in page: docs/web.md"),
    ("/assets/{*path}", "its files"),
    ("/web.json", "what it is told, and nobody else's business"),
    (
        "/metrics",
        "on a port of its own, in a format of its own: docs/operations.md",
    ),
];

/// Every path in a `.route("…"` of src/http and of the page, without its final slash.
fn routes() -> BTreeSet<String> {
    let page = "src/web.rs".to_owned();
    let files = files("src/http", "rs").into_iter().chain([page]);
    let source: String = files.map(|path| read(&path)).collect();
    source
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .map(|rest| rest.split('"').next().unwrap().trim_end_matches('/').to_owned())
        .collect()
}

#[test]
fn every_route_of_the_service_is_in_the_document_or_has_a_reason_not_to_be() {
    let routes = routes();
    assert!(
        routes.contains("/sapi/v2/auth/nonce") && routes.contains("/readyz"),
        "{routes:?}"
    );
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    for route in &routes {
        let left_out = LEFT_OUT.iter().any(|(path, _)| path == route);
        assert!(
            left_out != paths.contains_key(route),
            "{route}: describe it in src/cli/openapi/service.rs, or say in LEFT_OUT why not"
        );
    }
    for (path, _) in ACTIONS {
        assert!(
            !paths.contains_key(*path),
            "{path} is between Hasura and the service"
        );
    }
}

#[tokio::test]
async fn everything_in_the_document_is_answered() {
    let hasura = Hasura::start().await;
    let document = document();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let base = match (item["servers"].is_null(), &hasura.app) {
            (true, _) => hasura.endpoint.clone(),
            (false, Some(app)) => format!("http://{}", app.address),
            (false, None) => continue,
        };
        for method in item.as_object().unwrap().keys().filter(|key| *key != "servers") {
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let request = reqwest::Client::new().request(method.clone(), format!("{base}{path}"));
            let status = request.json(&json!({})).send().await.unwrap().status();
            assert!(status != 404 && status != 405, "{method} {path}: {status}");
            tried += 1;
        }
    }
    assert!(tried >= 7, "{tried} operations");
}

/// Exchanges that took place.
struct Notes {
    client: reqwest::Client,
    taken: Vec<Value>,
}

impl Notes {
    fn none() -> Self {
        Self {
            client: reqwest::Client::new(),
            taken: Vec::new(),
        }
    }

    /// Sends a request and keeps it with its answer.
    async fn take(
        &mut self,
        base: &str,
        (method, path): (&str, &str),
        token: Option<&str>,
        request: Value,
    ) -> Value {
        let mut sent = self
            .client
            .request(method.to_uppercase().parse().unwrap(), format!("{base}{path}"));
        if method == "post" {
            sent = sent.json(&request);
        }
        if let Some(token) = token {
            sent = sent.bearer_auth(token);
        }
        let reply = sent.send().await.unwrap();
        let status = reply.status().as_u16();
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        let text = reply.text().await.unwrap();
        crate::support::watch::answer(&text);
        let answer: Value = match kind.starts_with("application/json") {
            true => serde_json::from_str(&text).unwrap(),
            false => text.into(),
        };
        self.taken.push(json!({
            "method": method, "path": path, "request": request, "status": status, "type": kind, "answer": answer,
        }));
        answer
    }

    fn statuses(&self) -> Vec<u64> {
        self.taken
            .iter()
            .map(|one| one["status"].as_u64().unwrap())
            .collect()
    }

    /// What does not fit the document, line by line.
    async fn judged(&self) -> String {
        let installed = format!("{FOLDER}/node_modules");
        assert!(
            Path::new(&installed).exists(),
            "{installed} is missing: run `make test-deps`"
        );
        let mut child = Command::new("node")
            .arg(format!("{FOLDER}/check.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node does not run ({error}): run `make test-deps`"));
        let input = json!({"document": document(), "exchanges": self.taken}).to_string();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .await
            .unwrap();
        let output = child.wait_with_output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        said
    }
}

#[tokio::test]
async fn what_clients_are_answered_without_graphql_fits_the_document() {
    let hasura = Hasura::start().await;
    let (base, mut notes) = (hasura.endpoint.clone(), Notes::none());
    let alice = wallet();
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    let log_in = ("post", "/api/rest/v1/login");
    let session = session_of(&hasura.message(&alice));
    let answer = notes.take(&base, log_in, None, session.clone()).await;
    let tokens = &answer["v1Login"]["res"];
    let (access, refresh) = (text(&tokens["accessToken"]), text(&tokens["refreshToken"]));
    notes.take(&base, log_in, None, session).await;
    let nonsense = json!({"session": {"message": "x", "signature": "0x00"}});
    notes.take(&base, log_in, None, nonsense.clone()).await;
    notes
        .take(&base, log_in, Some("no token"), nonsense.clone())
        .await;

    let update = ("post", "/api/rest/v1/update-account");
    let account =
        json!({"account": {"data": {"networks": ["ethereum"], "name": "a.eth", "address": alice.address()}}});
    notes.take(&base, update, Some(&access), account.clone()).await;
    let theirs = json!({"account": {"data": {"networks": ["ethereum"], "name": "a.eth", "address": wallet().address()}}});
    notes.take(&base, update, Some(&access), theirs).await;
    notes.take(&base, update, None, account).await;

    let restore = ("post", "/api/rest/v1/restore-session");
    let next = notes
        .take(
            &base,
            restore,
            None,
            json!({"session": {"refreshToken": refresh}}),
        )
        .await;
    assert_ne!(next["v1RestoreSession"]["res"]["refreshToken"], json!(refresh));
    let unknown = json!({"session": {"refreshToken": "d1789988-2406-4937-bc3d-2f9e039e7e1b"}});
    notes.take(&base, restore, None, unknown).await;

    let by_graphql = ("post", "/v1/login");
    let document = |session: Value| json!({"query": LOG_IN, "variables": session});
    notes
        .take(
            &base,
            by_graphql,
            None,
            document(session_of(&hasura.message(&wallet()))),
        )
        .await;
    notes.take(&base, by_graphql, None, document(nonsense)).await;

    let (ask, sign, renew) = (
        ("post", "/sapi/v2/auth/nonce"),
        ("post", "/sapi/v2/auth/login"),
        ("post", "/sapi/v1/auth/token/refresh"),
    );
    let asked = notes
        .take(
            &base,
            ask,
            None,
            json!({"eth_address": alice.address(), "device": "x"}),
        )
        .await;
    notes.take(&base, ask, None, json!({})).await;
    let signature = alice.sign(asked["payload"].as_str().unwrap());
    let signed = json!({"eth_address": alice.address(), "user_signature": signature});
    let answer = notes.take(&base, sign, None, signed.clone()).await;
    notes.take(&base, sign, None, signed).await;
    let refresh = json!({"refresh": answer["token"]["refresh"]});
    notes.take(&base, renew, None, refresh).await;
    notes.take(&base, renew, None, json!({"refresh": nonce()})).await;

    let statuses = notes.statuses();
    assert!(
        statuses.iter().filter(|status| **status == 200).count() >= 8,
        "{statuses:?}"
    );
    assert!(statuses.contains(&401) && statuses.contains(&400), "{statuses:?}");
    assert_eq!(notes.judged().await, "");
}

#[tokio::test]
async fn what_operators_are_answered_fits_the_document() {
    let app = TestApp::with(crate::support::app::WITH_OWN_KEYS).await;
    let (base, mut notes) = (format!("http://{}", app.address), Notes::none());
    notes.take(&base, ("get", "/readyz"), None, Value::Null).await;
    generate(&app.db, "EdDSA").await;
    generate(&app.db, "ES256").await;
    let token = {
        // The process hears of the key, or looks for it when it is asked whether it is ready.
        for _ in 0..200 {
            let answer = app.get("/readyz").await;
            if answer.status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        crate::support::keys::log_in(&app).await
    };
    for path in ["/healthz", "/readyz", "/.well-known/jwks.json"] {
        notes.take(&base, ("get", path), None, Value::Null).await;
    }
    for bearer in [None, Some(token.as_str()), Some("no.token.atall")] {
        notes.take(&base, ("get", "/webhook"), bearer, Value::Null).await;
    }
    let headers = json!({"headers": {"Authorization": format!("Bearer {token}")}, "request": null});
    notes.take(&base, ("post", "/webhook"), None, headers).await;
    notes.take(&base, ("post", "/webhook"), None, json!({})).await;
    assert_eq!(notes.statuses(), [503, 200, 200, 200, 200, 200, 401, 200, 401]);
    assert_eq!(notes.judged().await, "");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_found() {
    let mut notes = Notes::none();
    notes.taken = vec![
        json!({"method": "post", "path": "/sapi/v2/auth/nonce", "request": {"eth_address": "0x"}, "status": 200,
            "type": "application/json", "answer": {"status": "success", "message": "Nonce Acquired", "payload": 1}}),
        json!({"method": "get", "path": "/sapi/v2/auth/nonce", "status": 405, "type": "application/json", "answer": {}}),
        json!({"method": "post", "path": "/api/rest/v1/login", "status": 401, "type": "application/json",
            "answer": {"error": "x", "path": "$", "code": "a_code_that_is_none"}}),
    ];
    let said = notes.judged().await;
    assert_eq!(said.lines().count(), 3, "{said}");
}
