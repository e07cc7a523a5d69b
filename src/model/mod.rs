//! Plain data: the words of the domain, with the rules that make each of them valid.
//!
//! No I/O, no clock, no JSON of any surface.

mod account_name;
mod address;
mod caller;
mod chain_id;
mod client;

pub use account_name::{AccountName, AccountNameError};
pub use address::{Address, AddressError};
pub use caller::{ADMIN_ROLE, Caller, GUEST_ROLE, USER_ROLE};
pub use chain_id::{ChainId, ChainIdError};
pub use client::Client;
