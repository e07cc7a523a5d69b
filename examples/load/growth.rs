//! What more rows cost: the same restores on three databases that differ only in how much lies beside them; and what it
//! costs to remove a million rows that have had their time, while people restore.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::asks::Restores;
use crate::drive::{Asker, Run, drive};
use crate::report::Spread;
use crate::seeds::{Holder, Seeds, bytes_of, settle, uuid_of};
use crate::stack::{Database, Process};
use crate::{Pace, usage};

const CONNECTIONS: usize = 8;
/// Sessions of one connection in one run.
const OF_ONE: u64 = 100;
/// Refresh tokens of a session, all but one spent.
const TOKENS: u32 = 5;

/// How many accounts each database has; five times as many refresh tokens.
pub const SCALES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// One database and what was measured on it.
pub struct Grown {
    pub accounts: u64,
    database: Database,
    service: Process,
    /// How many of its sessions were used up.
    used: u64,
    pub rates: Vec<f64>,
    pub p99: Vec<f64>,
    pub database_micros: Vec<f64>,
    /// Bytes that a restore writes to the log.
    pub wal: Vec<f64>,
}

impl Grown {
    async fn start(binary: &Path, accounts: u64) -> anyhow::Result<Self> {
        let database = Database::start().await?;
        let seeds = Seeds {
            first: 1,
            count: accounts,
            generations: TOKENS,
            holder: Holder::Requests,
        };
        seeds.sow(&database.client).await?;
        settle(&database.client).await?;
        database.client.batch_execute(&touch(accounts)).await?;
        Ok(Self {
            accounts,
            service: Process::serve(binary, &database, &[])?,
            database,
            used: 0,
            rates: Vec::new(),
            p99: Vec::new(),
            database_micros: Vec::new(),
            wal: Vec::new(),
        })
    }

    /// Restores of sessions that lie far apart, so that each is on a page of its own where there are that many.
    fn restore(&mut self, time: Duration) -> anyhow::Result<Run> {
        let stride = self.accounts / SCALES[0];
        let mut askers: Vec<Box<dyn Asker>> = Vec::new();
        for _ in 0..CONNECTIONS {
            let first = self.used;
            self.used += OF_ONE;
            ensure!(self.used <= self.accounts, "more runs than sessions");
            let numbers = (first..first + OF_ONE).map(|at| 1 + at % SCALES[0] * stride + at / SCALES[0]);
            askers.push(Box::new(Restores::over(numbers)));
        }
        drive(&[self.service.address], askers, time)
    }

    /// Bytes in the log so far.
    async fn written(&self) -> anyhow::Result<f64> {
        let sql = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::double precision";
        Ok(self.database.client.query_one(sql, &[]).await?.get(0))
    }

    async fn round(&mut self, time: Duration) -> anyhow::Result<()> {
        let postmaster = self.database.pid()?;
        let written = self.written().await?;
        let before = usage::cpu_with_children(postmaster)?;
        let run = self.restore(time)?;
        let cpu = usage::cpu_with_children(postmaster)? - before;
        self.rates.push(run.rate());
        self.p99.push(run.quantile(0.99));
        self.database_micros.push(cpu * 1e6 / run.count());
        self.wal.push((self.written().await? - written) / run.count());
        Ok(())
    }
}

/// The first change of a page after a checkpoint writes all of it to the log. A database that is being used has that behind
/// it: new tokens on every page of the indexes, and a change on many pages of the sessions.
fn touch(accounts: u64) -> String {
    let session = uuid_of("(i * 5)", 's');
    format!(
        "set synchronous_commit = off;
         insert into auth.refresh_tokens (hash, session_id, generation)
           select sha256(int8send(i) || 'w'::bytea), {session}, -1 from generate_series(1, {accounts} / 5) as i;
         update auth.sessions set last_used_at = last_used_at
           where id in (select {session} from generate_series(1, {accounts} / 20) as i);
         reset synchronous_commit"
    )
}

/// The databases, measured in turn.
pub async fn grow(binary: &Path, pace: Pace) -> anyhow::Result<Vec<Grown>> {
    let mut all = Vec::new();
    for accounts in SCALES {
        all.push(Grown::start(binary, accounts).await?);
    }
    for grown in &mut all {
        // Connects and prepares.
        grown.restore(pace.time)?;
    }
    for _ in 0..pace.rounds {
        for grown in &mut all {
            grown.round(pace.time).await?;
        }
    }
    Ok(all)
}

/// What the sweep of a million rows did to those who restored meanwhile; latencies in milliseconds.
pub struct Swept {
    pub rows: i64,
    pub seconds: f64,
    pub usual_p99: f64,
    pub p99: f64,
    pub usual_rate: f64,
    pub rate: f64,
}

/// Sessions that ended two months ago, each with three tokens.
const ENDED: i64 = 250_000;

/// On the largest of the databases: a second process comes, and its first sweep begins at once.
pub async fn sweep(binary: &Path, grown: &mut Grown, pace: Pace) -> anyhow::Result<Swept> {
    let (session, user, hash) = (
        uuid_of("i", 'e'),
        uuid_of("i % 10000 + 1", 'u'),
        bytes_of("i", 'x'),
    );
    let client = &grown.database.client;
    client
        .batch_execute(&format!(
            "set synchronous_commit = off;
             insert into auth.sessions (id, user_id, flow, generation, rotated_at, last_used_at, created_at, ends_at, ended_at, reason)
               select {session}, {user}, 'siwe', 2, at, at, at, at, at, 'logout'
               from generate_series(1, {ENDED}) as i, lateral (select now() - interval '60 days' as at) as moment;
             insert into auth.refresh_tokens (hash, session_id, generation)
               select sha256({hash} || int4send(g)), {session}, g from generate_series(1, {ENDED}) as i, generate_series(0, 2) as g;
             reset synchronous_commit"
        ))
        .await?;
    settle(client).await?;
    let usual = grown.restore(pace.time * 2)?;
    let _sweeper = Process::serve(binary, &grown.database, &[])?;
    let begun = Instant::now();
    let mut micros = Vec::new();
    let mut driven = 0.0;
    while ended_sessions(grown).await? > 0 {
        ensure!(
            begun.elapsed() < Duration::from_secs(600),
            "the sweep does not end"
        );
        let run = grown.restore(Duration::from_secs(1).min(pace.time))?;
        driven += run.seconds;
        micros.extend(run.micros);
    }
    micros.sort_unstable();
    let during = Run {
        seconds: driven,
        micros,
    };
    Ok(Swept {
        rows: ENDED * 4,
        seconds: begun.elapsed().as_secs_f64(),
        usual_p99: usual.quantile(0.99),
        p99: during.quantile(0.99),
        usual_rate: usual.rate(),
        rate: during.rate(),
    })
}

/// Whether any is left; a count would be load of its own.
async fn ended_sessions(grown: &Grown) -> anyhow::Result<i64> {
    let last = uuid_of("i", 'e');
    let row = grown
        .database
        .client
        .query_one(
            &format!(
                "select count(*) from auth.sessions
                 where id in (select {last} from generate_series(1, {ENDED}, {ENDED} / 2000) as i)"
            ),
            &[],
        )
        .await?;
    Ok(row.get(0))
}

/// By how much the last of these is worse than the first: of throughput the inverse.
pub fn worse(first: &[f64], last: &[f64]) -> f64 {
    Spread::of(first.iter().copied()).median / Spread::of(last.iter().copied()).median - 1.0
}

pub async fn end(all: Vec<Grown>) -> anyhow::Result<()> {
    for grown in all {
        drop(grown.service);
        grown.database.stop().await?;
    }
    Ok(())
}
