//! A running engine, a stub handler, and the database they use.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hasura_siwe::clock::Clock;
use hasura_siwe::engine::{Config, Engine, Environment};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

pub const SECRET: &str = "admin-secret";
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/engine/metadata");
pub const KEY: &str = "a key of at least thirty-two bytes";

/// Where to find a PostgreSQL server whose user may create databases.
pub fn server_url() -> String {
    crate::support::db::server_url()
}

/// A new database with the given statements run in it.
pub async fn database(name: &str, statements: &str) -> String {
    let name = format!("engine_{name}_{}", std::process::id());
    let server = server_url();
    execute(&server, &format!("drop database if exists {name} with (force)")).await;
    execute(&server, &format!("create database {name}")).await;
    let (front, query) = server
        .split_once('?')
        .map_or((server.as_str(), None), |(front, query)| (front, Some(query)));
    let host = front.rsplit_once('/').expect("a URL with a database").0;
    let url = format!(
        "{host}/{name}{}",
        query.map(|query| format!("?{query}")).unwrap_or_default()
    );
    execute(&url, statements).await;
    url
}

async fn execute(url: &str, statements: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(statements).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

/// The fixture tables, made once for all tests of a process.
pub async fn fixture_database() -> &'static str {
    static URL: OnceCell<String> = OnceCell::const_new();
    URL.get_or_init(|| database("fixture", include_str!("../../fixtures/engine/tables.sql")))
        .await
}

/// Status, headers and body.
type Canned = (u16, Vec<(String, String)>, String);

/// What the stub answers, and what it was asked.
#[derive(Clone, Default)]
pub struct Stub {
    reply: Arc<Mutex<Canned>>,
    delay: Arc<Mutex<Duration>>,
    received: Arc<Mutex<Vec<Received>>>,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    /// Null where there was none.
    pub body: Value,
}

impl Stub {
    /// A stub on a port of its own, and its URL.
    pub async fn start() -> (Self, String) {
        let stub = Self::default();
        stub.replies(200, json!({}));
        let url = serve(Router::new().fallback(Self::answer).with_state(stub.clone())).await;
        (stub, url)
    }

    pub fn replies(&self, status: u16, body: impl ToString) {
        self.replies_fully(status, &[], body);
    }

    pub fn replies_with_header(&self, name: &str, value: &str, body: &Value) {
        self.replies_fully(200, &[(name, value)], body);
    }

    pub fn replies_fully(&self, status: u16, headers: &[(&str, &str)], body: impl ToString) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        *self.reply.lock().unwrap() = (status, headers.collect(), body.to_string());
    }

    pub fn waits(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn last(&self) -> Received {
        self.received().pop().expect("the handler was called")
    }

    async fn answer(State(stub): State<Stub>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        stub.received.lock().unwrap().push(Received {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body: if bytes.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&bytes).unwrap()
            },
        });
        let delay = *stub.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let (status, headers, body) = stub.reply.lock().unwrap().clone();
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    }
}

pub struct TestEngine {
    pub url: String,
    pub stub: Stub,
    pub clock: Clock,
    pub inconsistencies: Vec<(String, String)>,
    pub client: reqwest::Client,
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}")
}

impl TestEngine {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// An engine on the fixture metadata; a pair with an empty value takes a variable away.
    pub async fn with(changes: &[(&str, &str)]) -> Self {
        Self::on(FIXTURE, changes).await
    }

    pub async fn on(metadata: &str, changes: &[(&str, &str)]) -> Self {
        Self::try_on(metadata, changes).await.unwrap()
    }

    /// Why an engine on the fixture metadata does not start.
    pub async fn refused(changes: &[(&str, &str)]) -> String {
        match Self::try_on(FIXTURE, changes).await {
            Ok(_) => panic!("the engine started"),
            Err(error) => error,
        }
    }

    async fn try_on(metadata: &str, changes: &[(&str, &str)]) -> Result<Self, String> {
        let jwt = json!({"type": "HS256", "key": KEY, "issuer": "us", "audience": "app"}).to_string();
        let mut variables = vec![
            ("HASURA_GRAPHQL_METADATA_DIR", metadata.to_owned()),
            ("HASURA_GRAPHQL_ADMIN_SECRET", SECRET.to_owned()),
            ("HASURA_GRAPHQL_JWT_SECRET", jwt),
            ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "guest".to_owned()),
            ("PG_DATABASE_URL", fixture_database().await.to_owned()),
            ("ACTIONS_SECRET", "handler-secret".to_owned()),
            ("NOWHERE_URL", "http://127.0.0.1:1".to_owned()),
        ];
        for (name, value) in changes {
            variables.retain(|(one, _)| one != name);
            if !value.is_empty() {
                variables.push((name, (*value).to_owned()));
            }
        }
        Self::launch(variables).await
    }

    /// An engine with exactly these variables, and `ACTIONS_BASE_URL` for its stub.
    pub async fn launch(mut variables: Vec<(&str, String)>) -> Result<Self, String> {
        let (stub, handler) = Stub::start().await;
        variables.push(("ACTIONS_BASE_URL", handler));
        let environment = Environment::from(
            variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let config = Config::read(&environment).map_err(|problems| problems.join("; "))?;
        let clock = Clock::system();
        let engine = Engine::start(config, environment, clock.clone())
            .await
            .map_err(|error| error.to_string())?;
        let inconsistencies = engine
            .inconsistencies()
            .iter()
            .map(|one| (one.name.clone(), one.reason.clone()))
            .collect();
        let url = serve(engine.router()).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Ok(Self {
            url,
            stub,
            clock,
            inconsistencies,
            client,
        })
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    /// A GraphQL request as a role, by the admin secret.
    pub async fn ask_as(&self, role: &str, query: &str, variables: Value) -> Value {
        self.ask(
            &[("x-hasura-admin-secret", SECRET), ("x-hasura-role", role)],
            query,
            variables,
        )
        .await
    }

    /// The data that a role is answered; a refusal fails the test.
    pub async fn data(&self, role: &str, query: &str) -> Value {
        let reply = self.ask_as(role, query, json!({})).await;
        assert_eq!(reply["errors"], Value::Null, "{query}: {reply}");
        reply["data"].clone()
    }

    /// A GraphQL request with the given headers.
    pub async fn ask(&self, headers: &[(&str, &str)], query: &str, variables: Value) -> Value {
        let mut request = self
            .post("/v1/graphql")
            .json(&json!({"query": query, "variables": variables}));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-type"],
            "application/json; charset=utf-8"
        );
        response.json().await.unwrap()
    }
}

/// The reply to a refused request.
pub fn refusal(message: &str, path: &str, code: &str) -> Value {
    json!({"errors": [{"message": message, "extensions": {"path": path, "code": code}}]})
}
