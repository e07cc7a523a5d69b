//! `OTEL_…`: where spans are sent, under which name, and of how many traces. The names are those of OpenTelemetry's
//! specification; of what it lists, these are read.

use iri_string::types::UriAbsoluteStr;

use super::read::Reader;
use crate::secret::Secret;

/// Where spans go, and which.
#[derive(Clone, Debug)]
pub struct Traces {
    /// Where they are posted, `/v1/traces` at its end. Some providers want their key in here.
    pub url: Secret<String>,
    /// Headers that go with them.
    pub headers: Secret<Vec<(String, String)>>,
    /// What the service is called there.
    pub service_name: String,
    /// The share of the traces that begin here, from 0 to 1. Those of others are sent where they are sampled.
    pub share: f64,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SHARE: &str = "OTEL_TRACES_SAMPLER_ARG";

impl Reader<'_> {
    /// What was asked for, if anything.
    pub(super) fn traces(&mut self) -> Option<Traces> {
        let endpoint = self.text("OTEL_EXPORTER_OTLP_ENDPOINT").map(str::to_owned);
        let headers = self.headers();
        let share = self.parsed(SHARE, 1.0, "a share from 0 to 1");
        if !(0.0..=1.0).contains(&share) {
            self.fault(format!("{SHARE} is {share}, and must lie between 0 and 1"));
        }
        let service_name = self
            .text("OTEL_SERVICE_NAME")
            .unwrap_or("hasura-siwe")
            .trim()
            .to_owned();
        let endpoint = endpoint?;
        // No part of it is quoted: it may hold a provider's key.
        let Some(url) = url_of(endpoint.trim()) else {
            self.fault(format!(
                "{ENDPOINT} is not the URL of a collector: expected http:// or https:// and a host, such as http://collector:4318"
            ));
            return None;
        };
        Some(Traces {
            url: Secret::new(url),
            headers: Secret::new(headers),
            service_name,
            share,
        })
    }

    /// `name=value` with commas between, as the specification has it.
    fn headers(&mut self) -> Vec<(String, String)> {
        let text = self.secret(HEADERS).unwrap_or_default();
        let mut headers = Vec::new();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (at, entry) in entries.enumerate() {
            let header = entry
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()));
            match header {
                Some((name, value)) if is_name(name) && is_value(value) => {
                    headers.push((name.to_owned(), value.to_owned()));
                }
                _ => self.fault(format!(
                    "{HEADERS}, entry {}, is not NAME=VALUE, such as api-key=…",
                    at + 1
                )),
            }
        }
        headers
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_value(value: &str) -> bool {
    value.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// The URL of traces below an endpoint.
fn url_of(endpoint: &str) -> Option<String> {
    let parsed = UriAbsoluteStr::new(endpoint).ok()?;
    let authority = parsed.authority_components()?;
    let is_good = matches!(parsed.scheme_str(), "http" | "https")
        && !authority.host().is_empty()
        && authority.userinfo().is_none()
        && parsed.query_str().is_none()
        && authority
            .port()
            .is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    is_good.then(|| format!("{}/v1/traces", endpoint.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_have_a_path_of_their_own_below_the_endpoint() {
        for (endpoint, url) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            (
                "https://otlp.example.com/otlp/",
                "https://otlp.example.com/otlp/v1/traces",
            ),
        ] {
            assert_eq!(url_of(endpoint).as_deref(), Some(url));
        }
        for wrong in [
            "collector:4318",
            "grpc://collector:4317",
            "http://",
            "http://user:password@collector:4318",
            "http://collector:99999",
            "http://collector:4318/?key=1",
        ] {
            assert_eq!(url_of(wrong), None, "{wrong}");
        }
    }
}
