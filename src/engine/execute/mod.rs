//! Runs a checked request and builds its reply.
//!
//! Queries run their root fields at once, mutations one after the other; the first failure is the
//! whole reply, as in Hasura. What an earlier mutation did stays done.

mod action;
mod action_headers;
mod action_output;
mod aggregate;
mod introspection;
mod predicate;
mod select;
mod sql;
mod table;

use apollo_compiler::ast::{OperationType, Selection};
use axum::http::{HeaderMap, HeaderValue};
use futures_util::future::try_join_all;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::Shared;
use super::fault::{Fault, Path};
use super::request::{Document, Field, GraphqlRequest, Operation, Variables, Walk};
use super::schema::{NO_QUERIES, RoleSchema, Root};
use super::session::Session;

/// A request with who sent it.
pub(crate) struct Call<'c> {
    pub(crate) session: &'c Session,
    pub(crate) headers: &'c HeaderMap,
    pub(crate) request: &'c GraphqlRequest,
}

/// The data of a reply, in the order of the selection.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    fields: Vec<(String, Box<RawValue>)>,
    /// What the handlers of actions want set at the client.
    pub(crate) cookies: Vec<HeaderValue>,
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (key, value) in &self.fields {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The value of one root field.
struct Answer {
    value: Box<RawValue>,
    cookies: Vec<HeaderValue>,
}

impl Answer {
    fn of(value: &impl Serialize) -> Self {
        Self {
            value: to_raw_value(value).expect("plain JSON is serializable"),
            cookies: Vec::new(),
        }
    }
}

/// Answers one GraphQL request. `name` becomes that of the operation, as soon as it is known.
pub(crate) async fn run(shared: &Shared, call: Call<'_>, name: &mut Option<String>) -> Result<Reply, Fault> {
    let schema = shared.schemas.of(&call.session.role);
    let document = Document::parse(&call.request.query)?;
    let operation = document.operation(call.request.operation_name.as_deref())?;
    *name = operation.name.as_ref().map(ToString::to_string);
    if operation.operation_type == OperationType::Mutation {
        refuse_writes(schema, operation)?;
    }
    let root = match operation.operation_type {
        OperationType::Query => "query_root",
        OperationType::Mutation if schema.has_mutations() => "mutation_root",
        OperationType::Mutation => return Err(Fault::validation("no mutations exist")),
        OperationType::Subscription => {
            let message = "subscriptions are not supported over HTTP, use websockets instead";
            return Err(Fault::new(400, "unexpected-payload", message));
        }
    };
    // Hasura's community edition takes @cached on a query and caches nothing.
    if let Some(directive) = operation.directives.0.iter().find(|one| one.name != "cached") {
        return Err(Fault::validation(format!(
            "directive '{}' is not defined in the schema",
            directive.name
        )));
    }
    let variables = Variables::bind(&document, operation, &call.request.variables)?;
    let walk = Walk::new(&document, &schema.schema, &variables);
    let fields = walk.fields(root, &operation.selection_set, Path::Root)?;
    let runner = Runner {
        shared,
        schema,
        call: &call,
    };
    let answers = if root == "mutation_root" {
        let mut answers = Vec::new();
        for field in &fields {
            answers.push(runner.field(field).await?);
        }
        answers
    } else {
        try_join_all(fields.iter().map(|field| runner.field(field))).await?
    };
    let mut reply = Reply::default();
    for (field, answer) in fields.into_iter().zip(answers) {
        reply.fields.push((field.key, answer.value));
        // Hasura drops those of query actions (graphql-engine#8407).
        if root == "mutation_root" {
            reply.cookies.extend(answer.cookies);
        }
    }
    Ok(reply)
}

/// What Hasura would do and this engine does not is named rather than not found.
fn refuse_writes(schema: &RoleSchema, operation: &Operation) -> Result<(), Fault> {
    for selection in &operation.selection_set {
        if let Selection::Field(field) = selection
            && schema.root("mutation_root", &field.name).is_none()
            && schema.would_write(&field.name)
        {
            let path = format!("$.selectionSet.{}", field.name);
            return Err(Fault::not_supported(&field.name).at(path));
        }
    }
    Ok(())
}

/// Everything that a root field may need.
struct Runner<'r> {
    shared: &'r Shared,
    schema: &'r RoleSchema,
    call: &'r Call<'r>,
}

impl Runner<'_> {
    async fn field(&self, field: &Field) -> Result<Answer, Fault> {
        if field.is_typename() {
            return Ok(Answer::of(&field.parent));
        }
        match self.schema.root(&field.parent, &field.name) {
            Some(Root::Action(action)) => self.action(action, field).await,
            Some(Root::Table { seen, root }) => self.table(seen, *root, field).await,
            None if field.name.starts_with("__") => self.introspection(field),
            None => Ok(Answer::of(&NO_QUERIES)),
        }
    }
}
