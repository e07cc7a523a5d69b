//! What every story needs: a request that is printed and sent, an answer that is printed and kept.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::super::preflight::{self, ASKED_HEADERS, is_same_origin};
use crate::siwe::Origin;

/// A story as it is told.
pub(super) struct Story {
    client: reqwest::Client,
    base: String,
    step: u32,
    /// What is not to be printed: the password of an account that is not the demo's own.
    hidden: Option<String>,
}

impl Story {
    /// At an endpoint as people paste it: with or without the path of a GraphQL client.
    pub(super) fn at(endpoint: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()?,
            base: base(endpoint).to_owned(),
            step: 0,
            hidden: None,
        })
    }

    /// Keeps a text out of what is printed.
    pub(super) fn hide(&mut self, text: &str) {
        self.hidden = Some(text.to_owned());
    }

    /// How many steps were told.
    pub(super) fn steps(&self) -> u32 {
        self.step
    }

    /// Sends a GraphQL request.
    pub(super) async fn tell(
        &mut self,
        what: &str,
        token: Option<&str>,
        query: &str,
        variables: Value,
    ) -> anyhow::Result<Value> {
        let body = json!({"query": query, "variables": variables});
        self.post(what, "/v1/graphql", token, body).await
    }

    /// Sends a JSON body to a path.
    pub(super) async fn post(
        &mut self,
        what: &str,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> anyhow::Result<Value> {
        self.step += 1;
        let url = format!("{}{path}", self.base);
        println!("\n{}. {what}\n", self.step);
        let bearer = token
            .map(|token| format!(" -H 'authorization: Bearer {token}'"))
            .unwrap_or_default();
        let mut quoted = body.to_string().replace('\'', r"'\''");
        if let Some(hidden) = &self.hidden {
            quoted = quoted.replace(&json!(hidden).to_string(), "\"********\"");
        }
        println!("   curl -s {url} -H 'content-type: application/json'{bearer} -d '{quoted}'\n");
        let mut request = self.client.post(&url).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let reply = request.send().await.with_context(|| {
            format!("no answer from {url}: is the stack up? (`make run` in another shell)")
        })?;
        let text = reply.text().await?;
        let answer: Value = serde_json::from_str(&text)
            .with_context(|| format!("{url} did not answer with JSON: {text:.200}"))?;
        println!("{}", indented(&serde_json::to_string_pretty(&answer)?));
        Ok(answer)
    }

    /// Sends a preflight, as a browser does before a page of this origin may call. Nothing is sent for a page of the endpoint's own origin, or
    /// for an origin that is not a web page's.
    pub(super) async fn preflight(&mut self, what: &str, origin: &Origin) -> anyhow::Result<()> {
        let url = format!("{}/v1/graphql", self.base);
        let parsed = url.parse().with_context(|| format!("{url} is no URL"))?;
        if is_same_origin(origin, &parsed) || !matches!(origin.scheme(), "http" | "https") {
            return Ok(());
        }
        self.step += 1;
        println!("\n{}. {what}\n", self.step);
        println!(
            "   curl -si -X OPTIONS {url} -H 'origin: {origin}' -H 'access-control-request-method: POST' -H 'access-control-request-headers: {ASKED_HEADERS}'\n"
        );
        let name = origin.to_string();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()?;
        let sent = preflight::send(&client, &parsed, &name).await;
        let answer = sent.with_context(|| format!("no answer from {url}"))?;
        println!("{}", indented(&answer.told()));
        if let Some(why) = answer.refusal(&name, false) {
            bail!(
                "browsers keep the answers from a page of {origin}: {why}. List it in Hasura's HASURA_GRAPHQL_CORS_DOMAIN (compose and `make run` take SIWE_ORIGINS for it), or name an origin that it lists with --origin"
            );
        }
        Ok(())
    }

    /// Who am I, by a token.
    pub(super) async fn who(&mut self, token: &str) -> anyhow::Result<Value> {
        let what = "The token says who is asking, and Hasura lets them see their sessions";
        let answer = self
            .tell(what, Some(token), "{ v1Sessions { res } }", json!({}))
            .await?;
        let sessions = answer["data"]["v1Sessions"]["res"]["sessions"].clone();
        ensure!(
            sessions.as_array().is_some_and(|sessions| !sessions.is_empty()),
            "the person should have a session"
        );
        Ok(sessions)
    }
}

fn base(endpoint: &str) -> &str {
    endpoint.trim_end_matches('/').trim_end_matches("/v1/graphql")
}

/// A text of an answer.
pub(super) fn text(answer: &Value, pointer: &str) -> anyhow::Result<String> {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .with_context(|| format!("the answer should hold {pointer}"))
}

/// That an answer of GraphQL is a refusal with this code.
pub(super) fn refused(answer: &Value, code: &str) -> anyhow::Result<()> {
    let found = &answer["errors"][0]["extensions"]["code"];
    ensure!(
        found == code,
        "expected a refusal with the code {code}, found {found}"
    );
    Ok(())
}

pub(super) fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("   {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn the_endpoint_may_be_given_with_its_path() {
        for endpoint in [
            "http://localhost:8080",
            "http://localhost:8080/",
            "http://localhost:8080/v1/graphql",
            "http://localhost:8080/v1/graphql/",
        ] {
            assert_eq!(base(endpoint), "http://localhost:8080", "{endpoint}");
        }
    }
}
