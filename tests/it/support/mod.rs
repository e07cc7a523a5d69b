//! What tests stand on: a private PostgreSQL, the service as production builds it, wallets that
//! sign. No test logic.

pub mod app;
pub mod caddy;
pub mod cluster;
pub mod db;
pub mod disk;
pub mod evm;
pub mod hasura;
pub mod keys;
pub mod line;
pub mod node;
pub mod people;
pub mod process;
pub mod raw;
pub mod reply;
pub mod waiting;
pub mod wallet_flow;
pub mod watch;
pub mod ways;

pub use app::TestApp;
pub(crate) use hasura::in_both_modes;
pub use hasura::{Hasura, Mode};
pub use reply::Reply;

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::entropy::Entropy;
use hasura_siwe::siwe::Origin;

/// The origin of the tests' front end; one of those the service allows.
pub fn origin() -> Origin {
    "http://localhost:3000".parse().unwrap()
}

/// A wallet nobody used before.
pub fn wallet() -> Wallet {
    Wallet::draw(&Entropy::system())
}

/// The ways in which wallets and their kits write the bytes of a signature.
pub fn spellings(signature: &str) -> [String; 4] {
    let digits = signature.strip_prefix("0x").unwrap();
    [
        digits.to_owned(),
        format!("0X{digits}"),
        format!("{signature}\n"),
        format!(" \t{}\r\n", digits.to_uppercase()),
    ]
}

/// A nonce as a client library makes one.
pub fn nonce() -> String {
    hex::encode(Entropy::system().bytes::<12>())
}
