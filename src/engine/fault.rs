//! What can go wrong with a request, and how Hasura words it.
//!
//! A fault knows both of its forms: the one in a GraphQL reply (`errors`, always HTTP 200) and
//! the flat one of every other endpoint (with its true status). Causes that a client must not see
//! are logged where they happen, not kept here.

use std::fmt;

use serde_json::{Map, Value, json};

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) path: String,
    /// Shown to admins and in developer mode alone.
    pub(crate) internal: Option<Box<Value>>,
    /// What an action's handler sent; replaces path and code in a GraphQL reply.
    pub(crate) extensions: Option<Box<Value>>,
}

impl Fault {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            path: "$".to_owned(),
            internal: None,
            extensions: None,
        }
    }

    /// The request is not valid against the schema.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "validation-failed", message)
    }

    /// Something that Hasura would do and this engine does not.
    pub(crate) fn not_supported(what: impl fmt::Display) -> Self {
        Self::new(
            400,
            "not-supported",
            format!("the local engine does not support {what}"),
        )
    }

    /// No such path, or one whose API is switched off.
    pub(crate) fn no_resource() -> Self {
        Self::new(404, "not-found", "resource does not exist")
    }

    pub(crate) fn at(mut self, path: impl fmt::Display) -> Self {
        self.path = path.to_string();
        self
    }

    pub(crate) fn with_internal(mut self, internal: Value) -> Self {
        self.internal = Some(Box::new(internal));
        self
    }

    /// The item of `errors` in a GraphQL reply.
    pub(crate) fn graphql(&self, show_internal: bool) -> Value {
        let extensions = self.extensions.as_deref().cloned().unwrap_or_else(|| {
            let mut own = Map::new();
            own.insert("path".to_owned(), self.path.clone().into());
            own.insert("code".to_owned(), self.code.clone().into());
            if let (true, Some(internal)) = (show_internal, &self.internal) {
                own.insert("internal".to_owned(), internal.as_ref().clone());
            }
            Value::Object(own)
        });
        json!({"message": self.message, "extensions": extensions})
    }

    /// The body on every other endpoint.
    pub(crate) fn flat(&self, show_internal: bool) -> Value {
        let mut body = json!({"error": self.message, "path": self.path, "code": self.code});
        if let (true, Some(internal)) = (show_internal, &self.internal) {
            body["internal"] = internal.as_ref().clone();
        }
        body
    }
}

/// Where in a request something is: `$.selectionSet.v1Login.args.message`.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }

    pub(crate) fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Key(parent, key) => write!(f, "{parent}.{key}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
