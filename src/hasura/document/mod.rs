//! Metadata as one JSON document: what Hasura's metadata API exports and takes.
//!
//! Pure. Two documents are compared as Hasura would read them, and one is put into the other without a
//! byte of what was there being lost.

mod canonical;
mod diff;
mod exact;
mod hidden;
mod merge;
mod remove;
mod shape;

pub use diff::{Difference, differences};
pub use exact::Exact;
pub use merge::{Clash, Merged, merge};
pub use remove::{Removed, remove};
pub use shape::{keep_actions, rename};
