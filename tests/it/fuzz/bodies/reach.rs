//! Which inputs are good enough to ask the database about: a second judgement, by the parsers alone.
//!
//! It may be too generous, never too strict: it says where `unavailable` is no fault.

use hasura_siwe::config::Config;
use hasura_siwe::http::ACTIONS;
use hasura_siwe::model::{Address, Email, Username};
use hasura_siwe::siwe::signature::Signature;
use hasura_siwe::siwe::{Policy, verify};
use hasura_siwe::token::{KeyRing, RefreshToken, Verifier};
use serde_json::Value;
use time::OffsetDateTime;

pub struct Reach {
    policy: Policy,
    verifier: Verifier,
}

impl Reach {
    pub fn of(config: &Config) -> Self {
        Self {
            policy: Policy::new(config.origins.clone()),
            verifier: Verifier::new(&config.jwt, KeyRing::of(&config.jwt.keys)),
        }
    }

    fn is_token(&self, token: &Value, now: OffsetDateTime) -> bool {
        token
            .as_str()
            .is_some_and(|token| self.verifier.verify(token, now).is_ok())
    }

    fn is_log_in(&self, fields: &Value, now: OffsetDateTime) -> bool {
        let text = |name: &str| fields[name].as_str().unwrap_or_default();
        verify(text("message"), text("signature"), &self.policy, now).is_ok()
    }

    pub fn action(&self, path: &str, body: &[u8], now: OffsetDateTime) -> bool {
        let Ok(call) = serde_json::from_slice::<Value>(body) else {
            return is_skipped(body);
        };
        if is_by_position(&call) || is_by_position(&call["action"]) || is_by_position(&call["input"]) {
            return true;
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let Some((_, name)) = ACTIONS.iter().find(|(own, _)| *own == path) else {
            return false;
        };
        // A prefix of `metadata apply --prefix` may stand before the name.
        let is_called = call["action"]["name"]
            .as_str()
            .is_some_and(|own| own.ends_with(name));
        if !is_called || !call["session_variables"]["x-hasura-role"].is_string() {
            return false;
        }
        let input = &call["input"];
        let is_refresh = |token: &Value| token.as_str().and_then(RefreshToken::parse).is_some();
        let is_somebody = call["session_variables"]["x-hasura-user-id"].is_string();
        match *name {
            "v1Login" => self.is_log_in(&input["session"], now),
            "v1RestoreSession" => is_refresh(&input["session"]["refreshToken"]),
            "refresh" => is_refresh(&input["request"]["refreshToken"]),
            "refreshToken" => {
                let of_any_age = |token: &str| self.verifier.id_of_any_age(token, now).is_ok();
                is_refresh(&input["refreshToken"]) || input["token"].as_str().is_some_and(of_any_age)
            }
            "verify" => self.is_token(&input["request"]["accessToken"], now),
            "verifyToken" => self.is_token(&input["token"], now),
            "challenge" => is_address(&input["request"]["address"]),
            "authenticate" => {
                is_address(&input["request"]["address"]) && is_signature(&input["request"]["signature"])
            }
            "login" => input["email"]
                .as_str()
                .is_some_and(|text| Email::parse(text).is_ok()),
            "tokenAuth" => input["username"]
                .as_str()
                .is_some_and(|text| Username::parse(text).is_ok()),
            "register" => {
                let named = |field: &str, good: fn(&str) -> bool| input[field].as_str().is_some_and(good);
                named("email", |text| Email::parse(text).is_ok())
                    || named("username", |text| Username::parse(text).is_ok())
            }
            "v1Nonce" => true,
            _ => is_somebody,
        }
    }

    pub fn hook(&self, method: &str, rest: &[u8], now: OffsetDateTime) -> bool {
        let text = String::from_utf8_lossy(rest);
        let good = |credential: &str| {
            let token = credential.trim().split_once(' ').map(|(_, token)| token.trim());
            token.is_some_and(|token| self.verifier.verify(token, now).is_ok())
        };
        if method == "POST" {
            let Ok(call) = serde_json::from_slice::<Value>(rest) else {
                return is_skipped(rest);
            };
            let headers = call.get("headers").or(call.get(0)).and_then(Value::as_object);
            return headers.is_some_and(|all| all.values().filter_map(Value::as_str).any(good));
        }
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(_, value)| good(value))
    }

    pub fn sapi(&self, path: &str, body: &[u8]) -> bool {
        if serde_json::from_slice(body).is_ok_and(|input: Value| is_by_position(&input)) {
            return true;
        }
        let input: Sapi = serde_json::from_slice(body).unwrap_or_default();
        let is_own = |name: &str| path.split(['?', '#']).next().unwrap_or_default().contains(name);
        is_own("nonce") && is_address(&input.eth_address)
            || is_own("login") && is_address(&input.eth_address) && is_signature(&input.user_signature)
            || is_own("refresh") && input.refresh.as_str().and_then(RefreshToken::parse).is_some()
    }
}

/// The fields of all of them. What is beside them may be nested deeper than a `Value` can be, and is skipped here as there.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Sapi {
    eth_address: Value,
    user_signature: Value,
    refresh: Value,
}

/// serde reads an object's fields from an array as well, by their order.
fn is_by_position(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(fields) => fields.values().any(|inner| inner.is_array()),
        _ => false,
    }
}

/// What is skipped may hold what a `Value` cannot: deep nesting, numbers without end.
fn is_skipped(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn is_address(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.parse::<Address>().is_ok())
}

fn is_signature(text: &Value) -> bool {
    text.as_str().is_some_and(|text| Signature::parse(text).is_ok())
}
