//! The two tokens a session has: an access token that Hasura reads, and a refresh token that only
//! this service does. Pure: no database, no HTTP.

mod access;
mod refresh;
mod ring;
#[cfg(test)]
mod tests;
mod verifier;

pub use access::{Identity, Pen, Signer};
pub use refresh::{RefreshToken, Salt, TokenHash};
pub use ring::{KeyRing, Keys, NoSigningKey};
pub use verifier::{Checked, TokenFault, Verified, Verifier};
