//! The documents against the program: what they name exists, and what exists is in them.
//!
//! One file a document. A failure here says which line to write, not how to silence the test.

pub(crate) mod api;
mod book;
mod commands;
mod configuration;
mod dependencies;
mod errors;
mod flows;
mod guides;
mod links;
pub(crate) mod operations;
