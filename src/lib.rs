//! Sign-In with Ethereum for Hasura.
//!
//! The map:
//!
//! - A request comes in through [`http`], becomes a typed command, goes to one function in [`flow`],
//!   which asks pure modules ([`siwe`], [`password`], [`token`]) what is true and [`storage`] what is known, and
//!   leaves through [`http`] as a reply.
//! - [`app`] joins them; [`cli`] is the command line; [`config`] turns what was typed into what is valid.
//! - [`model`] holds the words of the domain; [`secret`], [`clock`], [`entropy`] and [`trace`] are leaves.
//! - [`engine`] is another program in the same binary: a local stand-in for Hasura that meets the
//!   service only over HTTP. [`hasura`] is what both know of Hasura's file formats, and [`local`]
//!   puts a private PostgreSQL, the service and the engine on one command.
//!
//! ARCHITECTURE.md has the walkthroughs; a test holds the directions of imports.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod entropy;
pub mod flow;
pub mod hasura;
pub mod http;
pub mod local;
pub mod model;
pub mod password;
pub mod rpc;
pub mod secret;
pub mod server;
pub mod siwe;
pub mod storage;
pub mod token;
pub mod trace;
pub mod web;

/// The version of this program, as metrics and traces tell it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
