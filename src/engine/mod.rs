//! A local stand-in for Hasura.
