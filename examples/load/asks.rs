//! The requests that are measured, each with what a right answer is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::clock::Clock;
use hasura_siwe::entropy::Entropy;
use hasura_siwe::siwe::Origin;

use crate::drive::Asker;
use crate::seeds::token_of;
use crate::stack::ORIGIN;
use crate::wire::{Answer, action, find};

/// True rotations, of each session of a range in turn.
pub struct Restores {
    tokens: Vec<[u8; 36]>,
    at: usize,
}

impl Restores {
    pub fn of(first: u64, count: u64) -> Self {
        Self::over(first..first + count)
    }

    /// Of the people with these numbers.
    pub fn over(numbers: impl Iterator<Item = u64>) -> Self {
        Self {
            tokens: numbers.map(token_of).collect(),
            at: 0,
        }
    }
}

impl Asker for Restores {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        self.at = (self.at + 1) % self.tokens.len();
        let token = std::str::from_utf8(&self.tokens[self.at]).expect("a UUID is ASCII");
        let body = format!(
            r#"{{"action":{{"name":"v1RestoreSession"}},"input":{{"session":{{"refreshToken":"{token}"}}}},"session_variables":{{"x-hasura-role":"guest"}}}}"#
        );
        action(request, "/actions/restore-session", body.as_bytes());
        true
    }

    fn judge(&mut self, answer: Answer<'_>) -> Result<(), String> {
        const BEFORE: &[u8] = br#""refreshToken":""#;
        let next = find(answer.body, BEFORE)
            .and_then(|at| answer.body.get(at + BEFORE.len()..at + BEFORE.len() + 36))
            .filter(|_| answer.status == 200)
            .ok_or("no refresh token")?;
        let token = &mut self.tokens[self.at];
        if next == token {
            return Err("the same token again".to_owned());
        }
        token.copy_from_slice(next);
        Ok(())
    }
}

/// Log-ins of wallets that nobody knows yet, each with a message of its own.
pub struct LogIns {
    signed: Arc<Vec<SignedText>>,
    next: Arc<AtomicUsize>,
}

/// Signs so many messages, on all cores. They are good for five minutes.
pub fn sign(count: usize) -> Vec<SignedText> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let origin = ORIGIN.parse::<Origin>().expect("a good origin");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| (0..count / cores).map(|_| sign_one(&origin)).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("signing does not panic"))
            .collect()
    })
}

fn sign_one(origin: &Origin) -> SignedText {
    let entropy = Entropy::system();
    let nonce = hex::encode(entropy.bytes::<16>());
    Wallet::draw(&entropy).log_in(origin, 1, &nonce, Clock::system().now())
}

impl LogIns {
    /// For each connection one, which take from what was signed as they come.
    pub fn share(signed: Vec<SignedText>, connections: usize) -> Vec<Box<dyn Asker>> {
        let (signed, next) = (Arc::new(signed), Arc::new(AtomicUsize::new(0)));
        (0..connections)
            .map(|_| {
                let (signed, next) = (Arc::clone(&signed), Arc::clone(&next));
                Box::new(Self { signed, next }) as Box<dyn Asker>
            })
            .collect()
    }
}

impl Asker for LogIns {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let Some(SignedText { message, signature }) =
            self.signed.get(self.next.fetch_add(1, Ordering::Relaxed))
        else {
            return false;
        };
        let session = serde_json::json!({"message": message, "signature": signature});
        let body = format!(
            r#"{{"action":{{"name":"v1Login"}},"input":{{"session":{session}}},"session_variables":{{"x-hasura-role":"guest"}}}}"#
        );
        action(request, "/actions/login", body.as_bytes());
        true
    }

    fn judge(&mut self, answer: Answer<'_>) -> Result<(), String> {
        let good = answer.status == 200 && find(answer.body, br#""refreshToken":""#).is_some();
        good.then_some(()).ok_or_else(|| "no session".to_owned())
    }
}

/// The same request again and again, and the beginning that its answer must have.
pub struct Same {
    request: Arc<[u8]>,
    beginning: Arc<[u8]>,
}

impl Same {
    pub fn new(request: &[u8], beginning: &[u8]) -> Self {
        Self {
            request: request.into(),
            beginning: beginning.into(),
        }
    }
}

impl Asker for Same {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        request.clear();
        request.extend_from_slice(&self.request);
        true
    }

    fn judge(&mut self, answer: Answer<'_>) -> Result<(), String> {
        let good = answer.status == 200 && answer.body.starts_with(&self.beginning);
        good.then_some(()).ok_or_else(|| "another answer".to_owned())
    }
}

/// Hasura's question whom a request comes from.
pub fn webhook(access_token: &str) -> Vec<u8> {
    format!("GET /webhook HTTP/1.1\r\nhost: service\r\nauthorization: Bearer {access_token}\r\n\r\n")
        .into_bytes()
}

/// Log-ins with the password of accounts that were registered before, in turn.
pub struct Passwords {
    names: std::ops::Range<usize>,
    at: usize,
}

/// The password of all of them.
pub const PASSWORD: &str = "violet anchor tumbles over 9 roofs";

/// Who they are.
pub fn name(number: usize) -> String {
    format!("bench{number}@mail.com")
}

impl Passwords {
    pub fn of(names: std::ops::Range<usize>) -> Self {
        Self {
            at: names.start,
            names,
        }
    }
}

/// Registers an account or signs in with it.
pub fn with_password(request: &mut Vec<u8>, path: &str, action_name: &str, number: usize) {
    let email = name(number);
    let body = format!(
        r#"{{"action":{{"name":"{action_name}"}},"input":{{"email":"{email}","password":"{PASSWORD}"}},"session_variables":{{"x-hasura-role":"guest"}}}}"#
    );
    action(request, path, body.as_bytes());
}

impl Asker for Passwords {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        with_password(request, "/actions/email-login", "login", self.at);
        self.at += 1;
        if self.at == self.names.end {
            self.at = self.names.start;
        }
        true
    }

    fn judge(&mut self, answer: Answer<'_>) -> Result<(), String> {
        let good = answer.status == 200 && find(answer.body, br#""refresh_token":""#).is_some();
        good.then_some(()).ok_or_else(|| "no session".to_owned())
    }
}
