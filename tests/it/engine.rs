//! The local engine over real HTTP, with a stub for the handlers of actions and a real PostgreSQL.
//!
//! Tests that are named in Hasura's behaviour cases say so in a comment or carry the name.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod actions;
mod aggregates;
pub mod attacks;
mod auth;
mod cases;
mod clients;
mod coercion;
mod coercion_refused;
mod documents;
mod graphql;
mod headers;
mod introspection;
mod jwk;
mod limits;
mod log;
mod relationships;
mod rest;
mod shipped;
mod signers;
pub mod support;
mod tables;
mod webhook;
mod writes;
