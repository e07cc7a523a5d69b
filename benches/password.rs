//! What a password costs: one hash at the cost that is kept, a check against nobody, and the policy.
//!
//! The bar: `check_nobody` takes as long as `hash`, or a stranger could tell who has an account.

use std::hint::black_box;

use hasura_siwe::entropy::Entropy;
use hasura_siwe::password::{Hashers, Password, Policy};
use tokio::runtime::{Builder, Runtime};

const TEXT: &str = "correct horse battery staple";

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn password() -> Password {
    Password::parse(black_box(TEXT)).expect("a password")
}

#[divan::bench(sample_count = 20)]
fn hash(bencher: divan::Bencher<'_, '_>) {
    let (runtime, hashers) = (runtime(), Hashers::new(1, 0, Entropy::system()));
    bencher.bench_local(|| runtime.block_on(hashers.hash(password())));
}

#[divan::bench(sample_count = 20)]
fn check_nobody(bencher: divan::Bencher<'_, '_>) {
    let (runtime, hashers) = (runtime(), Hashers::new(1, 0, Entropy::system()));
    bencher.bench_local(|| runtime.block_on(hashers.verify(password(), None)));
}

#[divan::bench]
fn policy(bencher: divan::Bencher<'_, '_>) {
    let password = password();
    bencher.bench_local(|| Policy::default().judge(black_box(&password), &["anna@example.org", "anna"]));
}
