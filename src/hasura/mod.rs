//! Hasura's own formats.
