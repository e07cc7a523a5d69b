//! What belongs to one flow is nothing in another, and stays good in its own.

use hasura_siwe::clock::Clock;
use serde_json::json;

use super::{SPENT, is, outcome};
use crate::support::hasura::{Hasura, RESTORE};
use crate::support::wallet;
use crate::support::wallet_flow::{BOTH, WalletFlow};

const PAIRS: [(WalletFlow, WalletFlow); 2] = [
    (WalletFlow::Lens, WalletFlow::Tanx),
    (WalletFlow::Tanx, WalletFlow::Lens),
];

#[tokio::test]
async fn a_text_of_one_flow_signs_nobody_in_by_the_other() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for (own, other) in PAIRS {
        let alice = wallet();
        let address = alice.address().to_string();
        let text = own.challenge(&hasura, &address).await.unwrap();
        let crossed = outcome(other, &hasura, &address, &alice.sign(&text)).await;
        assert_eq!(is(&crossed), SPENT, "{own:?}");
        other.challenge(&hasura, &address).await.unwrap();
        let crossed = outcome(other, &hasura, &address, &alice.sign(&text)).await;
        assert_eq!(is(&crossed), Err("signature_invalid"), "{own:?}");
        own.answer(&hasura, &address, &alice.sign(&text)).await.unwrap();
    }
}

#[tokio::test]
async fn a_text_of_ours_is_no_message_of_v1_login() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let signed = hasura_siwe::cli::wallet::SignedText {
            signature: alice.sign(&text),
            message: text,
        };
        hasura.log_in_with(&signed).await.assert_code("message_malformed");
        flow.answer(&hasura, &address, &signed.signature).await.unwrap();
    }
}

#[tokio::test]
async fn a_refresh_token_is_unknown_in_every_other_flow_and_stays_good_in_its_own() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let restored = async |token: &str| {
        let variables = json!({"session": {"refreshToken": token}});
        hasura.graphql(&[], RESTORE, variables).await
    };
    for (own, other) in PAIRS {
        let (_, token) = own.log_in(&hasura, &wallet()).await;
        let crossed = other.refresh(&hasura, &token).await;
        assert_eq!(crossed.unwrap_err(), "refresh_token_invalid", "{own:?}");
        restored(&token).await.assert_code("refresh_token_invalid");
        own.refresh(&hasura, &token).await.unwrap();

        let (_, of_siwe) = hasura.log_in(&wallet()).await;
        let crossed = own.refresh(&hasura, &of_siwe).await;
        assert_eq!(crossed.unwrap_err(), "refresh_token_invalid", "{own:?}");
        restored(&of_siwe).await.tokens("v1RestoreSession");
    }
}

#[tokio::test]
async fn an_access_token_is_no_refresh_token() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let (access, token) = flow.log_in(&hasura, &wallet()).await;
        for wrong in [&access, "", "x", &format!(" {token}")] {
            let refused = flow.refresh(&hasura, wrong).await;
            assert_eq!(
                refused.unwrap_err(),
                "refresh_token_invalid",
                "{flow:?} {wrong:.20}"
            );
        }
        flow.refresh(&hasura, &token).await.unwrap();
    }
}
