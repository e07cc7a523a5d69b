//! Tells a developer which page the browser kept an answer from: the browser itself says "Failed to fetch" and no more.
//!
//! It refuses nothing. The engine and the service decide, each by its own list.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::environment::is_domain;
use crate::config::Variables;

/// How many origins are told. Any program may send any origin.
const MAX_TOLD: usize = 20;
/// How much of an origin is shown.
const MAX_SHOWN: usize = 100;

const ORIGINS: &str = "SIWE_ORIGINS";
const DOMAINS: &str = "HASURA_GRAPHQL_CORS_DOMAIN";

/// The origins that were refused so far, and what the shell allows by itself.
#[derive(Debug)]
pub(super) struct RefusedOrigins {
    origins: Option<String>,
    domains: Option<String>,
    told: Mutex<HashSet<String>>,
}

impl RefusedOrigins {
    /// With the lists that the shell sets. To be called before defaults are filled in.
    pub(super) fn new(shell: &Variables) -> Arc<Self> {
        let own = |name: &str| shell.text(name).map(|text| text.trim().to_owned());
        Arc::new(Self {
            origins: own(ORIGINS),
            domains: own(DOMAINS),
            told: Mutex::default(),
        })
    }

    /// What to say of a page of this origin, once.
    fn tell(&self, origin: &HeaderValue, is_of_service: bool) -> Option<String> {
        let origin: String = String::from_utf8_lossy(origin.as_bytes())
            .chars()
            .map(|c| if c.is_ascii_graphic() { c } else { '\u{fffd}' })
            .take(MAX_SHOWN)
            .collect();
        // The service has one list, the engine may have another.
        let (variable, listed) = match &self.domains {
            Some(domains) if !is_of_service => (DOMAINS, Some(domains)),
            _ => (ORIGINS, self.origins.as_ref()),
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MAX_TOLD || !told.insert(format!("{variable} {origin}")) {
            return None;
        }
        let cure = match listed {
            _ if !is_domain(&origin) => {
                "only origins of http and https with a host name can be listed, so serve the page from one"
                    .to_owned()
            }
            Some(listed) => format!("start again with {variable}={listed},{origin}"),
            None => format!(
                "start again with {variable}={origin} (it replaces the default; separate several with commas)"
            ),
        };
        let last = match told.len() {
            MAX_TOLD => "; no further origins are logged",
            _ => "",
        };
        Some(format!(
            "CORS: a page of {origin} is not allowed, and its browser says \"Failed to fetch\": {cure}{last}"
        ))
    }
}

/// Watches what the front answers.
pub(super) async fn watch(
    State(refused): State<Arc<RefusedOrigins>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|origin| !is_of_this_host(origin, request.headers()));
    let is_of_service = request.uri().path().starts_with("/sapi/");
    let response = next.run(request).await;
    let is_allowed = response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some(origin) = origin
        && !is_allowed
        && response.status() != StatusCode::BAD_GATEWAY
        && let Some(sentence) = refused.tell(&origin, is_of_service)
    {
        tracing::warn!("{sentence}");
    }
    response
}

/// A browser lets a page read what its own origin answers.
fn is_of_this_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(HOST).map(HeaderValue::to_str)) else {
        return false;
    };
    origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)]) -> Arc<RefusedOrigins> {
        RefusedOrigins::new(&pairs.iter().copied().collect())
    }

    fn tell(refused: &RefusedOrigins, origin: &str) -> Option<String> {
        refused.tell(&HeaderValue::from_str(origin).unwrap(), false)
    }

    // Issue 14, item 18.
    #[test]
    fn an_origin_is_told_once_with_the_variable_that_allows_it() {
        let default = refused(&[]);
        let said = tell(&default, "http://localhost:4200").unwrap();
        assert!(
            said.contains("start again with SIWE_ORIGINS=http://localhost:4200 "),
            "{said}"
        );
        assert_eq!(tell(&default, "http://localhost:4200"), None);
        assert!(tell(&default, "http://localhost:4201").is_some());

        let listed = refused(&[(ORIGINS, "https://app.example.com")]);
        let said = tell(&listed, "http://localhost:4200").unwrap();
        assert!(
            said.ends_with("start again with SIWE_ORIGINS=https://app.example.com,http://localhost:4200"),
            "{said}"
        );

        // Two lists, each with its own answer.
        let both = refused(&[(DOMAINS, "https://app.example.com")]);
        let origin = HeaderValue::from_static("http://localhost:4200");
        assert!(both.tell(&origin, false).unwrap().contains(DOMAINS));
        assert!(both.tell(&origin, true).unwrap().contains(ORIGINS));
    }

    // Issue 14, item 18.
    #[test]
    fn what_a_program_sends_for_an_origin_fills_neither_the_log_nor_the_memory() {
        let refused = refused(&[]);
        let long = format!("http://{}", "a".repeat(4000));
        assert!(tell(&refused, &long).unwrap().len() < 500);
        for odd in ["null", "http://a b;c", "http://[::1]:3000"] {
            let said = tell(&refused, odd).unwrap();
            assert!(
                said.contains("can be listed") && !said.contains("SIWE_ORIGINS"),
                "{said}"
            );
        }
        let told = (0..1000).filter_map(|port| tell(&refused, &format!("http://localhost:{port}")));
        let told: Vec<String> = told.collect();
        assert_eq!(told.len(), MAX_TOLD - 4);
        assert!(told.last().unwrap().ends_with("no further origins are logged"));
        assert_eq!(refused.told.lock().unwrap().len(), MAX_TOLD);
    }

    #[test]
    fn a_page_of_the_front_itself_needs_no_permission() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost:8080"))]);
        let is_own = |origin: &'static str| is_of_this_host(&HeaderValue::from_static(origin), &headers);
        assert!(is_own("http://localhost:8080") && is_own("https://localhost:8080"));
        assert!(!is_own("http://localhost:80801") && !is_own("null") && !is_own("http://127.0.0.1:8080"));
    }
}
