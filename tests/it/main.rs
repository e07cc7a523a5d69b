//! One integration binary; the files mirror the surface.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests stops where it stands, as the tests do"
)]

mod abuse;
mod abuse_cases;
mod accounts;
mod actions;
mod bench;
mod challenges;
mod clients;
mod commands;
mod compose;
mod contract_wallets;
mod deploy;
mod docs;
mod end_to_end;
mod ends;
mod engine;
mod failover;
mod family;
mod faults;
mod fuzz;
mod keys;
mod keys_announced;
mod keys_at_rest;
mod keys_under_load;
mod layers;
mod limits;
mod listener;
mod local_stack;
mod log_in;
mod metadata;
mod operators;
mod outages;
mod own_credentials;
mod passwords;
mod plans;
mod pooler;
mod printed;
mod processes;
mod readme;
mod registering;
mod repository;
mod rest;
mod restores_together;
mod seed_email;
mod seed_lens;
mod seed_tanx;
mod seed_username;
mod sessions;
mod siwe_second_opinion;
mod siwe_vectors;
mod soak;
mod storage;
mod supply;
mod support;
mod taken_ways;
mod tokens;
mod wallets;
mod webhook;
