//! From the text of a GraphQL request to fields with checked arguments.
//!
//! The passes follow Hasura's: choose the operation, look up fragments, bind variables, then walk
//! the selection against the role's schema. Each refuses in Hasura's words; the GraphQL library
//! gives the syntax tree and the types, not the validation, because its words and its order of
//! checks are its own.

mod body;
mod column;
mod document;
mod input;
mod selection;
mod variables;

pub(crate) use body::{GraphqlRequest, parse_body};
pub(crate) use document::{Document, Operation};
pub(crate) use input::Coercion;
pub(crate) use selection::{Field, Walk};
pub(crate) use variables::Variables;
