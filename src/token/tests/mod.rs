//! Tests of what several files of `token` do together.

mod published;
mod verifier;
