//! The two flows in which the wallet signs a text of ours, so that one test can try both. It knows their
//! HTTP and nothing else.

use hasura_siwe::cli::wallet::Wallet;
use serde_json::{Value, json};

use super::hasura::{Answer, Hasura};

/// As the clients that were generated from Lens' schema send them.
pub const CHALLENGE: &str =
    "query challenge($request: ChallengeRequest!) {\n  challenge(request: $request) {\n    text\n  }\n}";
pub const AUTHENTICATE: &str = "mutation authenticate($request: SignedAuthChallenge!) {\n  authenticate(request: $request) {\n    accessToken\n    refreshToken\n  }\n}";
pub const REFRESH: &str = "mutation refresh($request: RefreshRequest!) {\n  refresh(request: $request) {\n    accessToken\n    refreshToken\n  }\n}";
pub const VERIFY: &str = "query verify($request: VerifyRequest!) {\n  verify(request: $request)\n}";

pub const NONCE_PATH: &str = "/sapi/v2/auth/nonce/";
pub const LOGIN_PATH: &str = "/sapi/v2/auth/login/";
pub const REFRESH_PATH: &str = "/sapi/v1/auth/token/refresh/";

/// A flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletFlow {
    Lens,
    Tanx,
}

/// Access and refresh token.
pub type Tokens = (String, String);

pub const BOTH: [WalletFlow; 2] = [WalletFlow::Lens, WalletFlow::Tanx];

impl WalletFlow {
    /// A text for this address, or the code of the refusal.
    pub async fn challenge(self, hasura: &Hasura, address: &str) -> Result<String, String> {
        let answer = match self {
            Self::Lens => {
                let request = json!({"request": {"address": address}});
                of_lens(hasura.graphql(&[], CHALLENGE, request).await, "challenge")?["text"].clone()
            }
            Self::Tanx => {
                let body = json!({"eth_address": address});
                of_tanx(hasura.post(NONCE_PATH, &[], body).await)?["payload"].clone()
            }
        };
        Ok(text(&answer))
    }

    /// Signs in with a signature that was made before.
    pub async fn answer(self, hasura: &Hasura, address: &str, signature: &str) -> Result<Tokens, String> {
        match self {
            Self::Lens => {
                let request = json!({"request": {"address": address, "signature": signature}});
                let answer = hasura.graphql(&[], AUTHENTICATE, request).await;
                of_lens(answer, "authenticate").map(|tokens| pair(&tokens, "accessToken", "refreshToken"))
            }
            Self::Tanx => {
                let body = json!({"eth_address": address, "user_signature": signature});
                let answer = hasura.post(LOGIN_PATH, &[], body).await;
                of_tanx(answer).map(|body| pair(&body["token"], "access", "refresh"))
            }
        }
    }

    /// Asks for a text, signs it and signs in.
    pub async fn log_in(self, hasura: &Hasura, wallet: &Wallet) -> Tokens {
        let address = wallet.address().to_string();
        let text = self.challenge(hasura, &address).await.unwrap();
        self.answer(hasura, &address, &wallet.sign(&text)).await.unwrap()
    }

    pub async fn refresh(self, hasura: &Hasura, token: &str) -> Result<Tokens, String> {
        match self {
            Self::Lens => {
                let request = json!({"request": {"refreshToken": token}});
                let answer = hasura.graphql(&[], REFRESH, request).await;
                of_lens(answer, "refresh").map(|tokens| pair(&tokens, "accessToken", "refreshToken"))
            }
            Self::Tanx => {
                let answer = hasura.post(REFRESH_PATH, &[], json!({"refresh": token})).await;
                of_tanx(answer).map(|body| pair(&body["payload"], "access", "refresh"))
            }
        }
    }
}

fn of_lens(answer: Answer, field: &str) -> Result<Value, String> {
    if answer.body.get("errors").is_some() {
        return Err(answer.error().1.to_owned());
    }
    Ok(answer.data()[field].clone())
}

/// A refusal has the envelope of the API, and the status that its code has wherever statuses are true.
fn of_tanx(answer: Answer) -> Result<Value, String> {
    if answer.body["status"] == "success" {
        assert_eq!(answer.status, 200, "{answer:?}");
        return Ok(answer.body);
    }
    let code = text(&answer.body["code"]);
    let status = match code.as_str() {
        "bad_request" | "signature_malformed" | "message_too_large" => 400,
        "account_disabled" => 403,
        "unavailable" => 503,
        _ => 401,
    };
    assert_eq!(answer.status, status, "{answer:?}");
    let mut body = answer.body.clone();
    let message = body["message"].take();
    assert!(message.as_str().is_some_and(|text| text.len() > 10), "{answer:?}");
    assert_eq!(
        body,
        json!({"status": "error", "message": null, "code": code, "payload": null})
    );
    Err(code)
}

fn pair(tokens: &Value, access: &str, refresh: &str) -> Tokens {
    (text(&tokens[access]), text(&tokens[refresh]))
}

#[track_caller]
fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
