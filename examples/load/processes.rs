//! Several processes on one PostgreSQL, each on its own connections or all behind PgBouncer in transaction mode: the same
//! total, and no wrong answer.

use std::net::SocketAddr;
use std::path::Path;

use crate::Pace;
use crate::asks::Restores;
use crate::drive::{Asker, drive};
use crate::seeds::{Holder, Seeds, settle};
use crate::stack::{Database, Pooler, Process};
use crate::throughput::Numbers;

/// Of each process: all have enough to do.
const CONNECTIONS: usize = 32;
const OF_ONE: u64 = 128;
/// How many processes share the work.
pub const COUNTS: [usize; 3] = [1, 2, 4];

/// What so many processes did together.
pub struct Shared {
    pub count: usize,
    pub pooled: bool,
    pub rates: Vec<f64>,
    pub p99: Vec<f64>,
    addresses: Vec<SocketAddr>,
    _processes: Vec<Process>,
}

pub async fn measure(binary: &Path, database: &Database, pace: Pace) -> anyhow::Result<Vec<Shared>> {
    // The numbers of people begin where no other stage's do.
    const FIRST: u64 = 200_000_001;
    let pooler = Pooler::start(database, 16)?;
    let direct_url = database.url();
    let pooled: &[(&str, &str)] = &[
        ("DATABASE_URL", pooler.url.as_str()),
        ("DATABASE_DIRECT_URL", direct_url.as_str()),
        ("DATABASE_POOLER", "transaction"),
    ];
    let mut all = Vec::new();
    for variables in [&[][..], pooled] {
        for count in COUNTS {
            let processes = (0..count)
                .map(|_| Process::serve(binary, database, variables))
                .collect::<Result<Vec<_>, _>>()?;
            all.push(Shared {
                count,
                pooled: !variables.is_empty(),
                rates: Vec::new(),
                p99: Vec::new(),
                addresses: processes.iter().map(|process| process.address).collect(),
                _processes: processes,
            });
        }
    }
    let connections: usize = all.iter().map(|shared| shared.count * CONNECTIONS).sum();
    let count = ((pace.rounds + 1) * connections) as u64 * OF_ONE;
    let seeds = Seeds {
        first: FIRST,
        count,
        generations: 1,
        holder: Holder::Requests,
    };
    seeds.sow(&database.client).await?;
    settle(&database.client).await?;
    let mut numbers = Numbers::from(FIRST);
    let mut answers = 0;
    for round in 0..=pace.rounds {
        for shared in &mut all {
            let askers = (0..CONNECTIONS * shared.count)
                .map(|_| Box::new(Restores::of(numbers.take(OF_ONE), OF_ONE)) as Box<dyn Asker>);
            let run = drive(&shared.addresses, askers.collect(), pace.time)?;
            answers += run.micros.len();
            // In the first one everybody connects and prepares.
            if round > 0 {
                shared.rates.push(run.rate());
                shared.p99.push(run.quantile(0.99));
            }
        }
    }
    seeds.were_rotated(&database.client, answers).await?;
    Ok(all)
}
