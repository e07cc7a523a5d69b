//! The flow of the service's own: a guest, a wallet that signs in, a mutation with the token, a restore.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::super::wallet::{SignedText, Wallet};
use super::story::{Story, indented, refused, text};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::siwe::Origin;

const LOG_IN: &str = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res success } }";
const RESTORE: &str = "mutation v1RestoreSession($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res success } }";
const DELETE: &str =
    "mutation v1DeleteAccount($proof: FreshProofInput!) { v1DeleteAccount(proof: $proof) { res success } }";
const NONCE_FOR: &str = "query v1Nonce($purpose: String) { v1Nonce(purpose: $purpose) { res } }";
const UPDATE: &str = "mutation v1UpdateAccount($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res success } }";

pub(super) async fn play(story: &mut Story, origin: &Origin, chain: u64) -> anyhow::Result<()> {
    let wallet = Wallet::draw(&Entropy::system());
    println!("A wallet for this demo: {}", wallet.address());

    let answer = story
        .tell(
            "A guest reads public data",
            None,
            "query { networks { name chain_id } }",
            json!({}),
        )
        .await?;
    let networks = answer["data"]["networks"]
        .as_array()
        .context("the guest should see networks")?;
    ensure!(
        !networks.is_empty(),
        "no network is enabled, so nobody could sign in"
    );

    let rename = json!({"account": {"data": {
        "networks": networks.iter().map(|n| n["name"].clone()).collect::<Vec<_>>(),
        "name": "demo.eth",
        "address": wallet.address(),
    }}});
    let answer = story
        .tell("A guest may not change an account", None, UPDATE, rename.clone())
        .await?;
    refused(&answer, "validation-failed").context("the engine should refuse the guest")?;

    let what = "The service gives a nonce; where SIWE_NONCES is client, the app may draw its own";
    let answer = story
        .tell(what, None, "query { v1Nonce { res } }", json!({}))
        .await?;
    let nonce = text(&answer, "/data/v1Nonce/res/nonce")?;
    let signed = wallet.log_in(origin, chain, &nonce, Clock::system().now());
    println!(
        "\nThe message that the wallet signs:\n\n{}",
        indented(&signed.message)
    );
    let answer = story
        .tell("The wallet signs in", None, LOG_IN, session(&signed))
        .await?;
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        bail!(
            "the log-in was refused with the code {code}{}",
            cure(code, origin, chain)
        );
    }
    let (access, refresh) = tokens(&answer, "v1Login")?;

    let answer = story
        .tell("The token calls a mutation", Some(&access), UPDATE, rename)
        .await?;
    let updated = &answer["data"]["v1UpdateAccount"]["res"]["updatedIn"];
    ensure!(
        updated.as_array().is_some_and(|list| !list.is_empty()),
        "the account should have been renamed"
    );

    let own = json!({"address": wallet.address()});
    let accounts = "query Own($address: String!) { accounts(where: {address: {_eq: $address}}) { network address name } }";
    let answer = story
        .tell("Everybody sees the new name", None, accounts, own)
        .await?;
    ensure!(
        answer["data"]["accounts"][0]["name"] == "demo.eth",
        "the name should be public"
    );

    let restore = json!({"session": {"refreshToken": refresh}});
    let answer = story
        .tell("The refresh token restores the session", None, RESTORE, restore)
        .await?;
    let (_, next) = tokens(&answer, "v1RestoreSession")?;
    ensure!(next != refresh, "the refresh token should have been rotated");

    let answer = story
        .tell(
            "The same message does not sign in twice",
            None,
            LOG_IN,
            session(&signed),
        )
        .await?;
    refused(&answer, "nonce_invalid")?;

    let delete = json!({"proof": {"message": signed.message, "signature": signed.signature}});
    let what = "Nor does it delete the account: each message is good for one purpose";
    let answer = story.tell(what, Some(&access), DELETE, delete).await?;
    refused(&answer, "purpose_mismatch")?;

    let what = "For each purpose the service gives a nonce, and the statement that the wallet shows";
    let purpose = json!({"purpose": "delete-account"});
    let answer = story.tell(what, Some(&access), NONCE_FOR, purpose).await?;
    text(&answer, "/data/v1Nonce/res/statement")?;

    story
        .preflight("A page of the origin may do the same in a browser (CORS)", origin)
        .await
}

/// What to do about a log-in that was refused for where or on what chain the demo plays.
fn cure(code: &str, origin: &Origin, chain: u64) -> String {
    match code {
        "domain_mismatch" | "uri_mismatch" => {
            format!(
                ": the service must list {origin} in SIWE_ORIGINS; or name an origin that it lists with --origin"
            )
        }
        "chain_not_supported" => {
            format!(": chain {chain} is no enabled network; name another with --chain")
        }
        _ => String::new(),
    }
}

fn session(signed: &SignedText) -> Value {
    json!({"session": {"message": signed.message, "signature": signed.signature}})
}

fn tokens(answer: &Value, field: &str) -> anyhow::Result<(String, String)> {
    let res = &answer["data"][field]["res"];
    let text = |name: &str| res[name].as_str().map(ToOwned::to_owned);
    text("accessToken")
        .zip(text("refreshToken"))
        .with_context(|| format!("{field} should have answered with tokens"))
}
