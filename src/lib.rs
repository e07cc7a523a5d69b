//! Sign-In with Ethereum for Hasura.

pub mod clock;
pub mod engine;
pub mod hasura;
pub mod model;
pub mod siwe;
