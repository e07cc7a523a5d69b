//! The tanX flow: a text from the service and a wallet's signature over it, over plain HTTP.

use anyhow::ensure;
use serde_json::json;

use super::super::wallet::Wallet;
use super::story::{Story, indented, text};
use crate::entropy::Entropy;

pub(super) async fn play(story: &mut Story) -> anyhow::Result<()> {
    let wallet = Wallet::draw(&Entropy::system());
    println!("A wallet for this demo: {}", wallet.address());

    let asked = json!({"eth_address": wallet.address()});
    let what = "The service gives a text to sign";
    let answer = story.post(what, "/sapi/v2/auth/nonce/", None, asked).await?;
    let nonce = text(&answer, "/payload")?;
    println!("\nThe text that the wallet signs:\n\n{}", indented(&nonce));

    let signed = json!({"eth_address": wallet.address(), "user_signature": wallet.sign(&nonce)});
    let what = "The wallet signs in";
    let answer = story
        .post(what, "/sapi/v2/auth/login/", None, signed.clone())
        .await?;
    ensure!(
        text(&answer, "/payload/uid")?.starts_with("ID"),
        "the person should have a uid"
    );
    let (access, refresh) = (text(&answer, "/token/access")?, text(&answer, "/token/refresh")?);

    story.who(&access).await?;
    let what = "The refresh token gives new tokens";
    let answer = story
        .post(
            what,
            "/sapi/v1/auth/token/refresh/",
            None,
            json!({"refresh": refresh}),
        )
        .await?;
    ensure!(
        text(&answer, "/payload/refresh")? != refresh,
        "the refresh token should have been rotated"
    );

    let what = "The same text does not sign in twice";
    let answer = story.post(what, "/sapi/v2/auth/login/", None, signed).await?;
    let code = text(&answer, "/code")?;
    ensure!(
        code == "nonce_invalid",
        "expected a refusal with the code nonce_invalid, found {code}"
    );
    Ok(())
}
