//! A CORS preflight, as a browser sends it before a page may post JSON with a token, and what a browser makes of the answer (the
//! Fetch standard, "CORS-preflight fetch"). Programs send none, so nothing but a browser notices that a page is not allowed.

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, ORIGIN,
};
use reqwest::{Client, Method, StatusCode, Url};

use super::table::plain;
use crate::siwe::Origin;

/// What a GraphQL request with a token has beyond what every page may send.
pub(super) const ASKED_HEADERS: &str = "content-type,authorization";

/// The answer to a preflight.
#[derive(Debug)]
pub(super) struct Preflight {
    pub(super) status: StatusCode,
    headers: HeaderMap,
}

/// Whether pages of this origin are of the URL's own origin. A browser sends no preflight then.
pub(super) fn is_same_origin(origin: &Origin, url: &Url) -> bool {
    url.origin().ascii_serialization() == origin.to_string()
}

/// Sends it for a page of this origin. `client` must not follow redirects: no browser does.
pub(super) async fn send(client: &Client, url: &Url, origin: &str) -> Result<Preflight, reqwest::Error> {
    let reply = client
        .request(Method::OPTIONS, url.clone())
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, ASKED_HEADERS)
        .send()
        .await?;
    Ok(Preflight {
        status: reply.status(),
        headers: reply.headers().clone(),
    })
}

impl Preflight {
    /// Why a browser does not let a page of `origin` call; `None` if it does. POST needs no permission.
    pub(super) fn refusal(&self, origin: &str, with_cookies: bool) -> Option<String> {
        let allowed = self.values(ACCESS_CONTROL_ALLOW_ORIGIN);
        let allowed = match &allowed[..] {
            [] => {
                return Some(format!(
                    "no Access-Control-Allow-Origin (status {})",
                    self.status.as_u16()
                ));
            }
            [one] => one,
            _ => return Some("Access-Control-Allow-Origin is there more than once".to_owned()),
        };
        let is_wildcard = allowed == "*";
        if allowed != origin && (with_cookies || !is_wildcard) {
            return Some(format!("Access-Control-Allow-Origin is {}", plain(allowed)));
        }
        if with_cookies && self.values(ACCESS_CONTROL_ALLOW_CREDENTIALS) != ["true"] {
            return Some("no Access-Control-Allow-Credentials: true, so no cookie is sent".to_owned());
        }
        if !self.status.is_success() {
            return Some(format!("the preflight is answered {}", self.status.as_u16()));
        }
        let allowed = self
            .values(ACCESS_CONTROL_ALLOW_HEADERS)
            .join(",")
            .to_ascii_lowercase();
        let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
        // The wildcard never stands for `Authorization`.
        let is_allowed = |name: &str| {
            allowed.contains(&name) || name != "authorization" && !with_cookies && allowed.contains(&"*")
        };
        let missing = ASKED_HEADERS.split(',').find(|name| !is_allowed(name))?;
        Some(format!("Access-Control-Allow-Headers lacks {missing}"))
    }

    /// The lines of the answer that a browser looks at, for a person.
    pub(super) fn told(&self) -> String {
        let mut lines = self.status.to_string();
        for name in [
            ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ] {
            for value in self.values(name.clone()) {
                lines.push_str(&format!("\n{name}: {}", plain(&value)));
            }
        }
        lines
    }

    fn values(&self, name: HeaderName) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "https://app.example.com";

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Preflight {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, value.parse().unwrap());
        }
        Preflight {
            status: StatusCode::from_u16(status).unwrap(),
            headers: all,
        }
    }

    // Issue 14, item 17.
    #[test]
    fn an_answer_is_judged_as_a_browser_judges_it() {
        let origin = ("access-control-allow-origin", APP);
        let any = ("access-control-allow-origin", "*");
        let headers = ("access-control-allow-headers", "Content-Type, Authorization");
        let credentials = ("access-control-allow-credentials", "true");
        let lower = ("access-control-allow-headers", "content-type,authorization");
        for good in [
            answer(204, &[origin, headers]),
            answer(200, &[any, lower]),
            answer(204, &[origin, lower, credentials]),
        ] {
            assert_eq!(good.refusal(APP, false), None, "{good:?}");
        }
        assert_eq!(
            answer(204, &[origin, headers, credentials]).refusal(APP, true),
            None
        );
        for (bad, with_cookies, word) in [
            // As Hasura answers it.
            (
                answer(500, &[]),
                false,
                "no Access-Control-Allow-Origin (status 500)",
            ),
            (
                answer(
                    204,
                    &[("access-control-allow-origin", "https://other.example"), headers],
                ),
                false,
                "is https://other.example",
            ),
            (answer(204, &[origin, origin, headers]), false, "more than once"),
            (answer(301, &[origin, headers]), false, "answered 301"),
            (answer(204, &[origin]), false, "lacks content-type"),
            (
                answer(204, &[origin, ("access-control-allow-headers", "*")]),
                false,
                "lacks authorization",
            ),
            (
                answer(204, &[any, headers, credentials]),
                true,
                "Access-Control-Allow-Origin is *",
            ),
            (
                answer(204, &[origin, headers]),
                true,
                "Access-Control-Allow-Credentials",
            ),
        ] {
            let said = bad.refusal(APP, with_cookies).unwrap();
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn pages_of_the_urls_own_origin_are_told_from_others() {
        let is = |origin: &str, url: &str| is_same_origin(&origin.parse().unwrap(), &url.parse().unwrap());
        assert!(is(
            "https://app.example.com",
            "https://app.example.com:443/v1/graphql"
        ));
        assert!(is("http://localhost:8080", "http://localhost:8080/v1/graphql"));
        assert!(!is("http://localhost:8080", "http://127.0.0.1:8080/v1/graphql"));
        assert!(!is(
            "http://app.example.com",
            "https://app.example.com/v1/graphql"
        ));
    }
}
