//! The parts of a measurement one after the other: each one's table, and the goals that it is held against.

use std::path::Path;

use anyhow::Context;

use crate::command::{Stage, Wanted};
use crate::plot::{Panel, draw};
use crate::report::{Level, Report, Side, Spread, Table, milliseconds, percent, whole};
use crate::stack::{Database, Process};
use crate::{Pace, floors, footprint, growth, machine, processes, throughput};

/// Between these lines of the page stands what was measured.
const BEGIN: &str = "<!-- measured: `make bench` wrote this -->";
const END: &str = "<!-- end of what was measured -->";
const PAGE: &str = "docs/performance.md";
const PLOT: &str = "docs/images/performance.svg";

pub async fn measure(wanted: &Wanted) -> anyhow::Result<()> {
    let (binary, pace) = (wanted.binary()?, wanted.pace());
    let mut report = Report::default();
    let database = Database::start().await?;
    let version: String = database
        .client
        .query_one("show server_version", &[])
        .await?
        .get(0);
    let machine = machine::describe(&version);
    println!("{machine}\n");
    let (restores, log_ins, webhooks) = requests(wanted, &binary, &database, pace, &mut report).await?;
    if wanted.wants(Stage::Footprint) {
        take(&binary, &database, &mut report).await?;
    }
    if wanted.wants(Stage::Processes) {
        share(&binary, &database, pace, &mut report).await?;
    }
    database.stop().await?;
    if wanted.wants(Stage::Growth) {
        grow(&binary, pace, &mut report).await?;
    }
    let goals = report.goals();
    println!("## Goals\n\n{goals}");
    let panels = [
        Panel {
            title: "v1RestoreSession",
            floor: "pgbench",
            levels: &restores,
        },
        Panel {
            title: "v1Login",
            floor: "pgbench",
            levels: &log_ins,
        },
        Panel {
            title: "Webhook",
            floor: "a bare axum route",
            levels: &webhooks,
        },
    ];
    let text = format!("{machine}\n\n### Goals\n\n{goals}\n{}", report.text());
    let folder = binary
        .parent()
        .and_then(Path::parent)
        .context("a binary without a folder")?
        .join("bench");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("report.md"), &text)?;
    std::fs::write(folder.join("performance.svg"), draw(&panels))?;
    println!("\nwritten to {}", folder.display());
    if wanted.write {
        let page = std::fs::read_to_string(PAGE)?;
        let (before, rest) = page.split_once(BEGIN).context("the page has no place for it")?;
        let (_, after) = rest.split_once(END).context("the page has no end for it")?;
        std::fs::write(PAGE, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
        std::fs::write(PLOT, draw(&panels))?;
        println!("written to {PAGE} and {PLOT}");
    }
    Ok(())
}

type Three = (Vec<Level>, Vec<Level>, Vec<Level>);

/// What clients and Hasura ask.
async fn requests(
    wanted: &Wanted,
    binary: &Path,
    database: &Database,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<Three> {
    let variables: Vec<(&str, &str)> = wanted
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let service = Process::serve(binary, database, &variables)?;
    let (mut restores, mut log_ins, mut webhooks) = (Vec::new(), Vec::new(), Vec::new());
    if wanted.wants(Stage::Restore) {
        restores = throughput::restores(database, &service, pace).await?;
        report.part(
            "`v1RestoreSession`",
            "True rotations, each of a session that was not the last one, beside pgbench on the same statement.",
            &Table::of_levels(&restores, "pgbench"),
        );
        report.goal(
            "`v1RestoreSession` of pgbench on its statement",
            "≥ 0.80",
            ratios(&restores),
            at_most(&restores) >= 0.80,
        );
        let alone = |side: &Side| side.ours.front_micros / side.floor.database_micros;
        let shared = |side: &Side| side.ours.front_micros / side.ours.database_micros;
        report.goal(
            "CPU of the service per restore, of PostgreSQL's for a statement of one",
            "≤ 0.33",
            at_each(&restores, alone),
            restores
                .last()
                .is_some_and(|level| level.spread(alone).median <= 1.0 / 3.0),
        );
        report.goal(
            "the same, of what PostgreSQL takes where they share statements",
            "≤ 0.33",
            at_each(&restores, shared),
            restores
                .last()
                .is_some_and(|level| level.spread(shared).median <= 1.0 / 3.0),
        );
        let rate = restores
            .iter()
            .map(|level| level.spread(|side| side.ours.run.rate()).median)
            .fold(0.0, f64::max);
        report.goal(
            "restores a second on two cores",
            "≥ 4000",
            whole(rate),
            rate >= 4000.0,
        );
    }
    if wanted.wants(Stage::Login) {
        log_ins = throughput::log_ins(database, &service, pace).await?;
        report.part(
            "`v1Login`",
            "Each a fresh message of a fresh wallet: a recovery, a user, a wallet, an account, a session, a line in the audit log.",
            &Table::of_levels(&log_ins, "pgbench"),
        );
        report.goal(
            "`v1Login` of pgbench on its statement",
            "≥ 0.70",
            ratios(&log_ins),
            at_most(&log_ins) >= 0.70,
        );
    }
    if wanted.wants(Stage::Webhook) {
        webhooks = throughput::webhooks(&service, pace)?;
        report.part(
            "Auth webhook",
            "A session in memory, the token's signature known, beside a bare axum route that answers the same bytes.",
            &Table::of_levels(&webhooks, "axum"),
        );
        report.goal(
            "webhook of a bare axum route",
            "≥ 0.70",
            ratios(&webhooks),
            at_most(&webhooks) >= 0.70,
        );
        let p99 = webhooks.last().map_or(f64::NAN, |level| {
            level.spread(|side| side.ours.run.quantile(0.99)).median
        });
        report.goal(
            "webhook, p99 at 32 connections",
            "< 2 ms",
            format!("{p99:.2} ms"),
            p99 < 2.0,
        );
    }
    if wanted.wants(Stage::Crypto) {
        let levels = throughput::passwords(database, &service, pace)?;
        report.part(
            "Log-in with a password",
            "Beside argon2id alone on all cores: what is left is a question to the database before it and a session after it.",
            &Table::of_levels(&levels, "argon2"),
        );
        let recovery = floors::recovery()?;
        let mut table = Table::new(&["recovery", "µs"]);
        table.row(&[
            "ours: hexadecimal, low s, recovery, address".to_owned(),
            format!("{:.1}", recovery.ours),
        ]);
        table.row(&[
            "libsecp256k1: recovery".to_owned(),
            format!("{:.1}", recovery.bare),
        ]);
        report.part("Recovery", "One signature, in one thread.", &table);
        let times = recovery.ours / recovery.bare;
        report.goal(
            "recovery, of libsecp256k1's",
            "≤ 1.3",
            format!("{times:.2}"),
            times <= 1.3,
        );
    }
    Ok((restores, log_ins, webhooks))
}

/// The ratio at the most connections: there the cores are never idle.
fn at_most(levels: &[Level]) -> f64 {
    levels.last().map_or(f64::NAN, |level| level.ratio().median)
}

fn ratios(levels: &[Level]) -> String {
    at_each(levels, |side| side.ours.run.rate() / side.floor.run.rate())
}

fn at_each(levels: &[Level], value: impl Fn(&Side) -> f64) -> String {
    let each: Vec<String> = levels
        .iter()
        .map(|level| format!("{:.2} at {}", level.spread(&value).median, level.connections))
        .collect();
    each.join(", ")
}

/// What it takes where nobody asks.
async fn take(binary: &Path, database: &Database, report: &mut Report) -> anyhow::Result<()> {
    let footprint = footprint::measure(binary, database).await?;
    let mut table = Table::new(&["footprint", "measured"]);
    let ready = footprint.ready;
    table.row(&[
        "start to ready, ms (spread)".to_owned(),
        format!("{:.0} ({:.0}–{:.0})", ready.median, ready.least, ready.most),
    ]);
    table.row(&["resident, idle, MiB".to_owned(), format!("{:.1}", footprint.idle)]);
    table.row(&[
        "resident, 1,000 connections, MiB".to_owned(),
        format!("{:.1}", footprint.crowded),
    ]);
    table.row(&[
        "release binary, MiB".to_owned(),
        format!("{:.1}", footprint.binary),
    ]);
    report.part("Footprint", "A process on a migrated database.", &table);
    report.goal(
        "start to ready",
        "< 150 ms",
        format!("{:.0} ms", ready.median),
        ready.median < 150.0,
    );
    report.goal(
        "resident, idle",
        "< 30 MiB",
        format!("{:.1} MiB", footprint.idle),
        footprint.idle < 30.0,
    );
    let crowded = footprint.crowded;
    report.goal(
        "resident, 1,000 connections",
        "< 80 MiB",
        format!("{crowded:.1} MiB"),
        crowded < 80.0,
    );
    report.goal(
        "release binary",
        "< 20 MiB",
        format!("{:.1} MiB", footprint.binary),
        footprint.binary < 20.0,
    );
    Ok(())
}

/// Several processes.
async fn share(binary: &Path, database: &Database, pace: Pace, report: &mut Report) -> anyhow::Result<()> {
    let all = processes::measure(binary, database, pace).await?;
    let mut table = Table::new(&["processes", "req/s", "least–most", "p99 ms", "of one process"]);
    let mut worst: f64 = 0.0;
    for shared in &all {
        let rates = Spread::of(shared.rates.iter().copied());
        let one = all
            .iter()
            .find(|other| other.pooled == shared.pooled)
            .context("nothing was measured")?;
        let apart = rates.median / Spread::of(one.rates.iter().copied()).median;
        worst = worst.max((apart - 1.0).abs());
        let behind = if shared.pooled { ", behind PgBouncer" } else { "" };
        table.row(&[
            format!("{}{behind}", shared.count),
            whole(rates.median),
            format!("{:.0}–{:.0}", rates.least, rates.most),
            milliseconds(Spread::of(shared.p99.iter().copied()).median),
            format!("{apart:.2}"),
        ]);
    }
    report.part(
        "Several processes",
        "Restores over 32 connections for each process. Afterwards the database holds as many rotations as there were \
         answers, and one live head of each session.",
        &table,
    );
    report.goal(
        "2 and 4 processes, total apart from one",
        "≤ 10 %",
        percent(worst),
        worst <= 0.10,
    );
    Ok(())
}

/// More rows.
async fn grow(binary: &Path, pace: Pace, report: &mut Report) -> anyhow::Result<()> {
    let mut all = growth::grow(binary, pace).await?;
    let mut table = Table::new(&[
        "accounts",
        "refresh tokens",
        "req/s",
        "p99 ms",
        "CPU µs, PostgreSQL",
        "log, bytes",
    ]);
    for grown in &all {
        table.row(&[
            grown.accounts.to_string(),
            (grown.accounts * 5).to_string(),
            whole(Spread::of(grown.rates.iter().copied()).median),
            milliseconds(Spread::of(grown.p99.iter().copied()).median),
            whole(Spread::of(grown.database_micros.iter().copied()).median),
            whole(Spread::of(grown.wal.iter().copied()).median),
        ]);
    }
    report.part(
        "Growth",
        "The same restores over 8 connections, beside more and more rows, measured in turn.",
        &table,
    );
    let (first, last) = (all.first().context("nothing")?, all.last().context("nothing")?);
    let cost = growth::worse(&first.rates, &last.rates);
    report.goal(
        "a restore beside 5 million tokens, dearer",
        "≤ 15 %",
        percent(cost),
        cost <= 0.15,
    );
    let largest = all.last_mut().context("nothing")?;
    let swept = growth::sweep(binary, largest, pace).await?;
    let mut table = Table::new(&["removal of a million rows", "before", "meanwhile"]);
    table.row(&[
        "p99 ms".to_owned(),
        milliseconds(swept.usual_p99),
        milliseconds(swept.p99),
    ]);
    table.row(&["req/s".to_owned(), whole(swept.usual_rate), whole(swept.rate)]);
    let text = format!(
        "{} expired rows beside 6 million live ones, removed in {:.0} s while 8 connections restored.",
        swept.rows, swept.seconds
    );
    report.part("Cleanup", &text, &table);
    let times = swept.p99 / swept.usual_p99;
    report.goal(
        "p99 while a million rows are removed, of the usual",
        "≤ 2",
        format!("{times:.2}"),
        times <= 2.0,
    );
    growth::end(all).await
}
