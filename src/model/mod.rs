//! Plain data: the words that every other module shares, with the rules that make each valid.
//! Nothing here reads, writes or decides.

mod account_name;
mod address;
mod caller;
mod chain_id;
mod claim;
mod client;
mod contract_wallet;
mod email;
mod flow;
mod invisible;
mod login_name;
mod network_name;
mod purpose;
mod role_name;
mod username;
mod whose;

pub use account_name::{AccountName, AccountNameError};
pub use address::{Address, AddressError};
pub use caller::{ADMIN_ROLE, Caller, GUEST_ROLE, Person, USER_ROLE};
pub use chain_id::{ChainId, ChainIdError};
pub use claim::{ClaimError, ClaimName, ClaimValue};
pub use client::Client;
pub use contract_wallet::ContractWallet;
pub use email::{Email, EmailError};
pub use flow::{Flow, FlowError};
pub use login_name::LoginName;
pub use network_name::{NetworkName, NetworkNameError};
pub use purpose::{Purpose, PurposeError};
pub use role_name::{RoleName, RoleNameError};
pub use username::{Username, UsernameError};
pub use whose::{Whose, WhoseError};
