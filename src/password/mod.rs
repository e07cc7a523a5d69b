//! Passwords: what a person typed, whether it may become theirs, and the hash that is kept of it.
//! Pure: no database, no HTTP. It does not know whose a password is, nor how often one was tried.

mod common;
mod guess;
mod hash;
mod hashers;
mod policy;
mod pool;
mod typed;

pub use hash::{Cost, HashUnreadable, PasswordHash};
pub use hashers::{Hashers, Verdict};
pub use policy::{Policy, Weakness};
pub use pool::{Busy, Load};
pub use typed::{Password, PasswordTooLong};
