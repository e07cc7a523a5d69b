//! The two flows with a password: by e-mail address, and by username.

use std::io::Read;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::story::{Story, refused, text};
use crate::entropy::Entropy;

const REGISTER: &str = "mutation Register($email: String, $username: String, $password: String!) { register(email: $email, username: $username, password: $password, name: \"Demo\") { id } }";

/// An account to play with.
struct Account {
    name: String,
    password: String,
}

pub(super) async fn play_email(story: &mut Story, given: Option<String>) -> anyhow::Result<()> {
    const LOG_IN: &str = "mutation Login($email: String!, $password: String!) { login(email: $email, password: $password) { access_token refresh_token } }";
    const REFRESH: &str = "mutation Refresh($token: String!) { refreshToken(refreshToken: $token) { access_token refresh_token } }";
    let account = account(story, given, |tag| (format!("demo-{tag}@example.com"), "email")).await?;

    let wrong = json!({"email": account.name, "password": "not the password of this account"});
    let answer = story
        .tell("A wrong password is refused", None, LOG_IN, wrong)
        .await?;
    refused(&answer, "credentials_invalid")?;

    let right = json!({"email": account.name, "password": account.password});
    let answer = story.tell("The right one signs in", None, LOG_IN, right).await?;
    let access = text(&answer, "/data/login/access_token")?;
    let refresh = text(&answer, "/data/login/refresh_token")?;

    let profile = "query { myProfile { id name avatar } }";
    let answer = story
        .tell("The token shows the profile", Some(&access), profile, json!({}))
        .await?;
    text(&answer, "/data/myProfile/id")?;

    let what = "The refresh token gives new tokens";
    let answer = story.tell(what, None, REFRESH, json!({"token": refresh})).await?;
    ensure!(
        text(&answer, "/data/refreshToken/refresh_token")? != refresh,
        "the refresh token should have been rotated"
    );
    let what = "An access token is no refresh token";
    let answer = story.tell(what, None, REFRESH, json!({"token": access})).await?;
    refused(&answer, "refresh_token_invalid")
}

pub(super) async fn play_username(story: &mut Story, given: Option<String>) -> anyhow::Result<()> {
    const LOG_IN: &str = "mutation TokenAuth($username: String!, $password: String!) { tokenAuth(username: $username, password: $password) { token } }";
    const REFRESH: &str =
        "mutation Refresh($token: String!) { refreshToken(token: $token) { token refreshExpiresIn } }";
    const VERIFY: &str = "mutation Verify($token: String!) { verifyToken(token: $token) { payload } }";
    let account = account(story, given, |tag| (format!("demo-{tag}"), "username")).await?;

    let wrong = json!({"username": account.name, "password": "not the password of this account"});
    let answer = story
        .tell("A wrong password is refused", None, LOG_IN, wrong)
        .await?;
    refused(&answer, "credentials_invalid")?;

    let right = json!({"username": account.name, "password": account.password});
    let answer = story.tell("The right one signs in", None, LOG_IN, right).await?;
    let token = text(&answer, "/data/tokenAuth/token")?;

    let what = "Anybody may ask what the token says";
    let answer = story.tell(what, None, VERIFY, json!({"token": token})).await?;
    ensure!(
        answer["data"]["verifyToken"]["payload"]["username"] == account.name.to_lowercase(),
        "the token should be this account's"
    );
    story.who(&token).await?;

    let what = "The token is exchanged for the next";
    let answer = story.tell(what, None, REFRESH, json!({"token": token})).await?;
    ensure!(
        text(&answer, "/data/refreshToken/token")? != token,
        "the token should be another one"
    );
    Ok(())
}

/// The account that was given, or one that is registered for the demo.
async fn account(
    story: &mut Story,
    given: Option<String>,
    drawn: impl Fn(&str) -> (String, &'static str),
) -> anyhow::Result<Account> {
    if let Some(name) = given {
        let mut password = String::new();
        std::io::stdin()
            .take(4096)
            .read_to_string(&mut password)
            .context("cannot read the password from standard input")?;
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
        ensure!(
            !password.is_empty(),
            "give the account's password on standard input"
        );
        story.hide(&password);
        return Ok(Account { name, password });
    }
    let entropy = Entropy::system();
    let (name, kind) = drawn(&hex::encode(entropy.bytes::<4>()));
    let password = format!("a throw-away password {}", hex::encode(entropy.bytes::<6>()));
    let mut variables = json!({"password": password});
    variables[kind] = json!(name);
    let answer = story
        .tell("Somebody registers", None, REGISTER, variables)
        .await?;
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None => {}
        Some("registration_closed") => bail!(
            "registration is closed there: make an account with `hasura-siwe account create`, and name it with --account"
        ),
        Some(code) => bail!("the registration was refused with the code {code}"),
    }
    ensure!(
        answer["data"]["register"]["id"].is_string(),
        "the registration should have answered with an id: {}",
        Value::to_string(&answer)
    );
    Ok(Account { name, password })
}
