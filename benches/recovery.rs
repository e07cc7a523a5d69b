//! What a log-in's signature costs: ours against bare libsecp256k1 and against k256.
//!
//! The bar: `ours` (hexadecimal, low s, recovery, address) at most 1.3 times `bare_libsecp256k1`. One run
//! shows both: `cargo bench --bench recovery`. `whole_check` adds reading and judging the message.

use std::hint::black_box;

use ethers_core::types::{H256, Signature as EthersSignature};
use hasura_siwe::siwe::signature::{Signature, hash};
use hasura_siwe::siwe::{Policy, restore, verify};
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use time::macros::datetime;

const TEXT: &str = "https://localhost:3000 wants you to sign in with your Ethereum account: \
    0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5  Sign in with Ethereum to the app.  \
    URI: https://localhost:3000 Version: 1 Chain ID: 1 Nonce: V4953jdM8Y5ljtOvZ \
    Issued At: 2024-09-14T20:44:31.764Z Expiration Time: 2024-09-14T20:49:31.761Z";
const SIGNATURE: &str = "0x81596c2af98457f7621455ca947db35cad201cb96ced9b34a4b2403fea35c014\
    31f7bca6db5fc5ffdb92b42c3cd0ae0c5b21cc24099ce6e630f0966e3fa544701c";

fn main() {
    divan::main();
}

fn bytes() -> Vec<u8> {
    hex::decode(&SIGNATURE[2..]).expect("the signature is hexadecimal")
}

#[divan::bench]
fn bare_libsecp256k1(bencher: divan::Bencher<'_, '_>) {
    let digest = hash(&restore(TEXT));
    let compact = bytes();
    bencher.bench_local(|| {
        RecoverableSignature::from_compact(black_box(&compact[..64]), RecoveryId::One)
            .and_then(|signature| signature.recover_ecdsa(Message::from_digest(black_box(digest))))
    });
}

#[divan::bench]
fn ours(bencher: divan::Bencher<'_, '_>) {
    let digest = hash(&restore(TEXT));
    bencher
        .bench_local(|| Signature::parse(black_box(SIGNATURE)).and_then(|s| s.recover(black_box(&digest))));
}

#[divan::bench]
fn k256(bencher: divan::Bencher<'_, '_>) {
    let digest = H256(hash(&restore(TEXT)));
    let signature = EthersSignature::try_from(bytes().as_slice()).expect("65 bytes");
    bencher.bench_local(|| black_box(&signature).recover(black_box(digest)));
}

#[divan::bench]
fn whole_check(bencher: divan::Bencher<'_, '_>) {
    let policy = Policy::new(["https://localhost:3000".parse().expect("an origin")]);
    let now = datetime!(2024-09-14 20:45:00 UTC);
    bencher.bench_local(|| verify(black_box(TEXT), black_box(SIGNATURE), &policy, now));
}

#[divan::bench]
fn whole_check_refused_before_recovery(bencher: divan::Bencher<'_, '_>) {
    let policy = Policy::new(["https://localhost:3001".parse().expect("an origin")]);
    let now = datetime!(2024-09-14 20:45:00 UTC);
    bencher.bench_local(|| verify(black_box(TEXT), black_box(SIGNATURE), &policy, now));
}
