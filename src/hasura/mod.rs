//! Hasura's own formats.
//!
//! A leaf: it reads what Hasura reads and writes what Hasura writes, and knows nothing of this
//! service or of the local engine.

pub mod document;
pub mod metadata;
