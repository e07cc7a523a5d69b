//! An engine in front of the service: the local one, or a real Hasura where HASURA_ENDPOINT and
//! HASURA_ADMIN_SECRET are set. Tests that take a [`Hasura`] know only its HTTP.
//!
//! A real one must stand in front of a service that allows the origin http://localhost:3000 and
//! takes nonces of clients, as `make env` and compose set it up, with REGISTRATION=open and REFRESH_COOKIE=on in `.env`.

use std::net::SocketAddr;

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::clock::Clock;
use hasura_siwe::engine::{Config, Engine, Environment};
use hasura_siwe::local::front;
use hasura_siwe::web;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::app::{ACTIONS_SECRET, JWT_SECRET, TestApp};
use super::db::TestDb;
use super::{nonce, origin};

pub const LOG_IN: &str = "mutation v1Login($session: LoginInput!) {\n  v1Login(session: $session) {\n    res\n    success\n  }\n}\n";
pub const RESTORE: &str = "mutation v1RestoreSession($session: RestoreSessionInput!) {\n  v1RestoreSession(session: $session) {\n    res\n    success\n  }\n}\n";
pub const UPDATE: &str = "mutation v1UpdateAccount($account: UpdateAccountInput!) {\n  v1UpdateAccount(account: $account) {\n    res\n    success\n  }\n}\n";

const ADMIN_SECRET: &str = "Wd8Gk2Vn5Tz0Hc7Jm4Qx1Rb9Lp6Fy3Sa";

/// Every test of the list in each of Hasura's two ways to learn who calls.
macro_rules! in_both_modes {
    ($($name:ident),* $(,)?) => {
        mod jwt {
            $(#[tokio::test]
            async fn $name() {
                if let Some(hasura) = $crate::support::hasura::Hasura::in_mode($crate::support::hasura::Mode::Jwt).await {
                    super::$name(hasura).await;
                }
            })*
        }
        mod webhook {
            $(#[tokio::test]
            async fn $name() {
                if let Some(hasura) = $crate::support::hasura::Hasura::in_mode($crate::support::hasura::Mode::Webhook).await {
                    super::$name(hasura).await;
                }
            })*
        }
    };
}

pub(crate) use in_both_modes;

/// How the engine learns who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It checks the token itself.
    Jwt,
    /// It asks the service.
    Webhook,
}

/// An engine and what is known of it.
pub struct Hasura {
    pub mode: Mode,
    pub endpoint: String,
    pub admin_secret: String,
    /// The service behind it, where it runs in this process.
    pub app: Option<TestApp>,
    client: reqwest::Client,
}

/// An answer of the engine.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Hasura {
    /// In whichever mode the real one runs, JWT for the local engine.
    pub async fn start() -> Self {
        match Self::real() {
            Some(hasura) => hasura,
            None => Self::local(Clock::system(), &[]).await,
        }
    }

    /// In this mode; `None`, with a word about it, where a real Hasura runs in the other one.
    pub async fn in_mode(mode: Mode) -> Option<Self> {
        match Self::real() {
            Some(hasura) if hasura.mode == mode => Some(hasura),
            Some(hasura) => {
                println!("skipped: this Hasura runs in {:?} mode", hasura.mode);
                None
            }
            None => Some(Self::local_in(mode, Clock::system(), &[]).await),
        }
    }

    /// The real one, where there is one.
    #[expect(clippy::disallowed_methods, reason = "the tests' own switch to a real Hasura")]
    pub fn real() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = variable("HASURA_ENDPOINT")?.trim_end_matches('/').to_owned();
        let admin_secret =
            variable("HASURA_ADMIN_SECRET").expect("HASURA_ENDPOINT needs HASURA_ADMIN_SECRET");
        let mode = match variable("AUTH_MODE").as_deref() {
            Some("webhook") => Mode::Webhook,
            _ => Mode::Jwt,
        };
        Some(Self {
            mode,
            endpoint,
            admin_secret,
            app: None,
            client: reqwest::Client::new(),
        })
    }

    /// The local engine, at a time and with variables of the service that the test chooses.
    pub async fn local(clock: Clock, extra: &[(&str, &str)]) -> Self {
        Self::local_in(Mode::Jwt, clock, extra).await
    }

    pub async fn local_in(mode: Mode, clock: Clock, extra: &[(&str, &str)]) -> Self {
        Self::with_clocks(mode, (clock.clone(), clock), extra).await
    }

    /// The service and the engine with a clock each.
    pub async fn with_clocks(mode: Mode, clocks: (Clock, Clock), extra: &[(&str, &str)]) -> Self {
        let db = TestDb::create().await;
        let mut variables = vec![
            ("TRUSTED_HOPS", "1"),
            ("REGISTRATION", "open"),
            ("REFRESH_COOKIE", "on"),
        ];
        variables.extend_from_slice(extra);
        let app = TestApp::on(db, clocks.0, &variables).await;
        let engine = start_engine(&app, mode, clocks.1).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let page = web::Settings {
            graphql: "/v1/graphql".to_owned(),
            test_wallet: true,
            registration_is_open: true,
        };
        let service = front(engine, app.address, &page)
            .unwrap()
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = reqwest::Client::new();
        Self {
            mode,
            endpoint,
            admin_secret: ADMIN_SECRET.to_owned(),
            app: Some(app),
            client,
        }
    }

    /// A GraphQL request with these headers.
    pub async fn graphql(&self, headers: &[(&str, &str)], query: &str, variables: Value) -> Answer {
        self.post(
            "/v1/graphql",
            headers,
            json!({"query": query, "variables": variables}),
        )
        .await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.endpoint)).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// What a browser asks before it lets a page of this origin send JSON and a token.
    pub async fn preflight(&self, path: &str, origin: &str) -> Answer {
        let request = self
            .client
            .request(reqwest::Method::OPTIONS, format!("{}{path}", self.endpoint))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        Answer::of(request.send().await.unwrap()).await
    }

    /// These very bytes, with no word on what they are.
    pub async fn post_text(&self, path: &str, body: String) -> Answer {
        let request = self.client.post(format!("{}{path}", self.endpoint)).body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(
            self.client
                .get(format!("{}{path}", self.endpoint))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// The time of the service.
    pub fn now(&self) -> time::OffsetDateTime {
        self.app
            .as_ref()
            .map_or_else(|| Clock::system().now(), |app| app.clock.now())
    }

    /// A message of this wallet, good now.
    pub fn message(&self, wallet: &Wallet) -> SignedText {
        wallet.log_in(&origin(), 1, &nonce(), self.now())
    }

    /// A message of this wallet for a purpose, good now in the session of this access token.
    pub async fn proof(&self, wallet: &Wallet, purpose: &str, token: &str) -> SignedText {
        let query = "query ($purpose: String) { v1Nonce(purpose: $purpose) { res } }";
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = self.graphql(&headers, query, json!({"purpose": purpose})).await;
        let issued = &answer.data()["v1Nonce"]["res"];
        let text = |name: &str| issued[name].as_str().unwrap_or_else(|| panic!("{issued}"));
        wallet.message(&origin(), 1, text("nonce"), text("statement"), self.now())
    }

    pub async fn log_in_with(&self, signed: &SignedText) -> Answer {
        self.graphql(&[], LOG_IN, session_of(signed)).await
    }

    /// Signs in; access and refresh token.
    pub async fn log_in(&self, wallet: &Wallet) -> (String, String) {
        self.log_in_with(&self.message(wallet)).await.tokens("v1Login")
    }
}

/// The local engine on a port of its own, configured by Hasura's names alone.
pub async fn start_engine(app: &TestApp, mode: Mode, clock: Clock) -> SocketAddr {
    engine_with(app, mode, JWT_SECRET.to_owned(), clock).await
}

/// The same, with this HASURA_GRAPHQL_JWT_SECRET where the mode is JWT.
pub async fn engine_with(app: &TestApp, mode: Mode, jwt_secret: String, clock: Clock) -> SocketAddr {
    engine_given(app, mode, jwt_secret, clock, &[]).await
}

/// The local engine in JWT mode, on the metadata of this folder.
pub async fn engine_on(app: &TestApp, metadata: &std::path::Path) -> SocketAddr {
    let given = [("HASURA_GRAPHQL_METADATA_DIR", metadata.to_str().unwrap())];
    engine_given(app, Mode::Jwt, JWT_SECRET.to_owned(), app.clock.clone(), &given).await
}

/// The same, with these variables in the place of its own; an empty one is absent.
pub async fn engine_given(
    app: &TestApp,
    mode: Mode,
    jwt_secret: String,
    clock: Clock,
    other: &[(&str, &str)],
) -> SocketAddr {
    let mut given = vec![
        ("HASURA_GRAPHQL_ADMIN_SECRET", ADMIN_SECRET.to_owned()),
        ("HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE", "true".to_owned()),
        ("HASURA_GRAPHQL_ENABLED_APIS", "graphql".to_owned()),
        (
            "HASURA_GRAPHQL_CORS_DOMAIN",
            "http://localhost:3000,https://localhost:3000,https://app.example.com".to_owned(),
        ),
        ("PG_DATABASE_URL", app.db.hasura_url()),
        ("ACTIONS_BASE_URL", format!("http://{}", app.address)),
        ("ACTIONS_SECRET", ACTIONS_SECRET.to_owned()),
    ];
    match mode {
        Mode::Jwt => given.extend([
            ("HASURA_GRAPHQL_JWT_SECRET", jwt_secret),
            ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "guest".to_owned()),
        ]),
        Mode::Webhook => given.push((
            "HASURA_GRAPHQL_AUTH_HOOK",
            format!("http://{}/webhook", app.address),
        )),
    }
    for (name, value) in other {
        given.retain(|(own, _)| own != name);
        if !value.is_empty() {
            given.push((name, (*value).to_owned()));
        }
    }
    let environment = Environment::from(given.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let config = Config::read(&environment).unwrap();
    let engine = Engine::start(config, environment, clock).await.unwrap();
    assert!(engine.inconsistencies().is_empty());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = engine.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub fn session_of(signed: &SignedText) -> Value {
    json!({"session": {"message": signed.message, "signature": signed.signature}})
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        super::watch::cookies(&headers);
        let text = response.text().await.unwrap();
        super::watch::answer(&text);
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            headers,
            body,
        }
    }

    /// The data of an answer without errors.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(
            self.body.get("errors").is_none() && self.status == 200,
            "{self:?}"
        );
        &self.body["data"]
    }

    /// The one error of an answer: its message and code.
    #[track_caller]
    pub fn error(&self) -> (&str, &str) {
        assert_eq!(self.status, 200, "{self:?}");
        let error = &self.body["errors"][0];
        (
            error["message"].as_str().unwrap_or_else(|| panic!("{self:?}")),
            error["extensions"]["code"]
                .as_str()
                .unwrap_or_else(|| panic!("{self:?}")),
        )
    }

    #[track_caller]
    pub fn assert_code(&self, code: &str) {
        assert_eq!(self.error().1, code, "{self:?}");
    }

    #[track_caller]
    pub fn tokens(&self, field: &str) -> (String, String) {
        let reply = &self.data()[field];
        assert_eq!(reply["success"], true, "{self:?}");
        let text = |name: &str| {
            reply["res"][name]
                .as_str()
                .unwrap_or_else(|| panic!("{self:?}"))
                .to_owned()
        };
        (text("accessToken"), text("refreshToken"))
    }
}
