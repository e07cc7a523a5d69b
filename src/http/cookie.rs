//! The refresh token as a cookie, for pages of ours (`REFRESH_COOKIE=on`): the browser keeps it, and no script sees it.
//!
//! It is for requests that a browser says come from a listed origin; everybody else, programs and apps above all, is
//! answered as without it. So a cookie is neither set nor read for a foreign page, whatever SameSite would have let through.
//! It holds the token and nothing else: there is no second kind of session here.

use std::time::Duration;

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use zeroize::Zeroizing;

use super::Http;
use super::pages::is_of;
use crate::flow::{Error, Tokens};
use crate::secret::{Disclosed, Secret};

/// Where Hasura puts the client's `Origin`.
const FORWARDED_ORIGIN: HeaderName = HeaderName::from_static("x-forwarded-origin");

/// More than browsers keep for a host that means well.
const HEADER_CAP: usize = 16 << 10;

/// A cookie of ours: its name, and the scheme of the pages that it is for.
///
/// A page and the API that it may send a SameSite=Strict cookie to have one scheme, so the page's tells that of the API. Over
/// https the prefix makes browsers refuse the name to neighbours under the same domain. Over http, which is
/// for localhost, neither the prefix nor `Secure` is taken by every browser.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    scheme: &'static str,
    name: &'static str,
    attributes: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind {
        scheme: "https",
        name: "__Host-siwe-refresh",
        attributes: "Path=/; Secure; HttpOnly; SameSite=Strict",
    },
    Kind {
        scheme: "http",
        name: "siwe-refresh",
        attributes: "Path=/; HttpOnly; SameSite=Strict",
    },
];

/// The page that a request comes from: one of ours, which has its refresh token in a cookie.
#[derive(Debug)]
pub struct Page {
    kind: &'static Kind,
    presented: Result<Option<Secret<String>>, Unclear>,
}

/// A Cookie header that means nothing or more than one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unclear;

/// What the browser is to keep or to forget.
#[derive(Debug, Default)]
pub(super) struct SetCookies(Vec<HeaderValue>);

impl Page {
    /// The page behind a call of Hasura. `None` where cookies are off, and for everybody but pages of ours.
    pub(super) fn of(http: &Http, headers: &HeaderMap) -> Option<Self> {
        let pages = http.cookies_for.as_ref()?;
        let origin = pages.listed(headers, &FORWARDED_ORIGIN)?;
        let kind = KINDS.iter().find(|kind| is_of(origin, kind.scheme))?;
        Some(Self {
            kind,
            presented: presented(headers, kind.name),
        })
    }

    /// The token of the cookie.
    ///
    /// # Errors
    /// [`Error::RefreshTokenInvalid`] without a cookie, [`Error::BadRequest`] for what cannot be read as one.
    pub(super) fn token(&self) -> Result<&str, Error> {
        match &self.presented {
            Ok(Some(token)) => Ok(token.expose()),
            Ok(None) => Err(Error::RefreshTokenInvalid),
            Err(Unclear) => Err(Error::BadRequest(
                "the Cookie header cannot be read, or holds the refresh token twice".to_owned(),
            )),
        }
    }

    pub(super) fn keep(&self, tokens: &Tokens) -> SetCookies {
        let token: Disclosed = tokens.refresh.reveal();
        SetCookies(vec![self.kind.cookie(token.as_str(), tokens.refresh_for)])
    }

    pub(super) fn forget(&self) -> SetCookies {
        SetCookies(vec![self.kind.cookie("", Duration::ZERO)])
    }
}

impl SetCookies {
    /// For a caller whose page is not known: whatever this service may have set.
    pub(super) fn forget_all(http: &Http) -> Self {
        let pages = http.cookies_for.as_ref();
        let kinds = KINDS
            .iter()
            .filter(|kind| pages.is_some_and(|pages| pages.have(kind.scheme)));
        Self(kinds.map(|kind| kind.cookie("", Duration::ZERO)).collect())
    }
}

impl IntoResponseParts for SetCookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        for cookie in self.0 {
            parts.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(parts)
    }
}

impl Kind {
    fn cookie(&self, value: &str, lasts: Duration) -> HeaderValue {
        let Self { name, attributes, .. } = self;
        let text = Zeroizing::new(format!(
            "{name}={value}; {attributes}; Max-Age={}",
            lasts.as_secs()
        ));
        let mut header = HeaderValue::from_str(&text).expect("a UUID and plain words");
        header.set_sensitive(true);
        header
    }
}

/// The value under `name`, of all Cookie headers. Another cookie may be anything; ours stands there once, as it was set.
fn presented(headers: &HeaderMap, name: &str) -> Result<Option<Secret<String>>, Unclear> {
    let size: usize = headers.get_all(COOKIE).iter().map(HeaderValue::len).sum();
    if size > HEADER_CAP {
        return Err(Unclear);
    }
    let mut found = None;
    for pair in headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
    {
        let pair = pair.trim_ascii();
        let value = match pair.strip_prefix(name.as_bytes()) {
            Some([b'=', value @ ..]) => value,
            _ => continue,
        };
        let value = str::from_utf8(value).map_err(|_| Unclear)?;
        if found.replace(Secret::new(value.to_owned())).is_some() {
            return Err(Unclear);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&[u8]]) -> Result<Option<String>, Unclear> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
        }
        presented(&headers, "__Host-siwe-refresh").map(|found| found.map(|token| token.expose().clone()))
    }

    #[test]
    fn the_cookie_is_found_among_others_by_its_whole_name() {
        let found = |text: &str| read(&[text.as_bytes()]).unwrap();
        assert_eq!(found("a=1;__Host-siwe-refresh=t ; b=2").as_deref(), Some("t"));
        assert_eq!(found("__Host-siwe-refresh=").as_deref(), Some(""));
        assert_eq!(found("__Host-siwe-refresh=a=b").as_deref(), Some("a=b"));
        for absent in [
            "",
            ";;",
            "a=1",
            "__Host-siwe-refresh",
            "siwe-refresh=t",
            "x__Host-siwe-refresh=t",
            "__Host-siwe-refresh2=t",
            "__host-siwe-refresh=t",
            "a=__Host-siwe-refresh=t",
            "__Host-siwe-refresh =t",
        ] {
            assert_eq!(found(absent), None, "{absent}");
        }
        assert_eq!(read(&[]), Ok(None));
        // What is not ours may be anything.
        assert_eq!(
            read(&[b"a=\xff", b"__Host-siwe-refresh=t"]),
            Ok(Some("t".to_owned()))
        );
    }

    #[test]
    fn twice_too_large_or_no_text_is_unclear() {
        assert_eq!(
            read(&[b"__Host-siwe-refresh=t; __Host-siwe-refresh=t"]),
            Err(Unclear)
        );
        assert_eq!(
            read(&[b"__Host-siwe-refresh=t", b"__Host-siwe-refresh=u"]),
            Err(Unclear)
        );
        assert_eq!(read(&[b"__Host-siwe-refresh=\xff"]), Err(Unclear));
        let large = format!("a={}", "x".repeat(HEADER_CAP));
        assert_eq!(read(&[large.as_bytes()]), Err(Unclear));
    }

    #[test]
    fn what_is_set_has_every_attribute_and_prints_no_token() {
        let cookie = KINDS[0].cookie("t", Duration::from_secs(60));
        assert_eq!(
            cookie.as_bytes(),
            b"__Host-siwe-refresh=t; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60"
        );
        assert_eq!(format!("{cookie:?}"), "Sensitive");
    }
}
