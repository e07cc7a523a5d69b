//! The service as production builds it, on a port of its own and a database of its own.

use std::net::SocketAddr;

use hasura_siwe::app::App;
use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::clock::Clock;
use hasura_siwe::config::{Config, Variables};
use hasura_siwe::entropy::Entropy;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::db::TestDb;
use super::reply::Reply;
use super::{nonce, origin};

/// Drawn for the tests; nothing else has them.
pub const ACTIONS_SECRET: &str = "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga";
pub const JWT_SECRET: &str =
    r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A","issuer":"hasura-siwe","audience":"hasura"}"#;

/// What a service with keys of its own has besides.
pub const WITH_OWN_KEYS: &[(&str, &str)] = &[
    (
        "HASURA_GRAPHQL_JWT_SECRET",
        r#"{"jwk_url":"http://service:4000/.well-known/jwks.json","issuer":"hasura-siwe","audience":"hasura"}"#,
    ),
    (
        "KEYS_ENCRYPTION_KEY",
        "4f1d9ab27c6e8035f2b1c4d7e9a6308b5d2f7c1e9a4b8063d7f5e2c1a9b40836",
    ),
];

/// A running service.
pub struct TestApp {
    pub address: SocketAddr,
    pub db: TestDb,
    pub clock: Clock,
    pub app_service: std::sync::Arc<hasura_siwe::flow::Service>,
    client: reqwest::Client,
}

/// The variables of a service on `db`.
pub fn variables(db: &TestDb) -> Variables {
    [
        ("DATABASE_URL", db.url().as_str()),
        ("ACTIONS_SECRET", ACTIONS_SECRET),
        ("HASURA_GRAPHQL_JWT_SECRET", JWT_SECRET),
        (
            "SIWE_ORIGINS",
            "http://localhost:3000,https://localhost:3000,https://app.example.com",
        ),
        ("FLOWS", "siwe,lens,email,username,tanx"),
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("DATABASE_POOL_SIZE", "4"),
    ]
    .into_iter()
    .collect()
}

impl TestApp {
    /// With the defaults.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these variables besides.
    pub async fn with(extra: &[(&str, &str)]) -> Self {
        let db = TestDb::create().await;
        Self::on(db, Clock::system(), extra).await
    }

    /// On a database and a clock that are there already.
    pub async fn on(db: TestDb, clock: Clock, extra: &[(&str, &str)]) -> Self {
        super::watch::start();
        let mut variables = variables(&db);
        for (name, value) in extra {
            variables.set(name, *value);
        }
        let config = Config::read(&variables).unwrap();
        let app = App::build(&config, clock.clone(), Entropy::system()).unwrap();
        let app_service = std::sync::Arc::clone(app.service());
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(app.serve(listener, std::future::pending()));
        Self {
            address,
            db,
            clock,
            app_service,
            client: reqwest::Client::new(),
        }
    }

    /// Calls an action as Hasura does.
    pub async fn call(&self, path: &str, action: &str, session: Value, input: Value) -> Reply {
        let body = json!({
            "action": {"name": action},
            "input": input,
            "session_variables": session,
            "request_query": "mutation { ... }",
        });
        self.post(path, Some(ACTIONS_SECRET), body.to_string()).await
    }

    /// Calls an action as a guest whose address a proxy wrote down (TRUSTED_HOPS=1).
    pub async fn call_from(&self, ip: &str, path: &str, action: &str, input: Value) -> Reply {
        let body = json!({"action": {"name": action}, "input": input, "session_variables": guest()});
        self.post_from(ip.as_bytes(), path, body).await
    }

    /// Posts JSON, with the actions secret and this X-Forwarded-For.
    pub async fn post_from(&self, forwarded_for: &[u8], path: &str, body: Value) -> Reply {
        let request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .header("X-Actions-Secret", ACTIONS_SECRET)
            .header("X-Forwarded-For", HeaderValue::from_bytes(forwarded_for).unwrap())
            .body(body.to_string());
        Reply::of(request.send().await.unwrap()).await
    }

    /// Signs in with a message as it stands, from this address.
    pub async fn log_in_from(&self, ip: &str, signed: &SignedText) -> Reply {
        super::watch::secret(&signed.signature);
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        self.call_from(ip, "/actions/login", "v1Login", input).await
    }

    /// Posts bytes to a path.
    pub async fn post(&self, path: &str, secret: Option<&str>, body: impl Into<reqwest::Body>) -> Reply {
        let mut request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .body(body);
        if let Some(secret) = secret {
            request = request.header("X-Actions-Secret", secret);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(
            self.client
                .get(format!("http://{}{path}", self.address))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Signs in with a message as it stands.
    pub async fn log_in_with(&self, signed: &SignedText) -> Reply {
        super::watch::secret(&signed.signature);
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        self.call("/actions/login", "v1Login", guest(), input).await
    }

    /// A message of this wallet, good now.
    pub fn message(&self, wallet: &Wallet) -> SignedText {
        wallet.log_in(&origin(), 1, &nonce(), self.clock.now())
    }

    /// Asks v1Nonce for a nonce of a purpose.
    pub async fn nonce_for(&self, purpose: &str, session: &Value) -> Reply {
        self.call(
            "/actions/nonce",
            "v1Nonce",
            session.clone(),
            json!({"purpose": purpose}),
        )
        .await
    }

    /// A message of this wallet for a purpose, good now in the session of these variables.
    pub async fn proof(&self, wallet: &Wallet, purpose: &str, session: &Value) -> SignedText {
        let (nonce, statement) = self.issued(purpose, session).await;
        wallet.message(&origin(), 1, &nonce, &statement, self.clock.now())
    }

    /// A nonce of a purpose and its statement.
    pub async fn issued(&self, purpose: &str, session: &Value) -> (String, String) {
        let issued = self.nonce_for(purpose, session).await.assert_ok().res();
        let text = |name: &str| issued[name].as_str().unwrap().to_owned();
        (text("nonce"), text("statement"))
    }

    /// Signs in and hands over the refresh token.
    pub async fn log_in(&self, wallet: &Wallet) -> String {
        self.log_in_with(&self.message(wallet))
            .await
            .assert_ok()
            .refresh_token()
    }

    pub async fn restore(&self, refresh_token: &str) -> Reply {
        let input = json!({"session": {"refreshToken": refresh_token}});
        self.call("/actions/restore-session", "v1RestoreSession", guest(), input)
            .await
    }

    pub async fn update(&self, session: Value, networks: &[&str], name: &str, address: &str) -> Reply {
        let input = json!({"account": {"data": {"networks": networks, "name": name, "address": address}}});
        self.call("/actions/update-account", "v1UpdateAccount", session, input)
            .await
    }
}

/// The session variables of a guest.
pub fn guest() -> Value {
    json!({"x-hasura-role": "guest"})
}

/// The session variables of a signed-in user.
pub fn user(user_id: &str) -> Value {
    json!({"x-hasura-role": "user", "x-hasura-user-id": user_id})
}
