//! `demo`: the whole story against any endpoint, with a wallet made for it.
//!
//! Every request is printed as a curl line and every answer as it came, so that a reader can repeat
//! them. It ends with exit code 1 when a step does not go as the story says.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::wallet::{SignedText, Wallet};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::siwe::Origin;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where Hasura or the local stack answers, with or without /v1/graphql.
    #[arg(long, default_value = "http://localhost:8080")]
    endpoint: String,
    /// The origin that the message names; the service must list it in SIWE_ORIGINS.
    #[arg(long, default_value = "http://localhost:3000")]
    origin: Origin,
    /// The chain that signs in; it must be one of the enabled networks.
    #[arg(long, default_value_t = 1)]
    chain: u64,
}

const LOG_IN: &str = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res success } }";
const RESTORE: &str = "mutation v1RestoreSession($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res success } }";
const UPDATE: &str = "mutation v1UpdateAccount($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res success } }";

struct Story {
    client: reqwest::Client,
    url: String,
    step: u32,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()?;
    let url = graphql_url(&arguments.endpoint);
    let mut story = Story { client, url, step: 0 };
    let entropy = Entropy::system();
    let wallet = Wallet::draw(&entropy);
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

    let signed = wallet.log_in(
        &arguments.origin,
        arguments.chain,
        &hex::encode(entropy.bytes::<12>()),
        Clock::system().now(),
    );
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
            cure(code, &arguments)
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

    println!("\nAll {} steps went as they should.", story.step);
    Ok(ExitCode::SUCCESS)
}

impl Story {
    async fn tell(
        &mut self,
        what: &str,
        token: Option<&str>,
        query: &str,
        variables: Value,
    ) -> anyhow::Result<Value> {
        self.step += 1;
        let body = json!({"query": query, "variables": variables});
        println!("\n{}. {what}\n", self.step);
        let bearer = token
            .map(|token| format!(" -H 'authorization: Bearer {token}'"))
            .unwrap_or_default();
        let quoted = body.to_string().replace('\'', r"'\''");
        println!(
            "   curl -s {} -H 'content-type: application/json'{bearer} -d '{quoted}'\n",
            self.url
        );
        let mut request = self.client.post(&self.url).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let reply = request.send().await.with_context(|| {
            format!(
                "no answer from {}: is the stack up? (`make run` in another shell)",
                self.url
            )
        })?;
        let text = reply.text().await?;
        let answer: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} did not answer with JSON: {text:.200}", self.url))?;
        println!("{}", indented(&serde_json::to_string_pretty(&answer)?));
        Ok(answer)
    }
}

/// People paste either: the endpoint, or the whole address that a GraphQL client is given.
fn graphql_url(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    format!("{}/v1/graphql", endpoint.trim_end_matches("/v1/graphql"))
}

/// What to do about a log-in that was refused for where or on what chain the demo plays.
fn cure(code: &str, arguments: &Arguments) -> String {
    let Arguments { origin, chain, .. } = arguments;
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

fn refused(answer: &Value, code: &str) -> anyhow::Result<()> {
    let found = &answer["errors"][0]["extensions"]["code"];
    ensure!(
        found == code,
        "expected a refusal with the code {code}, found {found}"
    );
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("   {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::graphql_url;

    #[test]
    fn the_endpoint_may_be_given_with_its_path() {
        for endpoint in [
            "http://localhost:8080",
            "http://localhost:8080/",
            "http://localhost:8080/v1/graphql",
            "http://localhost:8080/v1/graphql/",
        ] {
            assert_eq!(
                graphql_url(endpoint),
                "http://localhost:8080/v1/graphql",
                "{endpoint}"
            );
        }
    }
}
