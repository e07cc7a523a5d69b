//! POST /v1/graphql: one request or a batch. Whatever happens, the status is 200.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::frame::{self, Note};
use super::{Fault, flat};
use crate::engine::Shared;
use crate::engine::auth::Admitted;
use crate::engine::execute::{Call, Reply, run};
use crate::engine::request::{GraphqlRequest, parse_body};

#[derive(Serialize)]
struct Success<'r> {
    data: &'r Reply,
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !shared.is_enabled("graphql") {
        return flat(&shared, &Fault::no_resource(), None);
    }
    let body = parse_body(&body);
    let admitted = match shared.authenticate(&headers, body.as_ref().ok()).await {
        Ok(admitted) => admitted,
        Err(fault) => return failure(&shared, &fault, None, None),
    };
    match body {
        Ok(Value::Array(items)) => batch(&shared, admitted, &headers, &items).await,
        Ok(item) => single(&shared, admitted, &headers, &item).await,
        Err(fault) => failure(&shared, &fault, Some(&admitted.session.role), None),
    }
}

async fn single(shared: &Shared, admitted: Admitted, headers: &HeaderMap, item: &Value) -> Response {
    let Admitted { session, cookies } = admitted;
    let request = match GraphqlRequest::from_json(item) {
        Ok(request) => request,
        Err(fault) => return failure(shared, &fault, Some(&session.role), None),
    };
    let mut operation = None;
    match run(
        shared,
        Call {
            session: &session,
            headers,
            request: &request,
        },
        &mut operation,
    )
    .await
    {
        Ok(reply) => {
            let body = serde_json::to_string(&Success { data: &reply }).expect("a reply is JSON");
            let mut response = frame::json(200, body);
            frame::set_cookies(&mut response, reply.cookies);
            frame::set_cookies(&mut response, cookies);
            response
                .extensions_mut()
                .insert(Note::of(operation.as_deref(), Some(&session.role), None));
            response
        }
        Err(fault) => failure(shared, &fault, Some(&session.role), operation.as_deref()),
    }
}

async fn batch(shared: &Shared, admitted: Admitted, headers: &HeaderMap, items: &[Value]) -> Response {
    let Admitted { session, cookies } = admitted;
    let mut replies: Vec<Box<RawValue>> = Vec::new();
    for item in items {
        let outcome = match GraphqlRequest::from_json(item) {
            Ok(request) => {
                run(
                    shared,
                    Call {
                        session: &session,
                        headers,
                        request: &request,
                    },
                    &mut None,
                )
                .await
            }
            Err(fault) => Err(fault),
        };
        let reply = match outcome {
            Ok(reply) => to_raw_value(&Success { data: &reply }),
            Err(fault) => to_raw_value(&errors(shared, &fault, Some(&session.role))),
        };
        replies.push(reply.expect("a reply is JSON"));
    }
    let mut response = frame::json(200, serde_json::to_string(&replies).expect("a reply is JSON"));
    frame::set_cookies(&mut response, cookies);
    response.extensions_mut().insert(Note::batch(&session.role));
    response
}

fn errors(shared: &Shared, fault: &Fault, role: Option<&str>) -> Value {
    json!({"errors": [fault.graphql(shared.shows_internal(role))]})
}

fn failure(shared: &Shared, fault: &Fault, role: Option<&str>, operation: Option<&str>) -> Response {
    let mut response = frame::json(200, errors(shared, fault, role).to_string());
    response
        .extensions_mut()
        .insert(Note::failed(operation, role, fault));
    response
}
