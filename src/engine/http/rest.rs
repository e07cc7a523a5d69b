//! /api/rest: stored queries behind paths. Statuses are true here and error bodies flat.

use std::collections::BTreeSet;
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, OperationDefinition, Type};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::{Map, Value};

use super::frame::{self, Note};
use super::{Fault, flat};
use crate::engine::Shared;
use crate::engine::auth::Admitted;
use crate::engine::execute::{Call, run};
use crate::engine::request::GraphqlRequest;
use crate::engine::schema::Inconsistency;
use crate::hasura::metadata::{Metadata, RestEndpoint};

/// The served endpoints.
pub(crate) struct Endpoints(Vec<Endpoint>);

struct Endpoint {
    name: String,
    segments: Vec<String>,
    methods: Vec<String>,
    query: String,
    operation: Node<OperationDefinition>,
}

type Arguments = Vec<(String, Given)>;

/// A variable's value: from the path or the query string, or from the JSON body.
enum Given {
    Text(String),
    Json(Value),
}

impl Endpoints {
    /// The endpoints whose stored query exists and holds one operation; the others are inconsistent.
    pub(crate) fn build(metadata: &Metadata, inconsistencies: &mut Vec<Inconsistency>) -> Self {
        let mut endpoints = Vec::new();
        for raw in &metadata.endpoints {
            match endpoint(metadata, raw) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(reason) => inconsistencies.push(Inconsistency::new("rest_endpoint", &raw.name, reason)),
            }
        }
        Self(endpoints)
    }

    fn find(&self, method: &Method, path: &str) -> Result<(&Endpoint, Arguments), Fault> {
        let segments: Vec<&str> = path.split('/').collect();
        let mut allowed = BTreeSet::new();
        let mut found = Vec::new();
        for endpoint in &self.0 {
            let Some(parameters) = endpoint.parameters(&segments) else {
                continue;
            };
            if endpoint.methods.iter().any(|one| one == method.as_str()) {
                found.push((endpoint, parameters));
            } else {
                allowed.extend(endpoint.methods.iter().map(String::as_str));
            }
        }
        match (found.len(), found.pop()) {
            (1, Some(one)) => Ok(one),
            (0, _) if allowed.is_empty() => Err(Fault::new(404, "not-found", "Endpoint not found")),
            (0, _) => {
                let allowed: Vec<&str> = allowed.into_iter().collect();
                let message = format!("Allowed methods: {}", allowed.join(", "));
                Err(Fault::new(405, "method-not-allowed", message))
            }
            _ => Err(Fault::new(500, "unexpected", "Multiple endpoints match request")),
        }
    }
}

fn endpoint(metadata: &Metadata, raw: &RestEndpoint) -> Result<Endpoint, String> {
    let reference = &raw.definition.query;
    let query = metadata.stored_query(reference).ok_or_else(|| {
        format!(
            "query with name {} does not exist in collection {}",
            reference.query_name, reference.collection_name
        )
    })?;
    let document =
        ast::Document::parse(query, "query").map_err(|_| "not a valid graphql query".to_owned())?;
    match &document.definitions[..] {
        [Definition::OperationDefinition(operation)] => Ok(Endpoint {
            name: raw.name.clone(),
            segments: raw.url.trim_matches('/').split('/').map(str::to_owned).collect(),
            methods: raw
                .methods
                .iter()
                .map(|method| method.to_ascii_uppercase())
                .collect(),
            query: query.to_owned(),
            operation: operation.clone(),
        }),
        _ => Err("A stored query should contain exactly one definition".to_owned()),
    }
}

impl Endpoint {
    fn parameters(&self, path: &[&str]) -> Option<Arguments> {
        if self.segments.len() != path.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, given) in self.segments.iter().zip(path) {
            match segment.strip_prefix(':') {
                Some(name) => parameters.push((name.to_owned(), Given::Text((*given).to_owned()))),
                None if segment == given => {}
                None => return None,
            }
        }
        Some(parameters)
    }

    /// The variables of the stored query, from what was given; a name it does not know is an error.
    fn variables(&self, given: Arguments) -> Result<Map<String, Value>, Fault> {
        let mut variables = Map::new();
        for (name, value) in given {
            let declared = self
                .operation
                .variables
                .iter()
                .find(|one| one.name.as_str() == name)
                .ok_or_else(|| Fault::new(400, "bad-request", format!("Unexpected variable {name}")))?;
            match value {
                Given::Json(value) => {
                    variables.insert(name, value);
                }
                Given::Text(text) => {
                    if let Some(value) = from_text(&name, &text, &declared.ty)? {
                        variables.insert(name, value);
                    }
                }
            }
        }
        Ok(variables)
    }
}

/// A text of the URL as a variable. Booleans and numbers are read where the type wants them.
fn from_text(name: &str, text: &str, ty: &Type) -> Result<Option<Value>, Fault> {
    if ty.is_list() {
        let message = format!(
            "List variables are not currently supported in URL or Query parameters. (Variable {name}, with value {})",
            Value::from(text)
        );
        return Err(Fault::new(400, "bad-request", message));
    }
    let type_name = ty.inner_named_type().as_str();
    if text.is_empty() && type_name == "Boolean" {
        return Ok(Some(Value::Bool(true)));
    }
    if text.is_empty() && !ty.is_non_null() {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_str(text) {
        Ok(value @ Value::Bool(_)) if ["Boolean", "Bool"].contains(&type_name) => value,
        Ok(value @ Value::Number(_))
            if ["Int", "Float", "Number", "Double", "float8", "numeric"].contains(&type_name) =>
        {
            value
        }
        _ => Value::from(text),
    }))
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Hasura shows a hook the request of /v1/graphql alone.
    let admitted = match shared.authenticate(&headers, None).await {
        Ok(admitted) => admitted,
        Err(fault) => return flat(&shared, &fault, None),
    };
    let role = admitted.session.role.clone();
    let (endpoint, parameters) = match shared.endpoints.find(&method, &path) {
        Ok(found) => found,
        Err(fault) => return flat(&shared, &fault, Some(&role)),
    };
    let mut given = from_query(query.as_deref().unwrap_or_default());
    // Hasura takes what is not an object for no variables at all.
    if let Ok(Value::Object(fields)) = serde_json::from_slice(&body) {
        given.extend(fields.into_iter().map(|(name, value)| (name, Given::Json(value))));
    }
    given.extend(parameters);
    let mut response = match endpoint.variables(given) {
        Ok(variables) => serve(&shared, admitted, &headers, endpoint, variables).await,
        Err(fault) => flat(&shared, &fault, Some(&role)),
    };
    if let Some(note) = response.extensions_mut().get_mut::<Note>() {
        note.name(&endpoint.name);
    }
    response
}

async fn serve(
    shared: &Shared,
    admitted: Admitted,
    headers: &HeaderMap,
    endpoint: &Endpoint,
    variables: Map<String, Value>,
) -> Response {
    let Admitted { session, cookies } = admitted;
    let request = GraphqlRequest {
        query: endpoint.query.clone(),
        variables,
        operation_name: None,
    };
    match run(
        shared,
        Call {
            session: &session,
            headers,
            request: &request,
        },
        &mut None,
    )
    .await
    {
        Ok(reply) => {
            let mut response = frame::json(200, serde_json::to_string(&reply).expect("a reply is JSON"));
            frame::set_cookies(&mut response, reply.cookies);
            frame::set_cookies(&mut response, cookies);
            response
                .extensions_mut()
                .insert(Note::of(None, Some(&session.role), None));
            response
        }
        Err(fault) => flat(shared, &fault, Some(&session.role)),
    }
}

fn from_query(query: &str) -> Arguments {
    let Ok(url) = reqwest::Url::parse(&format!("http://query/?{query}")) else {
        return Vec::new();
    };
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), Given::Text(value.into_owned())))
        .collect()
}
