//! A JWK set from a URL: fetched at the start, and again when Hasura would.
//!
//! Once a second somebody looks whether the set is stale. `Cache-Control` says when, else `Expires`;
//! without either the set stays for good. Hasura throws its first set away and fetches a second one
//! right after the start; here the first one serves. Nothing is fetched because a token is unknown.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::jws::Key;
use crate::clock::Clock;
use crate::engine::client_headers;

const TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_secs(1);
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The keys of a URL.
pub(super) struct KeySet {
    url: reqwest::Url,
    held: RwLock<Held>,
}

/// The keys, and when they are stale.
#[derive(Clone, Default)]
struct Held {
    keys: Arc<[Key]>,
    stale_at: Option<OffsetDateTime>,
}

impl KeySet {
    /// A set that was not fetched yet.
    pub(super) fn at(url: &str) -> Result<Arc<Self>, String> {
        let url = reqwest::Url::parse(url).map_err(|error| format!("jwk_url: {error}"))?;
        Ok(Arc::new(Self {
            url,
            held: RwLock::default(),
        }))
    }

    pub(super) fn keys(&self) -> Arc<[Key]> {
        self.held().keys
    }

    /// Fetches the set, and keeps it fresh for as long as somebody holds it.
    pub(super) async fn start(self: &Arc<Self>, http: &reqwest::Client, clock: &Clock) -> Result<(), String> {
        self.fetch(http, clock).await?;
        tokio::spawn(keep_fresh(Arc::downgrade(self), http.clone(), clock.clone()));
        Ok(())
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_stale(&self, now: OffsetDateTime) -> bool {
        let held = self.held();
        held.keys.is_empty() || held.stale_at.is_some_and(|at| now >= at)
    }

    async fn fetch(&self, http: &reqwest::Client, clock: &Clock) -> Result<(), String> {
        let url = &self.url;
        let mut headers = HeaderMap::new();
        client_headers::add_own(&mut headers);
        let sent = http.get(url.clone()).headers(headers).timeout(TIMEOUT).send();
        let received = async {
            let response = sent.await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        };
        let (status, headers, body) = received
            .await
            .map_err(|error| format!("Error fetching JWK: {error}"))?;
        if !status.is_success() {
            return Err(format!("Non-2xx response on fetching JWK from: {url}"));
        }
        let keys = read(&body).map_err(|reason| format!("Error parsing JWK from url: {url}: {reason}"))?;
        let stale_at = stale_at(&headers, clock.now());
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.keys = keys;
        // A set that no longer says how long it is good is judged as the one before.
        held.stale_at = stale_at.or(held.stale_at);
        Ok(())
    }
}

async fn keep_fresh(set: Weak<KeySet>, http: reqwest::Client, clock: Clock) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(set) = set.upgrade() else {
            return;
        };
        if set.is_stale(clock.now())
            && let Err(reason) = set.fetch(&http, &clock).await
        {
            tracing::warn!(%reason, "the JWK set stays as it is: {reason}");
        }
    }
}

fn read(body: &[u8]) -> Result<Arc<[Key]>, String> {
    let set: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or("the key 'keys' was not present")?;
    keys.iter().map(Key::from_jwk).collect()
}

/// When a set is stale; `None` where nothing is said, or nothing that can be read.
fn stale_at(headers: &HeaderMap, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(cache_control) = text(header::CACHE_CONTROL) {
        let directives = || cache_control.split(',').map(str::trim);
        let has = |wanted: &str| directives().any(|one| one == wanted);
        let age = directives()
            .filter_map(|one| one.split_once('='))
            .find(|(name, _)| ["max-age", "s-maxage"].contains(name));
        let fresh_until = match age {
            Some((_, seconds)) => Some(now.saturating_add(time::Duration::seconds(seconds.parse().ok()?))),
            None => None,
        };
        if has("must-revalidate") {
            return Some(fresh_until.unwrap_or(now));
        }
        if has("no-cache") || has("no-store") {
            return Some(now);
        }
        if fresh_until.is_some() {
            return fresh_until;
        }
    }
    let expires = PrimitiveDateTime::parse(text(header::EXPIRES)?, HTTP_DATE).ok()?;
    Some(expires.assume_utc())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn cache_control_comes_before_expires() {
        let now = datetime!(2024-01-01 0:00 UTC);
        let after = |seconds| Some(now + time::Duration::seconds(seconds));
        let expires = ("expires", "Mon, 01 Jan 2024 00:00:09 GMT");
        for (headers, expected) in [
            (&[][..], None),
            (&[expires], after(9)),
            (&[("expires", "0")], None),
            (&[("cache-control", "public, max-age=60"), expires], after(60)),
            (&[("cache-control", "s-maxage=30,max-age=60")], after(30)),
            (&[("cache-control", "public"), expires], after(9)),
            (&[("cache-control", "no-cache, max-age=60")], after(0)),
            (&[("cache-control", "no-store"), expires], after(0)),
            (&[("cache-control", "must-revalidate")], after(0)),
            (&[("cache-control", "max-age=60, must-revalidate")], after(60)),
            (&[("cache-control", "max-age=soon"), expires], None),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(stale_at(&map, now), expected, "{headers:?}");
        }
    }
}
