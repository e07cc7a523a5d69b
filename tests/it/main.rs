//! One integration binary; the folders mirror the surface.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests stops where it stands, as the tests do"
)]

mod deploy;
mod docs;
mod layers;
mod repository;
mod siwe_second_opinion;
mod siwe_vectors;
