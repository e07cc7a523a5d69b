//! What the program takes where nobody asks it anything: memory, the time of its start, its size.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use crate::report::Spread;
use crate::stack::{Database, Process};
use crate::usage;
use crate::wire::Connection;

/// Starts whose time is taken.
const STARTS: usize = 9;
/// Connections that are held open at once.
pub const CONNECTIONS: usize = 1000;

/// Memory in MiB, times in milliseconds.
pub struct Footprint {
    pub ready: Spread,
    pub idle: f64,
    pub crowded: f64,
    pub binary: f64,
}

pub async fn measure(binary: &Path, database: &Database) -> anyhow::Result<Footprint> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let process = Process::serve(binary, database, &[])?;
        times.push(process.ready_after.as_secs_f64() * 1e3);
    }
    let process = Process::serve(binary, database, &[])?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = usage::resident(process.pid())?;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(process.address)?;
        let answer = connection.exchange(b"GET /webhook HTTP/1.1\r\nhost: service\r\n\r\n")?;
        ensure!(answer.status == 200, "the webhook answers {}", answer.status);
        held.push(connection);
    }
    Ok(Footprint {
        ready: Spread::of(times),
        idle,
        crowded: usage::resident(process.pid())?,
        // Far below 2^52.
        binary: std::fs::metadata(binary)?.len() as f64 / 1024.0 / 1024.0,
    })
}
