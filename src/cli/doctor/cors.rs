//! Whether browsers let the pages of SIWE_ORIGINS call Hasura.

use super::finding::{Outcome, fail, ok, skip, warn};
use super::hasura::NO_HASURA;
use super::patient::{Patient, cause};
use super::settings::NO_CONFIGURATION;
use crate::cli::metadata::url;
use crate::cli::preflight::{self, is_same_origin};

/// A page that is in no list: the name is reserved (RFC 2606).
const UNLISTED: &str = "https://unlisted.invalid";

const LIST_THEM: &str = "list these origins in Hasura's HASURA_GRAPHQL_CORS_DOMAIN (compose and `make run` take SIWE_ORIGINS for it) and restart it; let a proxy pass OPTIONS and leave Access-Control-… headers to Hasura. If pages and Hasura share one origin, name that with --endpoint";

pub(super) async fn cors(patient: &mut Patient) -> Outcome {
    let Some(hasura) = &patient.hasura else {
        return skip(NO_HASURA);
    };
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let url = match url(&hasura.endpoint, "/v1/graphql") {
        Ok(url) => url,
        Err(error) => return fail(error.to_string(), "correct --endpoint or HASURA_ENDPOINT"),
    };
    let with_cookies = config.refresh_cookie;
    let (mut allowed, mut refused, mut apps) = (0, Vec::new(), Vec::new());
    for origin in &config.origins {
        if is_same_origin(origin, &url) {
            allowed += 1;
            continue;
        }
        let name = origin.to_string();
        let answer = match preflight::send(&patient.client, &url, &name).await {
            Ok(answer) => answer,
            Err(error) => return fail(cause(error), "look at what stands between here and Hasura"),
        };
        match answer.refusal(&name, with_cookies) {
            None => allowed += 1,
            Some(why) if matches!(origin.scheme(), "http" | "https") => {
                refused.push(format!("{name}: {why}"))
            }
            Some(why) => apps.push(format!("{name}: {why}")),
        }
    }
    if !refused.is_empty() {
        return fail(
            format!(
                "browsers keep Hasura's answers from pages of {}",
                refused.join("; ")
            ),
            LIST_THEM,
        );
    }
    if !apps.is_empty() {
        return warn(
            format!(
                "the web views of an app may be kept from calling: {}",
                apps.join("; ")
            ),
            "list them in HASURA_GRAPHQL_CORS_DOMAIN if your Hasura takes them, or let the app call natively, which sends no Origin",
        );
    }
    if with_cookies {
        let answer = preflight::send(&patient.client, &url, UNLISTED).await;
        if answer.is_ok_and(|answer| answer.refusal(UNLISTED, true).is_none()) {
            return warn(
                "Hasura lets every page call, with the cookies of REFRESH_COOKIE",
                "set HASURA_GRAPHQL_CORS_DOMAIN to the origins of SIWE_ORIGINS; its default is every page",
            );
        }
    }
    ok(format!("pages of {allowed} origins may call from a browser"))
}
