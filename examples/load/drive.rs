//! Load: so many connections, each on a thread of its own, each sending its next request when it has the answer to the
//! last. Every answer is judged. It knows nothing of what is asked.
//!
//! Closed loop: a service that is slow is asked less often, so throughput and latency are to be read together.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};

use crate::wire::{Answer, Connection};

/// What one connection asks.
pub trait Asker: Send {
    /// Puts the next request there, whole. False when it has nothing left to ask.
    fn ask(&mut self, request: &mut Vec<u8>) -> bool;

    /// Whether the answer is right; what is wrong with it otherwise.
    fn judge(&mut self, answer: Answer<'_>) -> Result<(), String>;
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Run {
    /// From the first request to the last answer, in seconds.
    pub seconds: f64,
    /// Of each answer, in microseconds, sorted.
    pub micros: Vec<u32>,
}

impl Run {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.count() / self.seconds
    }

    pub fn count(&self) -> f64 {
        // Far below 2^52.
        self.micros.len() as f64
    }

    /// The latency that this share of the answers does not exceed, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let Some(last) = self.micros.len().checked_sub(1) else {
            return f64::NAN;
        };
        let at = (last as f64 * share).round() as usize;
        f64::from(self.micros[at.min(last)]) / 1e3
    }
}

/// Lets each asker ask for `time`, or until it has nothing left. The addresses are taken in turn.
///
/// # Errors
/// The first wrong answer, or a connection that broke.
pub fn drive(addresses: &[SocketAddr], askers: Vec<Box<dyn Asker>>, time: Duration) -> anyhow::Result<Run> {
    let over = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(askers.len() + 1));
    let mut threads = Vec::new();
    for (number, mut asker) in askers.into_iter().enumerate() {
        let connection = Connection::open(addresses[number % addresses.len()])?;
        let (over, start) = (Arc::clone(&over), Arc::clone(&start));
        threads.push(std::thread::spawn(move || {
            ask_on(connection, asker.as_mut(), &start, &over)
        }));
    }
    start.wait();
    let begun = Instant::now();
    while begun.elapsed() < time && !threads.iter().all(std::thread::JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(2));
    }
    over.store(true, Ordering::Relaxed);
    let mut micros = Vec::new();
    let mut last = begun;
    for thread in threads {
        let (of_one, ended) = thread
            .join()
            .map_err(|_| anyhow!("a connection's thread panicked"))??;
        micros.extend(of_one);
        last = last.max(ended);
    }
    ensure!(!micros.is_empty(), "nothing was asked");
    micros.sort_unstable();
    Ok(Run {
        seconds: (last - begun).as_secs_f64(),
        micros,
    })
}

fn ask_on(
    mut connection: Connection,
    asker: &mut dyn Asker,
    start: &Barrier,
    over: &AtomicBool,
) -> anyhow::Result<(Vec<u32>, Instant)> {
    let mut request = Vec::with_capacity(4096);
    let mut micros = Vec::with_capacity(1 << 16);
    start.wait();
    while !over.load(Ordering::Relaxed) && asker.ask(&mut request) {
        let begun = Instant::now();
        let answer = connection.exchange(&request)?;
        micros.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        if let Err(fault) = asker.judge(answer) {
            let body = String::from_utf8_lossy(answer.body);
            return Err(anyhow!("a wrong answer ({fault}): {} {body}", answer.status));
        }
    }
    Ok((micros, Instant::now()))
}
