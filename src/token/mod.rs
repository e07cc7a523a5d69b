//! The two tokens a session has: an access token that Hasura reads, and a refresh token that only
//! this service does; and the keys behind the first. Pure: no database, no HTTP.

mod access;
mod fault;
mod inspect;
mod key_pair;
mod refresh;
mod ring;
mod seal;
#[cfg(test)]
mod tests;
mod verifier;

pub use access::{Identity, Minted, Pen, Signer};
pub use fault::TokenFault;
pub use inspect::inspect;
pub use key_pair::{KeyPair, NewKey, NoKey, RsaBits, key_algorithm};
pub use refresh::{RefreshToken, Salt, TokenHash};
pub use ring::{KeyFault, KeyRing, KeyState, Keys, NoSigningKey, StoredKey};
pub use seal::{KeySeal, NotOpened};
pub use verifier::{Checked, LEEWAY, Verified, Verifier};
