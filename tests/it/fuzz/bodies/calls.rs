//! Good calls of every action, of the hook and of the surface past Hasura, and others made of them.

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::http::ACTIONS;
use serde_json::{Value, json};

use super::super::draw::Draw;
use super::super::{json as nodes, mutate, tokens};
use super::NOW;

const WORDS: &[&str] = &[
    "action",
    "name",
    "input",
    "session_variables",
    "request_query",
    "x-hasura-role",
    "x-hasura-user-id",
    "x-hasura-session-id",
    "user",
    "admin",
    "guest",
    "message",
    "purpose",
    "sign-in",
    "signature",
    "refreshToken",
    "token",
    "address",
    "email",
    "username",
    "password",
    "proof",
    "account",
    "data",
    "networks",
    "session",
    "request",
    "wallet",
    "accessToken",
    "headers",
    "Authorization",
    "Authentication",
    "Bearer ",
    "JWT ",
    "Basic ",
    "eth_address",
    "user_signature",
    "refresh",
    "id",
    "936da01f-9abd-4d9d-80c7-02af85c822a8",
    "0x4a62316623ad457F02cDC5D997deD67a383EC569",
    "null",
    "{}",
    "[]",
    "\"",
    "\\ud800",
    "\\u0000",
    ":",
    ",",
];
/// The paths past Hasura, without the slash that many clients leave out.
const SAPI: [&str; 3] = [
    "/sapi/v2/auth/nonce",
    "/sapi/v2/auth/login",
    "/sapi/v1/auth/token/refresh",
];

fn put(first: &str, rest: &str) -> Vec<u8> {
    format!("{first}\n{rest}").into_bytes()
}

/// The first line and what follows it.
pub fn split(input: &[u8]) -> (&str, &[u8]) {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let first = std::str::from_utf8(&input[..end]).unwrap_or("/");
    (first, input.get(end + 1..).unwrap_or_default())
}

/// A path of ours, and one word for all others.
pub fn known(path: &str) -> &str {
    let is_known = ACTIONS.iter().any(|(own, _)| *own == path) || SAPI.contains(&path.trim_end_matches('/'));
    if is_known { path } else { "elsewhere" }
}

/// Another first line now and then, as a rule another body.
pub fn another(draw: &mut Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let (first, body) = split(draw.pick::<Vec<u8>>(seeds));
    let (other, _) = split(draw.pick::<Vec<u8>>(seeds));
    let first = match draw.below(20) {
        0 => mutate::text(draw, first, WORDS).replace('\n', " "),
        1 => other.to_owned(),
        _ => first.to_owned(),
    };
    let bodies = [body.to_vec(), split(draw.pick::<Vec<u8>>(seeds)).1.to_vec()];
    let body = match draw.below(6) {
        // A token is changed as a token: what it says, and not its letters.
        0 => with_another_token(draw, body),
        1 => nodes::document(draw, &bodies, WORDS),
        _ => nodes::document(draw, &bodies[..1], WORDS),
    };
    let mut input = put(&first, "");
    input.extend(body);
    input
}

fn with_another_token(draw: &mut Draw, body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body).into_owned();
    let old = tokens::token_at(NOW);
    let new = tokens::another(draw, &[old.clone().into_bytes()]);
    // Quotation marks and line ends would end the string or the header that it stands in.
    let new = String::from_utf8_lossy(&new).replace(['"', '\\', '\n', '\r'], "x");
    text.replace(&old, &new).into_bytes()
}

fn log_in() -> (String, String) {
    let wallet = Wallet::from_key([7; 32]).unwrap();
    let signed = wallet.log_in(
        &"https://localhost:3000".parse().unwrap(),
        1,
        "V4953jdM8Y5ljtOvZ",
        NOW,
    );
    (signed.message, signed.signature)
}

/// A good input of each action.
fn input(action: &str) -> Value {
    let (message, signature) = log_in();
    let (refresh, token) = ("936da01f-9abd-4d9d-80c7-02af85c822a8", tokens::token_at(NOW));
    let (address, password) = (
        "0x4a62316623ad457F02cDC5D997deD67a383EC569",
        "correct horse battery staple",
    );
    let wallet = json!({"message": message, "signature": signature});
    match action {
        "v1Login" => json!({"session": wallet}),
        "v1RestoreSession" => json!({"session": {"refreshToken": refresh}}),
        "v1UpdateAccount" => {
            json!({"account": {"data": {"networks": ["ethereum"], "name": "Zoë", "address": address}}})
        }
        "v1Nonce" => json!({"purpose": "link-wallet"}),
        "v1EndSession" => json!({"id": refresh}),
        "login" => json!({"email": "anna@example.org", "password": password}),
        "register" => {
            json!({"email": "anna@example.org", "username": "anna", "password": password, "name": "Anna"})
        }
        "tokenAuth" => json!({"username": "anna", "password": password}),
        "verifyToken" => json!({"token": token}),
        "refreshToken" => json!({"token": token}),
        "v1LinkWallet" => {
            json!({"wallet": {"message": message, "signature": signature, "password": password}})
        }
        "v1UnlinkWallet" => json!({"wallet": {"address": address, "proof": wallet}}),
        "v1LinkPassword" => {
            json!({"account": {"email": "anna@example.org", "username": null, "password": password,
            "message": message, "signature": signature}})
        }
        "v1ChangePassword" => json!({"account": {"password": password, "proof": {"password": password}}}),
        "v1DeleteAccount" => json!({"proof": wallet}),
        "challenge" => json!({"request": {"address": address}}),
        "authenticate" => json!({"request": {"address": address, "signature": signature}}),
        "refresh" => json!({"request": {"refreshToken": refresh}}),
        "verify" => json!({"request": {"accessToken": token}}),
        _ => json!({}),
    }
}

pub fn actions() -> Vec<Vec<u8>> {
    let roles = [
        json!({"x-hasura-role": "guest"}),
        json!({"x-hasura-role": "user", "x-hasura-user-id": "00000000-0000-0000-0000-000000000001",
            "x-hasura-session-id": "00000000-0000-0000-0000-000000000002"}),
    ];
    let mut calls = Vec::new();
    for (path, name) in ACTIONS {
        for role in &roles {
            let call = json!({"action": {"name": name}, "input": input(name), "session_variables": role,
                "request_query": "mutation { ... }"});
            calls.push(put(path, &call.to_string()));
        }
    }
    calls
}

pub fn hook() -> Vec<Vec<u8>> {
    let bearer = format!("Bearer {}", tokens::token_at(NOW));
    let request = json!({"query": "{ __typename }", "variables": {}});
    vec![
        put("GET", "accept: */*"),
        put("GET", &format!("authorization: {bearer}\nx-hasura-role: user")),
        put(
            "POST",
            &json!({"headers": {"Authorization": bearer, "X-Hasura-Role": "user"}, "request": request})
                .to_string(),
        ),
        put(
            "POST",
            &json!({"headers": {"Authentication": bearer}}).to_string(),
        ),
        put("POST", r#"{"headers": {}}"#),
    ]
}

pub fn sapi() -> Vec<Vec<u8>> {
    let address = "0x4a62316623ad457F02cDC5D997deD67a383EC569";
    vec![
        put(
            "/sapi/v2/auth/nonce/",
            &json!({"eth_address": address}).to_string(),
        ),
        put(
            "/sapi/v2/auth/login",
            &json!({"eth_address": address, "user_signature": log_in().1}).to_string(),
        ),
        put(
            "/sapi/v1/auth/token/refresh/",
            r#"{"refresh": "936da01f-9abd-4d9d-80c7-02af85c822a8"}"#,
        ),
    ]
}
