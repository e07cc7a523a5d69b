//! A Hasura's metadata API: export, replace, and what it calls inconsistent.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Refused;
use crate::cli::table::plain;
use crate::config::Variables;
use crate::hasura::document::Exact;

/// Replacing metadata builds every schema anew, which takes a large Hasura its time.
const TIMEOUT: Duration = Duration::from_secs(180);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where Hasura answers.
#[derive(Args)]
pub(in crate::cli) struct Endpoint {
    /// Where Hasura answers, with or without /v1/metadata. Default: HASURA_ENDPOINT. The admin secret is taken from
    /// HASURA_GRAPHQL_ADMIN_SECRET, or from the file that HASURA_GRAPHQL_ADMIN_SECRET_FILE names.
    #[arg(long)]
    endpoint: Option<String>,
}

impl Endpoint {
    /// The one that was named, if any.
    pub(in crate::cli) fn named<'a>(&'a self, variables: &'a Variables) -> Option<&'a str> {
        self.endpoint
            .as_deref()
            .or_else(|| variables.text("HASURA_ENDPOINT"))
    }
}

/// There is a Hasura, and no metadata API at it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::cli) struct NotOffered(String);

/// The metadata API of a Hasura.
pub(super) struct Remote {
    client: reqwest::Client,
    url: reqwest::Url,
    secret: Option<HeaderValue>,
}

/// What an export holds.
#[derive(Deserialize)]
pub(super) struct Exported {
    pub(super) resource_version: i64,
    pub(super) metadata: Exact,
}

/// How a replacement ended.
pub(super) enum Replaced {
    Done,
    /// Somebody else changed the metadata meanwhile.
    Conflict,
    /// Nothing was changed, for this reason; these would have been inconsistent.
    Inconsistent(String, Vec<Inconsistent>),
}

/// An object that Hasura left out or would leave out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Inconsistent {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    reason: Value,
    #[serde(default)]
    message: Value,
}

impl Inconsistent {
    /// On one line: `action v1Login: reason`.
    pub(super) fn line(&self) -> String {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let name = match &self.name {
            Value::Null => text(&self.kind),
            name => text(name),
        };
        let why = [text(&self.reason), text(&self.message)];
        let why: Vec<&str> = why
            .iter()
            .map(String::as_str)
            .filter(|why| !why.is_empty())
            .collect();
        plain(&format!("{name}: {}", why.join(": ")))
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    code: String,
    internal: Option<Value>,
}

#[derive(Serialize)]
struct Replace<'m> {
    r#type: &'static str,
    version: u8,
    resource_version: i64,
    args: ReplaceArguments<'m>,
}

#[derive(Serialize)]
struct ReplaceArguments<'m> {
    allow_inconsistent_metadata: bool,
    allow_warnings: bool,
    metadata: &'m Exact,
}

impl Remote {
    pub(super) fn new(endpoint: &Endpoint, variables: &Variables) -> anyhow::Result<Self> {
        let endpoint = endpoint
            .named(variables)
            .context("no Hasura is named: give --endpoint or set HASURA_ENDPOINT")?;
        let secret = variables
            .secret("HASURA_GRAPHQL_ADMIN_SECRET")
            .map_err(|fault| anyhow!(fault))?;
        let secret = secret.map(|text| {
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| anyhow!("HASURA_GRAPHQL_ADMIN_SECRET is no text that a header can hold"))?;
            value.set_sensitive(true);
            anyhow::Ok(value)
        });
        Ok(Self {
            // The secret goes to the host that was named and to no other.
            client: reqwest::Client::builder()
                .timeout(TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            url: url(endpoint, "/v1/metadata")?,
            secret: secret.transpose()?,
        })
    }

    pub(super) async fn export(&self) -> anyhow::Result<Exported> {
        let body = json!({"type": "export_metadata", "version": 2, "args": {}});
        let (status, text) = self.call(&body).await?;
        self.accept(status, &text)?;
        let exported: Exported =
            serde_json::from_str(&text).with_context(|| format!("{} exported no metadata", self.url))?;
        match exported.metadata.get("version").map(Exact::to_value) {
            Some(version) if version == 3 => Ok(exported),
            other => bail!(
                "Hasura's metadata is of version {}, expected 3: is it a Hasura v2?",
                other.unwrap_or_default()
            ),
        }
    }

    pub(super) async fn replace(&self, resource_version: i64, metadata: &Exact) -> anyhow::Result<Replaced> {
        let body = Replace {
            r#type: "replace_metadata",
            version: 2,
            resource_version,
            args: ReplaceArguments {
                allow_inconsistent_metadata: false,
                allow_warnings: true,
                metadata,
            },
        };
        let (status, text) = self.call(&body).await?;
        if status == StatusCode::CONFLICT {
            return Ok(Replaced::Conflict);
        }
        if status == StatusCode::BAD_REQUEST
            && let Ok(Refusal {
                error,
                internal: Some(internal @ Value::Array(_)),
                ..
            }) = serde_json::from_str(&text)
            && let Ok(objects) = serde_json::from_value(internal)
        {
            return Ok(Replaced::Inconsistent(plain(&error), objects));
        }
        self.accept(status, &text)?;
        Ok(Replaced::Done)
    }

    pub(super) async fn inconsistent(&self) -> anyhow::Result<Vec<Inconsistent>> {
        #[derive(Deserialize)]
        struct Answer {
            inconsistent_objects: Vec<Inconsistent>,
        }
        let body = json!({"type": "get_inconsistent_metadata", "args": {}});
        let (status, text) = self.call(&body).await?;
        self.accept(status, &text)?;
        let answer: Answer = serde_json::from_str(&text)
            .with_context(|| format!("{} does not say what is inconsistent", self.url))?;
        Ok(answer.inconsistent_objects)
    }

    async fn call(&self, body: &impl Serialize) -> anyhow::Result<(StatusCode, String)> {
        let mut request = self.client.post(self.url.clone()).json(body);
        if let Some(secret) = &self.secret {
            request = request.header("x-hasura-admin-secret", secret.clone());
        }
        let reply = request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("no answer from {}", self.url))?;
        let status = reply.status();
        let text = reply.text().await.map_err(reqwest::Error::without_url);
        Ok((
            status,
            text.with_context(|| format!("half an answer from {}", self.url))?,
        ))
    }

    /// Refusals in Hasura's words, with what to do where that is known.
    fn accept(&self, status: StatusCode, text: &str) -> anyhow::Result<()> {
        if status.is_success() {
            return Ok(());
        }
        let Ok(Refusal { error, code, .. }) = serde_json::from_str(text) else {
            bail!("{} answers {status}: is it a Hasura?", self.url);
        };
        let error = plain(&error);
        match (status, code.as_str()) {
            (_, "access-denied") => {
                bail!("Hasura refuses us: {error} (access-denied); look at HASURA_GRAPHQL_ADMIN_SECRET")
            }
            (StatusCode::NOT_FOUND, _) => bail!(NotOffered(format!(
                "Hasura's metadata API is switched off: {error}; HASURA_GRAPHQL_ENABLED_APIS of that Hasura must name metadata"
            ))),
            (_, "not-supported") => bail!(NotOffered(format!("Hasura refuses it: {error} (not-supported)"))),
            _ => bail!(Refused(format!("Hasura refuses it: {error} ({})", plain(&code)))),
        }
    }
}

/// The URL of a path of Hasura's, at an endpoint with or without a path of its own.
pub(in crate::cli) fn url(endpoint: &str, path: &str) -> anyhow::Result<reqwest::Url> {
    let endpoint = endpoint.trim().trim_end_matches('/');
    let base = ["/v1/metadata", "/v1/graphql"]
        .iter()
        .find_map(|path| endpoint.strip_suffix(path))
        .unwrap_or(endpoint);
    let url: reqwest::Url = format!("{base}{path}")
        .parse()
        .map_err(|_| anyhow!("the endpoint is no URL, expected one such as http://localhost:8080"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("the endpoint must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("the endpoint holds a password: the admin secret goes into HASURA_GRAPHQL_ADMIN_SECRET");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_have_its_path_or_not() {
        for endpoint in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/v1/graphql",
            "http://h:1/v1/metadata/",
        ] {
            assert_eq!(
                url(endpoint, "/v1/metadata").unwrap().as_str(),
                "http://h:1/v1/metadata"
            );
        }
        assert_eq!(
            url("https://h/base", "/v1/metadata").unwrap().as_str(),
            "https://h/base/v1/metadata"
        );
        for endpoint in ["h:1", "ftp://h", "http://u:p@h", ""] {
            assert!(url(endpoint, "/v1/metadata").is_err(), "{endpoint}");
        }
    }
}
