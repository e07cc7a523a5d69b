//! CORS as Hasura does it: an origin that is listed gets it back; any other gets no header at all.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// Who may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CorsDomains {
    /// `*`
    Any,
    /// The listed ones. `https://*.example.com` stands for every name one level below.
    Listed(Vec<String>),
}

/// The headers for one allowed origin.
pub(super) struct CorsHeaders(HeaderValue);

impl CorsDomains {
    pub(crate) fn none() -> Self {
        Self::Listed(Vec::new())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.is_empty() || text == "," {
            return Err("invalid domain".to_owned());
        }
        let mut domains = Vec::new();
        for domain in text.split(',').map(str::trim) {
            if !is_domain(domain) {
                return Err(format!("invalid domain: '{domain}'"));
            }
            domains.push(domain.to_owned());
        }
        Ok(Self::Listed(domains))
    }

    /// The headers for a request; `None` when it has no origin or not one that is listed.
    pub(super) fn headers(&self, request: &HeaderMap) -> Option<CorsHeaders> {
        let origin = request.get(header::ORIGIN)?;
        let allowed = match self {
            Self::Any => true,
            Self::Listed(domains) => {
                let origin = origin.to_str().ok()?;
                domains.iter().any(|domain| matches(domain, origin))
            }
        };
        allowed.then(|| CorsHeaders(origin.clone()))
    }
}

fn matches(domain: &str, origin: &str) -> bool {
    if domain == origin {
        return true;
    }
    let Some((scheme, rest)) = domain.split_once("*.") else {
        return false;
    };
    origin
        .strip_prefix(scheme)
        .and_then(|host| host.split_once('.'))
        .is_some_and(|(_, below)| below == rest)
}

/// `http(s)://`, perhaps `*.`, names of letters and digits, perhaps a port. Hyphens as well, which a
/// later Hasura allows.
fn is_domain(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
    else {
        return false;
    };
    let rest = rest.strip_prefix("*.").unwrap_or(rest);
    let (host, port) = rest
        .split_once(':')
        .map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    host.split('.').all(is_label)
        && port
            .is_none_or(|port| !port.is_empty() && port.chars().all(|character| character.is_ascii_digit()))
}

impl CorsHeaders {
    pub(super) fn add_to(self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.0);
        let fixed: [(HeaderName, &'static str); 2] = [
            (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
            (
                header::ACCESS_CONTROL_ALLOW_METHODS,
                "GET,POST,PUT,PATCH,DELETE,OPTIONS",
            ),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }

    pub(super) fn preflight(&self, request: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        let requested = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("1728000"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            requested.unwrap_or(HeaderValue::from_static("")),
        );
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain charset=UTF-8"),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_domains_and_their_wildcards_match() {
        let domains = CorsDomains::parse("https://app.example.com, http://*.local.test:3000").unwrap();
        let allowed = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            domains.headers(&headers).is_some()
        };
        assert!(allowed("https://app.example.com"));
        assert!(allowed("http://a.local.test:3000"));
        for stranger in [
            "http://app.example.com",
            "http://a.b.local.test:3000",
            "http://a.local.test",
            "null",
        ] {
            assert!(!allowed(stranger), "{stranger}");
        }
        assert_eq!(
            CorsDomains::parse("app.example.com"),
            Err("invalid domain: 'app.example.com'".to_owned())
        );
    }
}
