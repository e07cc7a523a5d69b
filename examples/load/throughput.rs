//! Throughput and latency of what clients and Hasura ask, at one, eight and thirty-two connections, each beside its floor:
//! rounds of one and the other in turn, so that a noisy minute falls on both.

use std::net::SocketAddr;

use anyhow::{Context, ensure};

use crate::asks::{LogIns, Passwords, Restores, Same, sign, webhook, with_password};
use crate::drive::{Asker, Run, drive};
use crate::report::{Level, Measured, Side};
use crate::seeds::{Holder, Seeds, settle};
use crate::stack::{Bare, Database, Process};
use crate::wire::{Connection, find};
use crate::{Pace, pgbench, usage};

/// Connections at once.
pub const LEVELS: [usize; 3] = [1, 8, 32];

/// Sessions of one connection: each may be restored sixty times at once.
const OF_ONE: u64 = 256;

/// The processes whose CPU time is counted on a side: the service or whoever stands for it, and PostgreSQL.
struct Meter<'a> {
    front: &'a [u32],
    database: Option<u32>,
}

impl Meter<'_> {
    fn read(&self) -> anyhow::Result<(f64, f64)> {
        let database = self.database.map_or(Ok(0.0), usage::cpu_with_children)?;
        Ok((usage::cpu(self.front)?, database))
    }

    /// What a run cost.
    fn measure(&self, run: impl FnOnce() -> anyhow::Result<Run>) -> anyhow::Result<Measured> {
        let before = self.read()?;
        let run = run()?;
        let after = self.read()?;
        Ok(Measured {
            front_micros: (after.0 - before.0) * 1e6 / run.count(),
            database_micros: (after.1 - before.1) * 1e6 / run.count(),
            run,
        })
    }
}

/// Numbers of people, given out once each.
pub struct Numbers(u64);

impl Numbers {
    pub fn from(first: u64) -> Self {
        Self(first)
    }

    pub fn take(&mut self, count: u64) -> u64 {
        let first = self.0;
        self.0 += count;
        first
    }
}

/// Rotations by the service beside rotations by pgbench.
pub async fn restores(database: &Database, service: &Process, pace: Pace) -> anyhow::Result<Vec<Level>> {
    // One round at the highest level comes before those that count.
    let places = LEVELS.iter().sum::<usize>() * pace.rounds + LEVELS[2];
    let all = places as u64 * OF_ONE;
    let of = |first, holder| Seeds {
        first,
        count: all,
        generations: 1,
        holder,
    };
    let (asked, floor) = (of(1, Holder::Requests), of(100_000_001, Holder::Pgbench));
    asked.sow(&database.client).await?;
    floor.sow(&database.client).await?;
    settle(&database.client).await?;
    let (mut numbers, mut of_pgbench) = (Numbers::from(asked.first), Numbers::from(floor.first));
    let mut answers = (0, 0);
    let (front, postmaster) = ([service.pid()], database.pid()?);
    let levels = rounds(pace, |connections| {
        let service_side = Meter {
            front: &front,
            database: Some(postmaster),
        };
        let ours = service_side.measure(|| {
            let askers = (0..connections)
                .map(|_| Box::new(Restores::of(numbers.take(OF_ONE), OF_ONE)) as Box<dyn Asker>);
            drive(&[service.address], askers.collect(), pace.time)
        })?;
        let floor = Meter {
            front: &[],
            database: Some(postmaster),
        };
        let first = of_pgbench.take(OF_ONE * connections as u64);
        let script = pgbench::restores(first, OF_ONE)?;
        let floor = floor.measure(|| pgbench::run(database, &script, connections, pace.time))?;
        answers.0 += ours.run.micros.len();
        answers.1 += floor.run.micros.len();
        Ok(Side { ours, floor })
    })?;
    asked.were_rotated(&database.client, answers.0).await?;
    floor.were_rotated(&database.client, answers.1).await?;
    Ok(levels)
}

/// Log-ins of new wallets beside pgbench's.
pub async fn log_ins(database: &Database, service: &Process, pace: Pace) -> anyhow::Result<Vec<Level>> {
    let mut numbers = Numbers::from(1_000_000_000_000);
    let (front, postmaster) = ([service.pid()], database.pid()?);
    // Enough for a run, as the one before it tells.
    let mut expected = 3000.0;
    rounds(pace, |connections| {
        let signed = sign((expected * pace.time.as_secs_f64() * 2.0) as usize + 64);
        let enough = signed.len();
        let service_side = Meter {
            front: &front,
            database: Some(postmaster),
        };
        let ours = service_side
            .measure(|| drive(&[service.address], LogIns::share(signed, connections), pace.time))?;
        ensure!(ours.run.micros.len() <= enough, "more log-ins than messages");
        expected = ours.run.rate().max(1500.0);
        let floor = Meter {
            front: &[],
            database: Some(postmaster),
        };
        let script = pgbench::log_ins(numbers.take(1_000_000_000))?;
        let floor = floor.measure(|| pgbench::run(database, &script, connections, pace.time))?;
        Ok(Side { ours, floor })
    })
}

/// Hasura's question about a session that is in memory, beside a bare axum route that answers the same bytes.
pub fn webhooks(service: &Process, pace: Pace) -> anyhow::Result<Vec<Level>> {
    let question = webhook(&access_token(service.address)?);
    let mut connection = Connection::open(service.address)?;
    let answer = connection.exchange(&question)?;
    ensure!(answer.status == 200, "the webhook answers {}", answer.status);
    let bare = Bare::start(answer.body)?;
    // All but the time in it.
    let at = find(answer.body, b"\"Expires\"").context("an answer without Expires")?;
    let beginning = answer.body[..at].to_vec();
    rounds(pace, |connections| {
        let side = |pid: u32, address: SocketAddr| {
            let meter = Meter {
                front: &[pid],
                database: None,
            };
            meter.measure(|| {
                let askers =
                    (0..connections).map(|_| Box::new(Same::new(&question, &beginning)) as Box<dyn Asker>);
                drive(&[address], askers.collect(), pace.time)
            })
        };
        Ok(Side {
            ours: side(service.pid(), service.address)?,
            floor: side(bare.pid(), bare.address)?,
        })
    })
}

/// An access token of somebody who signs in for it.
fn access_token(address: SocketAddr) -> anyhow::Result<String> {
    let mut askers = LogIns::share(sign(2), 1);
    let mut request = Vec::new();
    askers[0].ask(&mut request);
    let mut connection = Connection::open(address)?;
    let answer = connection.exchange(&request)?;
    let body: serde_json::Value = serde_json::from_slice(answer.body)?;
    let token = body.pointer("/res/accessToken").and_then(|token| token.as_str());
    Ok(token.with_context(|| format!("no session: {body}"))?.to_owned())
}

/// Log-ins with a password beside argon2 alone, on as many threads as the service hashes on.
pub fn passwords(database: &Database, service: &Process, pace: Pace) -> anyhow::Result<Vec<Level>> {
    const EACH: usize = 4;
    let mut connection = Connection::open(service.address)?;
    let mut request = Vec::new();
    for number in 0..LEVELS[2] * EACH {
        with_password(&mut request, "/actions/register", "register", number);
        let answer = connection.exchange(&request)?;
        ensure!(
            answer.status == 200,
            "an account was not registered: {}",
            answer.status
        );
    }
    let (front, postmaster) = ([service.pid()], database.pid()?);
    rounds(pace, |connections| {
        let meter = Meter {
            front: &front,
            database: Some(postmaster),
        };
        let ours = meter.measure(|| {
            let askers = (0..connections)
                .map(|at| Box::new(Passwords::of(at * EACH..(at + 1) * EACH)) as Box<dyn Asker>);
            drive(&[service.address], askers.collect(), pace.time)
        })?;
        let own = std::process::id();
        let floor = Meter {
            front: &[own],
            database: None,
        };
        let floor = floor.measure(|| crate::floors::argon2(connections, pace.time))?;
        Ok(Side { ours, floor })
    })
}

/// Both sides at each level, again and again.
fn rounds(pace: Pace, mut measure: impl FnMut(usize) -> anyhow::Result<Side>) -> anyhow::Result<Vec<Level>> {
    let mut levels: Vec<Level> = LEVELS
        .iter()
        .map(|connections| Level {
            connections: *connections,
            sides: Vec::new(),
        })
        .collect();
    // What is prepared once is prepared.
    measure(LEVELS[2]).context("the first round")?;
    for _ in 0..pace.rounds {
        for level in &mut levels {
            level.sides.push(measure(level.connections)?);
        }
    }
    Ok(levels)
}
