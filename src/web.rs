//! The sign-in page as it is served: its files, which are embedded, the headers that hold it in, and `/web.json`, which tells
//! it about this stack.
//!
//! It knows nothing of sessions: the page signs in through Hasura, as any other client does. Its source is in `web/`.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use include_dir::{Dir, include_dir};

/// What Vite made of `web/`.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/web/dist");

/// What the page is told about the stack that it belongs to. Anybody may read it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Hasura answers: a path, or a URL of another origin.
    pub graphql: String,
    /// Whether the page may offer a wallet whose key it makes up: for stacks on a laptop.
    pub test_wallet: bool,
    /// Whether guests may register with a password.
    pub registration_is_open: bool,
}

/// `/`, `/assets/*` and `/web.json`.
pub fn router<S: Clone + Send + Sync + 'static>(settings: &Settings) -> Router<S> {
    let policy = policy(&settings.graphql);
    let told = Json(serde_json::json!({
        "graphql": settings.graphql,
        "testWallet": settings.test_wallet,
        "registration": if settings.registration_is_open { "open" } else { "closed" },
        "version": env!("CARGO_PKG_VERSION"),
    }));
    Router::new()
        .route("/", get(async || file("index.html", "no-cache")))
        // Their names hold a hash of what is in them.
        .route(
            "/assets/{*path}",
            get(async |Path(path): Path<String>| {
                file(&format!("assets/{path}"), "public, max-age=31536000, immutable")
            }),
        )
        .route(
            "/web.json",
            get(async move || ([(header::CACHE_CONTROL, "no-cache")], told)),
        )
        .layer(axum::middleware::map_response(move |mut response: Response| {
            response.headers_mut().extend(guards(policy.clone()));
            std::future::ready(response)
        }))
}

fn file(path: &str, cache: &'static str) -> Response {
    let Some(file) = FILES.get_file(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(path)),
        (header::CACHE_CONTROL, cache),
    ];
    (headers, file.contents()).into_response()
}

/// By the end of the name; whatever else lies there is downloaded and not shown.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Nothing but our own files runs, and nothing is asked but this origin and Hasura's. Icons of wallets are `data:` URLs (EIP-6963).
fn policy(graphql: &str) -> HeaderValue {
    let elsewhere = origin(graphql).map_or(String::new(), |origin| format!(" {origin}"));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{elsewhere}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    HeaderValue::from_str(&policy).expect("the configuration lets no URL through that is no header")
}

/// The origin of an absolute URL.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.find('/').unwrap_or(rest.len());
    Some(&url[..scheme.len() + 3 + host])
}

fn guards(policy: HeaderValue) -> HeaderMap {
    let plain = HeaderValue::from_static;
    HeaderMap::from_iter([
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, plain("nosniff")),
        (header::X_FRAME_OPTIONS, plain("DENY")),
        (header::REFERRER_POLICY, plain("no-referrer")),
        // A wallet may open a window of its own, and that one may know who opened it.
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            plain("same-origin-allow-popups"),
        ),
        (
            header::HeaderName::from_static("permissions-policy"),
            plain("camera=(), geolocation=(), microphone=()"),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_page_ask_this_origin_and_hasuras_alone() {
        let asks = |graphql: &str| {
            let policy = policy(graphql);
            let policy = policy.to_str().unwrap().to_owned();
            let (_, rest) = policy.split_once("connect-src ").unwrap();
            rest.split_once(';').unwrap().0.to_owned()
        };
        assert_eq!(asks("/v1/graphql"), "'self'");
        assert_eq!(
            asks("https://hasura.example.com:8443/v1/graphql"),
            "'self' https://hasura.example.com:8443"
        );
        assert_eq!(asks("http://localhost:8080"), "'self' http://localhost:8080");
    }

    #[test]
    fn every_file_of_the_page_has_a_type() {
        let mut folders = vec![&FILES];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                let path = file.path().to_str().unwrap();
                assert_ne!(content_type(path), "application/octet-stream", "{path}");
            }
        }
        assert!(FILES.get_file("index.html").is_some());
    }
}
