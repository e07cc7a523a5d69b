//! Floors that need no server: libsecp256k1 and argon2 as their crates have them, in this process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use argon2::{Algorithm, Argon2, Params, Version};
use hasura_siwe::siwe::signature::{Signature, hash};
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use crate::asks::{PASSWORD, sign};
use crate::drive::Run;

/// Microseconds of one recovery: ours from its hexadecimal to the address, and libsecp256k1's from the bytes to the key.
pub struct Recovery {
    pub ours: f64,
    pub bare: f64,
}

/// The medians of many turns of both.
pub fn recovery() -> anyhow::Result<Recovery> {
    const TURNS: usize = 40;
    let signed = sign(64);
    let mut bytes = Vec::new();
    for one in &signed {
        let raw: [u8; 65] = hex::decode(&one.signature[2..])?.as_slice().try_into()?;
        let id = RecoveryId::try_from(i32::from(raw[64]) - 27)?;
        bytes.push(RecoverableSignature::from_compact(&raw[..64], id)?);
    }
    let hashes: Vec<[u8; 32]> = signed.iter().map(|one| hash(&one.message)).collect();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let begun = Instant::now();
        for (one, hash) in signed.iter().zip(&hashes) {
            let parsed = Signature::parse(black_box(&one.signature))?;
            black_box(parsed.recover(hash)?);
        }
        ours.push(begun.elapsed());
        let begun = Instant::now();
        for (signature, hash) in bytes.iter().zip(&hashes) {
            black_box(signature.recover_ecdsa(black_box(Message::from_digest(*hash)))?);
        }
        bare.push(begun.elapsed());
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[TURNS / 2].as_secs_f64() * 1e6 / signed.len() as f64
    };
    Ok(Recovery {
        ours: median(ours),
        bare: median(bare),
    })
}

/// argon2id at the cost that the service has, on as many threads as there are connections and cores.
pub fn argon2(connections: usize, time: Duration) -> anyhow::Result<Run> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let one_thread = || -> anyhow::Result<Vec<u32>> {
        let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|error| anyhow!("{error}"))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut micros = Vec::new();
        while begun.elapsed() < time {
            let start = Instant::now();
            let mut output = [0; 32];
            argon
                .hash_password_into(PASSWORD.as_bytes(), b"sixteen bytes it", &mut output)
                .map_err(|error| anyhow!("{error}"))?;
            black_box(output);
            micros.push(u32::try_from(start.elapsed().as_micros())?);
        }
        Ok(micros)
    };
    let mut micros = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections.min(cores))
            .map(|_| scope.spawn(one_thread))
            .collect();
        for thread in threads {
            micros.extend(thread.join().map_err(|_| anyhow!("a thread panicked"))??);
        }
        anyhow::Ok(())
    })?;
    micros.sort_unstable();
    Ok(Run {
        seconds: begun.elapsed().as_secs_f64(),
        micros,
    })
}
