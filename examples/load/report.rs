//! What was measured, as tables: for the terminal and for docs/performance.md the same text.

use std::fmt::Write;

use crate::drive::Run;

/// One run and what it cost.
#[derive(Clone, Debug)]
pub struct Measured {
    pub run: Run,
    /// CPU of the service, or of what stands for it, for one answer.
    pub front_micros: f64,
    /// CPU of PostgreSQL for one answer.
    pub database_micros: f64,
}

/// The service and its floor, measured one after the other.
#[derive(Clone, Debug)]
pub struct Side {
    pub ours: Measured,
    pub floor: Measured,
}

/// All rounds at one number of connections.
#[derive(Clone, Debug)]
pub struct Level {
    pub connections: usize,
    pub sides: Vec<Side>,
}

/// The middle of several rounds, the least and the most.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
        Self {
            median: at(values.len() / 2),
            least: at(0),
            most: at(values.len().saturating_sub(1)),
        }
    }
}

impl Level {
    pub fn spread(&self, value: impl Fn(&Side) -> f64) -> Spread {
        Spread::of(self.sides.iter().map(value))
    }

    /// How much of the floor's throughput is reached, round by round.
    pub fn ratio(&self) -> Spread {
        self.spread(|side| side.ours.run.rate() / side.floor.run.rate())
    }
}

/// A table of text.
#[derive(Clone, Debug)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Self {
        Self {
            heads: heads.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.to_vec());
    }

    /// The usual one of throughput and latency.
    pub fn of_levels(levels: &[Level], floor: &str) -> Self {
        let mut table = Self::new(&[
            "connections",
            "req/s",
            floor,
            "ratio (spread)",
            "p50 ms",
            "p99 ms",
            "CPU µs, service",
            "CPU µs, PostgreSQL",
            "CPU µs, floor",
        ]);
        for level in levels {
            let ratio = level.ratio();
            table.row(&[
                level.connections.to_string(),
                whole(level.spread(|side| side.ours.run.rate()).median),
                whole(level.spread(|side| side.floor.run.rate()).median),
                format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most),
                milliseconds(level.spread(|side| side.ours.run.quantile(0.5)).median),
                milliseconds(level.spread(|side| side.ours.run.quantile(0.99)).median),
                whole(level.spread(|side| side.ours.front_micros).median),
                whole(level.spread(|side| side.ours.database_micros).median),
                whole(
                    level
                        .spread(|side| side.floor.front_micros + side.floor.database_micros)
                        .median,
                ),
            ]);
        }
        table
    }
}

/// Markdown that is also a table to look at.
impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = || std::iter::once(&self.heads).chain(&self.rows);
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|at| {
                all()
                    .filter_map(|row| Some(row.get(at)?.chars().count()))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |f: &mut std::fmt::Formatter<'_>, row: &[String]| {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // The first says what a row is; the others are figures.
                match at {
                    0 => write!(f, "| {cell:<width$} ")?,
                    _ => write!(f, "| {cell:>width$} ")?,
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.heads)?;
        for (at, width) in widths.iter().enumerate() {
            let rule = "-".repeat(width + 1);
            match at {
                0 => write!(f, "|{rule}-")?,
                _ => write!(f, "|{rule}:")?,
            }
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// A goal, and what came of it.
#[derive(Clone, Debug)]
pub struct Goal {
    pub what: &'static str,
    pub bar: String,
    pub measured: String,
    pub met: bool,
}

/// Everything that a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    text: String,
    goals: Vec<Goal>,
}

impl Report {
    /// Prints a part as it is found, so that a run that breaks has said what it knew.
    pub fn part(&mut self, title: &str, text: &str, table: &Table) {
        let mut part = String::new();
        write!(part, "### {title}\n\n{text}\n\n{table}\n").expect("a string takes it");
        print!("{part}");
        self.text.push_str(&part);
    }

    pub fn goal(&mut self, what: &'static str, bar: impl Into<String>, measured: String, met: bool) {
        self.goals.push(Goal {
            what,
            bar: bar.into(),
            measured,
            met,
        });
    }

    /// The goals as a table.
    pub fn goals(&self) -> Table {
        let mut table = Table::new(&["goal", "bar", "measured", "met"]);
        for goal in &self.goals {
            let met = if goal.met { "yes" } else { "no" };
            table.row(&[
                goal.what.to_owned(),
                goal.bar.clone(),
                goal.measured.clone(),
                met.to_owned(),
            ]);
        }
        table
    }

    /// All parts.
    pub fn text(&self) -> &str {
        &self.text
    }
}

pub fn whole(value: f64) -> String {
    format!("{value:.0}")
}

pub fn milliseconds(value: f64) -> String {
    format!("{value:.2}")
}

pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
