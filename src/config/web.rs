//! `WEB` and `WEB_GRAPHQL_URL`: whether the sign-in page is served, and where it finds Hasura.

use iri_string::types::UriAbsoluteStr;

use super::read::Reader;

/// The sign-in page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Where it finds Hasura: a path of its own origin, or a URL.
    pub graphql: String,
}

/// The proxy has Hasura at the page's own origin.
const DEFAULT_GRAPHQL: &str = "/v1/graphql";

impl Reader<'_> {
    /// The page, where it is wanted.
    pub(super) fn web(&mut self) -> Option<Web> {
        let is_on = self.is_on("WEB");
        let graphql = self.text("WEB_GRAPHQL_URL").unwrap_or(DEFAULT_GRAPHQL).to_owned();
        if !is_path(&graphql) && !is_url(&graphql) {
            self.fault(format!(
                "WEB_GRAPHQL_URL is {graphql:?}, expected a path such as /v1/graphql, or the URL of Hasura such as https://hasura.example.com/v1/graphql"
            ));
        }
        is_on.then_some(Web { graphql })
    }
}

/// A path of this origin: `//host` would be another one.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Its host becomes part of a header, where `;` and `,` would mean something.
fn is_url(text: &str) -> bool {
    let Ok(url) = UriAbsoluteStr::new(text) else {
        return false;
    };
    let is_host = |host: &str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    matches!(url.scheme_str(), "http" | "https")
        && url.authority_components().is_some_and(|authority| {
            authority.userinfo().is_none()
                && is_host(authority.host())
                && authority
                    .port()
                    .is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hasura_is_named_by_a_path_or_a_url_that_no_header_is_broken_with() {
        for good in [
            "/v1/graphql",
            "https://hasura.example.com/v1/graphql",
            "http://localhost:8080/v1/graphql",
            "http://[::1]:8080/v1/graphql",
        ] {
            assert!(is_path(good) || is_url(good), "{good}");
        }
        for bad in [
            "",
            "v1/graphql",
            "//evil.example/v1/graphql",
            "ftp://hasura.example.com/",
            "javascript:alert(1)",
            "https://user:password@hasura.example.com/",
            "https://a;script-src*/v1/graphql",
            "https://a,b/v1/graphql",
            "https:///v1/graphql",
            "https://a:0/",
            "/v1/graphql\nx-injected: 1",
        ] {
            assert!(!is_path(bad) && !is_url(bad), "{bad:?}");
        }
    }
}
