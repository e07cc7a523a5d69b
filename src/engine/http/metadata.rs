//! The metadata API, as far as the local engine has it: export, replace, and what is inconsistent.
//!
//! It lets the commands about metadata be rehearsed. It answers only who sends the admin secret, and only on an engine that
//! other machines do not reach.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fault, flat, frame, nothing};
use crate::engine::auth::Admitted;
use crate::engine::{Inconsistency, Refusal, Running, StartError};

/// Either carries the admin secret.
const SECRET_HEADERS: [&str; 2] = ["x-hasura-admin-secret", "x-hasura-access-key"];

#[derive(Deserialize)]
struct Call {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    resource_version: Option<i64>,
    #[serde(default)]
    args: Value,
}

pub(super) async fn answer(State(running): State<Running>, headers: HeaderMap, body: Bytes) -> Response {
    let shared = running.current();
    if !shared.has_metadata_api() {
        return nothing(&shared, "/v1/metadata");
    }
    let Admitted { session, .. } = match shared.authenticate(&headers, None).await {
        Ok(admitted) => admitted,
        Err(fault) => return flat(&shared, &fault, None),
    };
    // A wrong secret was refused before. A token or a hook that says admin is not enough here.
    let has_secret = SECRET_HEADERS.iter().any(|name| headers.contains_key(*name));
    if !session.is_admin() || !has_secret {
        let fault = Fault::new(400, "access-denied", "restricted access : admin only");
        return flat(&shared, &fault, Some(&session.role));
    }
    let answered = match serde_json::from_slice::<Call>(&body) {
        Ok(call) => run(&running, call).await,
        Err(error) => Err(Fault::new(400, "parse-failed", error.to_string())),
    };
    match answered {
        Ok(body) => frame::json(200, body.to_string()),
        Err(fault) => flat(&shared, &fault, Some(&session.role)),
    }
}

async fn run(running: &Running, call: Call) -> Result<Value, Fault> {
    let shared = running.current();
    match (call.name.as_str(), call.version.unwrap_or(1)) {
        ("export_metadata", 1) => Ok(shared.metadata.document.clone()),
        ("export_metadata", 2) => Ok(json!({
            "resource_version": shared.metadata.resource_version,
            "metadata": shared.metadata.document,
        })),
        ("get_inconsistent_metadata", 1) => Ok(json!({
            "is_consistent": shared.inconsistencies.is_empty(),
            "inconsistent_objects": objects(&shared.inconsistencies),
        })),
        ("replace_metadata", 1) => {
            replace(running, &call, call.args.clone(), true).await?;
            Ok(json!({"message": "success"}))
        }
        ("replace_metadata", 2) => {
            let is_allowed = call.args["allow_inconsistent_metadata"] == true;
            let left_out = replace(running, &call, call.args["metadata"].clone(), is_allowed).await?;
            Ok(json!({"is_consistent": left_out.is_empty(), "inconsistent_objects": objects(&left_out)}))
        }
        (name, version) => Err(Fault::not_supported(format!(
            "the call {name}, version {version}"
        ))),
    }
}

async fn replace(
    running: &Running,
    call: &Call,
    document: Value,
    allow_inconsistent: bool,
) -> Result<Vec<Inconsistency>, Fault> {
    if document.get("version") != Some(&json!(3)) || !document["sources"].is_array() {
        return Err(
            Fault::new(400, "parse-failed", "expected metadata of version 3 with sources").at("$.args"),
        );
    }
    running
        .replace(document, call.resource_version, allow_inconsistent)
        .await
        .map_err(refused)
}

fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Conflict(referenced) => Fault::new(
            409,
            "conflict",
            format!("metadata resource version referenced ({referenced}) did not match current version"),
        ),
        Refusal::Inconsistent(left_out) => {
            Fault::new(400, "unexpected", "cannot continue due to inconsistent metadata")
                .at("$.args")
                .with_internal(objects(&left_out))
        }
        Refusal::Metadata(error @ StartError::NotSupported(_)) => {
            Fault::new(400, "not-supported", error.to_string())
        }
        Refusal::Metadata(error) => Fault::new(400, "parse-failed", error.to_string()).at("$.args"),
    }
}

fn objects(inconsistencies: &[Inconsistency]) -> Value {
    let object = |one: &Inconsistency| json!({"type": one.kind, "name": format!("{} {}", one.kind, one.name), "reason": one.reason});
    inconsistencies.iter().map(object).collect()
}
