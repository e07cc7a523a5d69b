//! Plain data: the words that every other module shares, with the rules that make each valid.
//! Nothing here reads, writes or decides.

mod account_name;
mod address;
mod caller;
mod chain_id;
mod client;

pub use account_name::{AccountName, AccountNameError};
pub use address::{Address, AddressError};
pub use caller::{ADMIN_ROLE, Caller, GUEST_ROLE, Person, USER_ROLE};
pub use chain_id::{ChainId, ChainIdError};
pub use client::Client;
