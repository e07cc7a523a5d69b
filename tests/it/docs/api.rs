//! docs/api.md against the actions; docs/errors.md against the codes that are answered and their statuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::IntoResponse;
use hasura_siwe::flow;
use hasura_siwe::http::{ACTIONS, ApiError};
use hasura_siwe::model::{
    AccountNameError, Address, AddressError, ChainId, EmailError, Purpose, UsernameError,
};
use hasura_siwe::password::{Busy, PasswordTooLong, Weakness};
use hasura_siwe::rpc;
use hasura_siwe::siwe::signature::{Invalid, Malformed};
use hasura_siwe::siwe::{Fault, MAX_AGE, Refusal, Start, TooLarge};
use hasura_siwe::storage;
use hasura_siwe::token::{NoSigningKey, TokenFault};
use time::OffsetDateTime;

use super::errors::documented;
use crate::repository::{between, files, read, root};

/// One refusal of each kind. What is missing here fails below, by its code.
pub(crate) fn refusals() -> Vec<ApiError> {
    let at = OffsetDateTime::UNIX_EPOCH;
    let expected = Address::from_bytes([7; 20]);
    let messages = [
        Refusal::MessageMalformed(Fault {
            line: 1,
            wanted: "x",
            found: None,
        }),
        Refusal::MessageTooLarge(TooLarge::Message),
        Refusal::AddressNotChecksummed { expected },
        Refusal::DomainMismatch {
            domain: String::new(),
        },
        Refusal::UriMismatch {
            origin: String::new(),
        },
        Refusal::ChainNotSupported(ChainId::ETHEREUM),
        Refusal::NonceInvalid,
        Refusal::MessageExpired { at, now: at },
        Refusal::MessageNotYetValid {
            field: Start::IssuedAt,
            at,
            now: at,
            skew: time::Duration::MINUTE,
        },
        Refusal::MessageTooOld {
            issued_at: at,
            now: at,
            max_age: MAX_AGE,
        },
        Refusal::SignatureMalformed(Malformed::Empty),
        Refusal::SignatureInvalid(Invalid::HighS),
        Refusal::ContractRejected { as_key: None },
        Refusal::ContractWalletUnsupported,
        Refusal::ContractNotDeployed,
        Refusal::PurposeMismatch(Purpose::SignIn),
    ];
    let flows = [
        flow::Error::ChainNotSupported,
        flow::Error::NonceInvalid,
        flow::Error::RefreshTokenInvalid,
        flow::Error::CredentialsInvalid,
        flow::Error::ReauthRequired,
        flow::Error::RateLimited(std::time::Duration::from_secs(1)),
        flow::Error::RegistrationClosed,
        flow::Error::FlowClosed,
        flow::Error::AlreadyTaken("x"),
        flow::Error::EmailInvalid(EmailError::Malformed),
        flow::Error::UsernameInvalid(UsernameError::Length),
        flow::Error::PasswordTooShort(Weakness::TooShort { least: 15 }),
        flow::Error::PasswordTooLong(PasswordTooLong),
        flow::Error::PasswordCompromised(Weakness::Compromised),
        flow::Error::Busy(Busy),
        flow::Error::AccountDisabled,
        flow::Error::Forbidden("x"),
        flow::Error::NetworkUnknown(Vec::new()),
        flow::Error::NameInvalid(AccountNameError::Empty),
        flow::Error::AddressNotChecksummed(AddressError::Checksum { expected }),
        flow::Error::BadRequest(String::new()),
        flow::Error::TokenInvalid(TokenFault::Expired),
        flow::Error::NotAToken,
        flow::Error::TokenNotYet,
        flow::Error::SessionEnded,
        flow::Error::NoSigningKey(NoSigningKey::None),
        flow::Error::RpcUnavailable(rpc::Fault::no_node(ChainId::ETHEREUM)),
        flow::Error::Unavailable(Arc::new(storage::Error::Content("x"))),
    ];
    messages
        .into_iter()
        .map(flow::Error::Message)
        .chain(flows)
        .map(ApiError::Flow)
        .chain([
            ApiError::CallerNotAllowed,
            ApiError::PayloadTooLarge,
            ApiError::BadRequest(String::new()),
            ApiError::TimedOut,
            ApiError::Crowded,
        ])
        .collect()
}

/// Code and status as the service answers them.
pub(crate) async fn answered(error: ApiError) -> (String, u16) {
    let reply = error.into_response();
    let status = reply.status().as_u16();
    let body = axum::body::to_bytes(reply.into_body(), 1 << 16).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        json["code"], json["extensions"]["code"],
        "both readers of Hasura find the code"
    );
    (json["code"].as_str().unwrap().to_owned(), status)
}

/// The codes that the source can answer: the arms of `code()`, and the literals of http/error.rs.
fn codes_of_the_source() -> Vec<String> {
    let flow = read("src/flow/error.rs");
    let http = read("src/http/error.rs");
    let arms = between(&flow, "pub fn code(&self)", "\n    }\n").to_owned()
        + between(&http, "fn parts(&self)", "\n    }\n");
    let mut codes: Vec<String> = Refusal::CODES.iter().map(ToString::to_string).collect();
    let is_code =
        |literal: &str| !literal.is_empty() && literal.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    codes.extend(
        arms.split('"')
            .skip(1)
            .step_by(2)
            .filter(|literal| is_code(literal))
            .map(str::to_owned),
    );
    codes.sort();
    codes.dedup();
    codes
}

#[tokio::test]
async fn h16_every_refusal_is_a_4xx_that_the_table_of_errors_holds_with_its_status() {
    let mut answers = BTreeMap::new();
    for error in refusals() {
        let (code, status) = answered(error).await;
        let before = answers.insert(code.clone(), status);
        assert!(
            before.is_none_or(|before| before == status),
            "{code} has two statuses"
        );
    }
    let in_source: Vec<String> = codes_of_the_source();
    assert_eq!(
        in_source,
        answers.keys().cloned().collect::<Vec<_>>(),
        "a code is not tried in this test"
    );

    assert_eq!(
        documented(),
        answers,
        "the tables of docs/errors.md (left) and the program (right) differ"
    );
}

#[test]
fn every_action_has_its_section_with_a_request_and_an_answer() {
    let document = read("docs/api.md");
    for (path, name) in ACTIONS {
        let section = between(&document, &format!("\n## `{name}`\n"), "\n## ");
        assert!(
            section.contains("```graphql") && section.contains("**Answer**"),
            "{name}: show a request and its answer"
        );
        assert!(
            !document.contains(path),
            "{path} is between Hasura and the service: clients never call it"
        );
    }
}

#[test]
fn the_published_documents_are_printed_as_they_are() {
    let document = read("docs/api.md");
    for (name, input, argument) in [
        ("v1Login", "LoginInput", "session"),
        ("v1RestoreSession", "RestoreSessionInput", "session"),
        ("v1UpdateAccount", "UpdateAccountInput", "account"),
    ] {
        let text = format!(
            "mutation {name}(${argument}: {input}!) {{\n  {name}({argument}: ${argument}) {{\n    res\n    success\n  }}\n}}\n"
        );
        assert!(
            document.contains(&text),
            "docs/api.md does not print the published document of {name}"
        );
    }
    let readme = read("README.md");
    assert!(
        readme.contains("mutation v1Login($session: LoginInput!) {"),
        "README.md shows the log-in"
    );
}

#[test]
fn the_rest_endpoints_are_those_of_the_metadata() {
    if !root().join("hasura/metadata/rest_endpoints.yaml").exists() {
        return;
    }
    let yaml = read("hasura/metadata/rest_endpoints.yaml");
    let document = read("docs/api.md");
    for url in yaml.lines().filter_map(|line| line.trim().strip_prefix("url: ")) {
        assert!(
            document.contains(&format!("`/api/rest/{url}`")),
            "/api/rest/{url} is not in docs/api.md"
        );
    }
}

#[test]
fn the_examples_of_json_are_json() {
    for path in files("", "md") {
        let text = read(&path);
        for block in text.split("```json\n").skip(1) {
            let block = block.split("```").next().unwrap();
            serde_json::from_str::<serde_json::Value>(block)
                .unwrap_or_else(|error| panic!("{path}: {error}\n{block}"));
        }
    }
}
