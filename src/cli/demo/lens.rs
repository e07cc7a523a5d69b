//! The Lens flow: a text from the service, a wallet's signature over it, tokens.

use anyhow::ensure;
use serde_json::{Value, json};

use super::super::wallet::Wallet;
use super::story::{Story, indented, refused, text};
use crate::entropy::Entropy;

const CHALLENGE: &str =
    "query Challenge($request: ChallengeRequest!) { challenge(request: $request) { text } }";
const AUTHENTICATE: &str = "mutation Authenticate($request: SignedAuthChallenge!) { authenticate(request: $request) { accessToken refreshToken } }";
const REFRESH: &str =
    "mutation Refresh($request: RefreshRequest!) { refresh(request: $request) { accessToken refreshToken } }";
const VERIFY: &str = "query Verify($request: VerifyRequest!) { verify(request: $request) }";

pub(super) async fn play(story: &mut Story) -> anyhow::Result<()> {
    let wallet = Wallet::draw(&Entropy::system());
    println!("A wallet for this demo: {}", wallet.address());
    let request = |request: Value| json!({"request": request});

    let address = json!({"address": wallet.address()});
    let answer = story
        .tell(
            "The service gives a text to sign",
            None,
            CHALLENGE,
            request(address),
        )
        .await?;
    let challenge = text(&answer, "/data/challenge/text")?;
    println!("\nThe text that the wallet signs:\n\n{}", indented(&challenge));

    let signed = json!({"address": wallet.address(), "signature": wallet.sign(&challenge)});
    let answer = story
        .tell("The wallet signs in", None, AUTHENTICATE, request(signed.clone()))
        .await?;
    let access = text(&answer, "/data/authenticate/accessToken")?;
    let refresh = text(&answer, "/data/authenticate/refreshToken")?;

    story.who(&access).await?;
    let token = json!({"accessToken": access});
    let answer = story
        .tell(
            "Anybody may ask whether the token is good",
            None,
            VERIFY,
            request(token),
        )
        .await?;
    ensure!(answer["data"]["verify"] == true, "the token should be good");

    let token = json!({"refreshToken": refresh});
    let answer = story
        .tell(
            "The refresh token gives new tokens",
            None,
            REFRESH,
            request(token),
        )
        .await?;
    ensure!(
        text(&answer, "/data/refresh/refreshToken")? != refresh,
        "the refresh token should have been rotated"
    );

    let what = "The same text does not sign in twice";
    let answer = story.tell(what, None, AUTHENTICATE, request(signed)).await?;
    refused(&answer, "nonce_invalid")
}
