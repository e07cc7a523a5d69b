//! `OTEL_…`: where spans are sent, under which name, and of how many traces. The names are those of OpenTelemetry's
//! specification; of what it lists, these are read. `unread` names the others.

use std::borrow::Cow;

use iri_string::types::UriAbsoluteStr;

use super::read::Reader;
use crate::secret::Secret;

/// Where spans go, and which.
#[derive(Clone, Debug)]
pub struct Traces {
    /// The URL that they are posted to. Some providers want their key in here.
    pub url: Secret<String>,
    /// Headers that go with them.
    pub headers: Secret<Vec<(String, String)>>,
    /// What the service is called there.
    pub service_name: String,
    /// The share of traces that are sent, from 0 to 1.
    pub share: f64,
    /// Whether `share` counts only for traces that begin here. The caller's decision then counts for its own traces.
    pub follows_caller: bool,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
const SHARE: &str = "OTEL_TRACES_SAMPLER_ARG";
/// The path of traces below an endpoint.
const PATH: &str = "/v1/traces";

/// The samplers of the specification: whether each follows the caller, and its share where it has a fixed one.
const SAMPLERS: &[(&str, bool, Option<f64>)] = &[
    ("parentbased_traceidratio", true, None),
    ("parentbased_always_on", true, Some(1.0)),
    ("parentbased_always_off", true, Some(0.0)),
    ("traceidratio", false, None),
    ("always_on", false, Some(1.0)),
    ("always_off", false, Some(0.0)),
];

/// Whether this is a value of `OTEL_TRACES_SAMPLER` that the program follows.
pub(super) fn is_sampler(name: &str) -> bool {
    SAMPLERS.iter().any(|(known, ..)| *known == name)
}

impl Reader<'_> {
    /// What was asked for, if anything.
    pub(super) fn traces(&mut self) -> Option<Traces> {
        let headers = self.headers();
        let share = self.parsed(SHARE, 1.0, "a share from 0 to 1");
        if !(0.0..=1.0).contains(&share) {
            self.fault(format!("{SHARE} is {share}, and must lie between 0 and 1"));
        }
        if self.tracing_is_disabled() {
            return None;
        }
        // A value that is none of these is ignored, as the specification says; `unread` warns of it.
        let sampler = self.text("OTEL_TRACES_SAMPLER").unwrap_or(SAMPLERS[0].0);
        let sampler = SAMPLERS.iter().find(|(known, ..)| *known == sampler);
        let (_, follows_caller, fixed) = *sampler.unwrap_or(&SAMPLERS[0]);
        let service_name = self.text("OTEL_SERVICE_NAME").unwrap_or("hasura-siwe").to_owned();
        Some(Traces {
            url: Secret::new(self.traces_url()?),
            headers: Secret::new(headers),
            service_name,
            share: fixed.unwrap_or(share),
            follows_caller,
        })
    }

    fn tracing_is_disabled(&self) -> bool {
        let is = |name: &str, value: &str| {
            self.text(name)
                .is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none")
    }

    /// The URL for traces alone is taken as it is; below the general one they have a path of their own.
    fn traces_url(&mut self) -> Option<String> {
        let (name, url) = match (self.text(TRACES_ENDPOINT), self.text(ENDPOINT)) {
            (Some(endpoint), _) => (TRACES_ENDPOINT, is_url(endpoint).then(|| endpoint.to_owned())),
            (None, Some(endpoint)) => (ENDPOINT, below(endpoint)),
            (None, None) => return None,
        };
        if url.is_none() {
            // No part of it is quoted: it may hold a provider's key.
            self.fault(format!(
                "{name} is not the URL of a collector: expected http:// or https:// and a host, such as http://collector:4318"
            ));
        }
        url
    }

    /// `name=value` with commas between, percent-encoded, as the specification has it. Those for traces alone replace the general ones.
    fn headers(&mut self) -> Vec<(String, String)> {
        let (general, own) = (self.secret(HEADERS), self.secret(TRACES_HEADERS));
        let (name, text) = match own {
            Some(own) => (TRACES_HEADERS, own),
            None => (HEADERS, general.unwrap_or_default()),
        };
        let mut headers = Vec::new();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (at, entry) in entries.enumerate() {
            let header = entry
                .split_once('=')
                .map(|(name, value)| (decoded(name.trim()), decoded(value.trim())));
            match header {
                Some((name, value)) if is_name(&name) && is_value(&value) => {
                    headers.push((name.into_owned(), value.into_owned()));
                }
                _ => self.fault(format!(
                    "{name}, entry {}, is not NAME=VALUE, such as api-key=… (percent-encoded where it holds a comma or a blank)",
                    at + 1
                )),
            }
        }
        headers
    }
}

/// Percent-decodes a text. One that is not valid percent-encoding of UTF-8 stays as it was typed: a key may hold a percent sign.
fn decoded(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let [high, low, after @ ..] = after else {
            return text.into();
        };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return text.into();
        };
        bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte"));
        rest = after;
    }
    String::from_utf8(bytes).map_or(text.into(), Cow::Owned)
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

fn is_url(endpoint: &str) -> bool {
    let Ok(parsed) = UriAbsoluteStr::new(endpoint) else {
        return false;
    };
    matches!(parsed.scheme_str(), "http" | "https")
        && parsed.authority_components().is_some_and(|authority| {
            !authority.host().is_empty()
                && authority.userinfo().is_none()
                && authority
                    .port()
                    .is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        })
}

/// The URL of traces below an endpoint. One that has their path already is taken for it: the path twice leads nowhere.
fn below(endpoint: &str) -> Option<String> {
    let endpoint = endpoint.trim_end_matches('/');
    if !is_url(endpoint) || endpoint.contains('?') {
        return None;
    }
    let base = endpoint.strip_suffix(PATH).unwrap_or(endpoint);
    Some(format!("{base}{PATH}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Traces>, Vec<String>> {
        let variables: Variables = pairs.iter().copied().collect();
        let mut reader = Reader::of(&variables);
        let traces = reader.traces();
        if reader.faults.is_empty() {
            Ok(traces)
        } else {
            Err(reader.faults)
        }
    }

    fn url(pairs: &[(&str, &str)]) -> Option<String> {
        Some(read(pairs).unwrap()?.url.expose().clone())
    }

    #[test]
    fn traces_have_a_path_of_their_own_below_the_endpoint() {
        for (endpoint, url) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            (
                "https://otlp.example.com/otlp/",
                "https://otlp.example.com/otlp/v1/traces",
            ),
            // Field report C07.
            (
                "http://collector:4318/v1/traces",
                "http://collector:4318/v1/traces",
            ),
            (
                "http://collector:4318/v1/traces/",
                "http://collector:4318/v1/traces",
            ),
        ] {
            assert_eq!(below(endpoint).as_deref(), Some(url));
        }
        for wrong in [
            "collector:4318",
            "grpc://collector:4317",
            "http://",
            "http://user:password@collector:4318",
            "http://collector:99999",
            "http://collector:4318/?key=1",
        ] {
            assert_eq!(below(wrong), None, "{wrong}");
        }
    }

    // Field report C07.
    #[test]
    fn the_endpoint_of_traces_alone_counts_first_and_as_it_is() {
        let own = (TRACES_ENDPOINT, "https://traces.example.com/own?key=1");
        let general = (ENDPOINT, "http://collector:4318");
        assert_eq!(url(&[own]).as_deref(), Some(own.1));
        assert_eq!(url(&[own, general]).as_deref(), Some(own.1));
        assert_eq!(
            url(&[general]).as_deref(),
            Some("http://collector:4318/v1/traces")
        );
        assert_eq!(url(&[]), None);
        let faults = read(&[(TRACES_ENDPOINT, "collector:4318")]).unwrap_err();
        assert!(faults[0].starts_with(TRACES_ENDPOINT), "{faults:?}");
    }

    // Field report C07.
    #[test]
    fn nothing_is_sent_where_it_is_disabled() {
        let on = (ENDPOINT, "http://collector:4318");
        for (name, value, sent) in [
            ("OTEL_SDK_DISABLED", "true", false),
            ("OTEL_SDK_DISABLED", "TRUE", false),
            ("OTEL_SDK_DISABLED", "false", true),
            ("OTEL_SDK_DISABLED", "1", true),
            ("OTEL_TRACES_EXPORTER", "none", false),
            ("OTEL_TRACES_EXPORTER", "otlp", true),
        ] {
            assert_eq!(url(&[on, (name, value)]).is_some(), sent, "{name}={value}");
        }
    }

    // Field report C07.
    #[test]
    fn each_sampler_of_the_specification_is_followed() {
        for (sampler, share, follows_caller) in [
            ("parentbased_traceidratio", 0.25, true),
            ("parentbased_always_on", 1.0, true),
            ("parentbased_always_off", 0.0, true),
            ("traceidratio", 0.25, false),
            ("always_on", 1.0, false),
            ("always_off", 0.0, false),
            // Not followed, and warned of.
            ("jaeger_remote", 0.25, true),
        ] {
            let traces = read(&[
                (ENDPOINT, "http://collector:4318"),
                ("OTEL_TRACES_SAMPLER", sampler),
                (SHARE, "0.25"),
            ]);
            let traces = traces.unwrap().unwrap();
            assert_eq!((traces.share, traces.follows_caller), (share, follows_caller));
        }
    }

    // Field report C06.
    #[test]
    fn names_and_values_of_headers_are_percent_decoded() {
        for (typed, name, value) in [
            (
                "Authorization=Basic%20dXNlcjpwYXNz",
                "Authorization",
                "Basic dXNlcjpwYXNz",
            ),
            ("api%2Dkey=a%2Cb%3dc", "api-key", "a,b=c"),
            ("api-key=a=b", "api-key", "a=b"),
            // No valid encoding, so nothing is decoded.
            ("api-key=100%", "api-key", "100%"),
            ("api-key=%4", "api-key", "%4"),
            ("api-key=%zz%41", "api-key", "%zz%41"),
            ("api-key=%ff", "api-key", "%ff"),
        ] {
            let traces = read(&[(ENDPOINT, "http://collector:4318"), (HEADERS, typed)]);
            let headers = traces.unwrap().unwrap().headers;
            assert_eq!(
                *headers.expose(),
                [(name.to_owned(), value.to_owned())],
                "{typed}"
            );
        }
        // What would be a header of its own, or part of the name.
        for typed in [
            "api-key=a%0d%0ab",
            "api%0akey=a",
            "api%3dkey=a",
            "%20=a",
            "api-key",
        ] {
            let faults = read(&[(HEADERS, typed)]).unwrap_err();
            assert!(
                faults[0].starts_with(&format!("{HEADERS}, entry 1, ")),
                "{faults:?}"
            );
        }
    }

    // Field report C07.
    #[test]
    fn headers_of_traces_alone_replace_the_general_ones() {
        let traces = read(&[
            (ENDPOINT, "http://collector:4318"),
            (HEADERS, "api-key=general"),
            (TRACES_HEADERS, "x-key=own"),
        ]);
        let headers = traces.unwrap().unwrap().headers;
        assert_eq!(*headers.expose(), [("x-key".to_owned(), "own".to_owned())]);
    }
}
