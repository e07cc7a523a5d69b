//! The two tokens a session has: an access token that Hasura reads, and a refresh token that only
//! this service does. Pure: no database, no HTTP.

mod access;
mod refresh;

pub use access::{Identity, Signer};
pub use refresh::{RefreshToken, Salt, TokenHash};
