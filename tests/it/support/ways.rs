//! The ways to sign in whose statements differ, spoken straight to a process of the service, so that one test can try them all.

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::clock::Clock;
use hasura_siwe::entropy::Entropy;
use serde_json::{Value, json};

use super::app::{ACTIONS_SECRET, guest};
use super::people::PASSWORD;
use super::process::Process;
use super::{Reply, nonce, origin, wallet};

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Siwe,
    Email,
    Lens,
    Tanx,
}

pub const ALL: [Way; 4] = [Way::Siwe, Way::Email, Way::Lens, Way::Tanx];

/// Somebody who signs in so.
pub struct Somebody {
    way: Way,
    wallet: Wallet,
    email: String,
}

/// A request as it goes over the line; it may be sent again, and to another process.
#[derive(Clone, Debug)]
pub struct Request {
    path: &'static str,
    body: Value,
}

impl Request {
    fn action(path: &'static str, action: &str, input: &Value) -> Self {
        let body = json!({"action": {"name": action}, "input": input, "session_variables": guest()});
        Self { path, body }
    }

    pub async fn send(&self, process: &Process) -> Reply {
        Reply::of(self.to(&process.base).send().await.unwrap()).await
    }

    /// Sends it on a task of its own. `None` is no answer, only an end.
    pub fn send_aside(&self, process: &Process) -> tokio::task::JoinHandle<Option<Reply>> {
        let request = self.to(&process.base);
        tokio::spawn(async move {
            match request.send().await {
                Ok(response) => Some(Reply::of(response).await),
                Err(_) => None,
            }
        })
    }

    fn to(&self, base: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new()
            .post(format!("{base}{}", self.path))
            .header("x-actions-secret", ACTIONS_SECRET)
            .json(&self.body)
    }
}

impl Way {
    /// Whether what signs in does so once.
    pub fn is_spent(self) -> bool {
        self != Self::Email
    }

    /// Somebody new, who has an account where this way wants one. It needs `REGISTRATION=open`.
    pub async fn somebody(self, process: &Process) -> Somebody {
        let email = format!("john-{}@mail.com", hex::encode(Entropy::system().bytes::<6>()));
        if self == Self::Email {
            let input = json!({"email": email, "password": PASSWORD});
            let register = Request::action("/actions/register", "register", &input);
            register.send(process).await.assert_ok();
        }
        Somebody {
            way: self,
            wallet: wallet(),
            email,
        }
    }

    /// The refresh token of a log-in.
    pub fn token(self, reply: &Reply) -> String {
        let at = match self {
            Self::Siwe => "/res/refreshToken",
            Self::Email => "/refresh_token",
            Self::Lens => "/refreshToken",
            Self::Tanx => "/token/refresh",
        };
        text(reply, at)
    }

    /// The refresh token of a restore.
    pub fn successor(self, reply: &Reply) -> String {
        match self {
            Self::Tanx => text(reply, "/payload/refresh"),
            _ => self.token(reply),
        }
    }

    /// The answer says that trying again is safe, in this way's words.
    #[track_caller]
    pub fn assert_unavailable(self, reply: &Reply) {
        let status = if self == Self::Tanx { 503 } else { 400 };
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (status, &"unavailable".into()),
            "{self:?}"
        );
    }

    pub fn restore(self, token: &str) -> Request {
        match self {
            Self::Siwe => Request::action(
                "/actions/restore-session",
                "v1RestoreSession",
                &json!({"session": {"refreshToken": token}}),
            ),
            Self::Email => Request::action(
                "/actions/refresh-token",
                "refreshToken",
                &json!({"refreshToken": token}),
            ),
            Self::Lens => Request::action(
                "/actions/refresh",
                "refresh",
                &json!({"request": {"refreshToken": token}}),
            ),
            Self::Tanx => Request {
                path: "/sapi/v1/auth/token/refresh",
                body: json!({"refresh": token}),
            },
        }
    }
}

impl Somebody {
    /// A log-in of theirs, ready to be sent: signed, where this way wants a signature.
    pub async fn log_in(&self, process: &Process) -> Request {
        let address = self.wallet.address().to_string();
        match self.way {
            Way::Siwe => {
                let signed = self.wallet.log_in(&origin(), 1, &nonce(), Clock::system().now());
                let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
                Request::action("/actions/login", "v1Login", &input)
            }
            Way::Email => {
                let input = json!({"email": self.email, "password": PASSWORD});
                Request::action("/actions/email-login", "login", &input)
            }
            Way::Lens => {
                let input = json!({"request": {"address": address}});
                let ask = Request::action("/actions/challenge", "challenge", &input);
                let challenge = text(ask.send(process).await.assert_ok(), "/text");
                let signature = self.wallet.sign(&challenge);
                let input = json!({"request": {"address": address, "signature": signature}});
                Request::action("/actions/authenticate", "authenticate", &input)
            }
            Way::Tanx => {
                let ask = Request {
                    path: "/sapi/v2/auth/nonce",
                    body: json!({"eth_address": address}),
                };
                let challenge = text(ask.send(process).await.assert_ok(), "/payload");
                Request {
                    path: "/sapi/v2/auth/login",
                    body: json!({"eth_address": address, "user_signature": self.wallet.sign(&challenge)}),
                }
            }
        }
    }
}

#[track_caller]
fn text(reply: &Reply, at: &str) -> String {
    let body = reply.json();
    let found = body.pointer(at).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {at} in {reply:?}")).to_owned()
}
