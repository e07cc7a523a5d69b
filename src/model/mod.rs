//! Plain data: the words that every other module shares. Nothing here reads, writes or decides.

mod address;
mod chain_id;

pub use address::{Address, AddressError};
pub use chain_id::{ChainId, ChainIdError};
