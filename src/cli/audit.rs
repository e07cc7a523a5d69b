//! `audit`: who did what, from where, with which result.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::database;
use super::ids::user_id;
use super::table::{instant, plain, show, show_json, show_more, table};
use crate::config::Variables;
use crate::model::Address;
use crate::storage::{AuditFilter, AuditRecord, Db};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe audit --since 24h
  hasura-siwe audit --address 0xYourAddress --limit 20
  hasura-siwe audit --action grant_role --json
  hasura-siwe audit --follow

Each of --user, --address, --action and --since narrows the answer. Single restores are not recorded.")]
pub(super) struct Arguments {
    /// Records of this user id.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: Option<Uuid>,
    /// Records that name this address.
    #[arg(long)]
    address: Option<Address>,
    /// Records of this kind, such as log_in, grant_role or disable_account.
    #[arg(long)]
    action: Option<String>,
    /// Records of the last 30m, 24h, 7d …
    #[arg(long, value_parser = duration)]
    since: Option<Duration>,
    /// At most so many, the newest.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on with what comes, the oldest first.
    #[arg(long)]
    follow: bool,
    /// As JSON; with --follow, one record a line.
    #[arg(long)]
    json: bool,
}

/// How often new records are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// How far back. A record bears the time at which its statement began, and is seen once that has
/// committed: many times longer than a statement may take.
const LOOK_BACK: Duration = Duration::from_secs(60);
/// How many may come in that time.
const AT_ONCE: u32 = 100_000;

/// How long ago something may be.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // Beyond this the database's calendar ends.
    let longest = Duration::from_secs(100 * 366 * 24 * 3600);
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= longest => Ok(duration),
        _ => Err("expected a duration with its unit, such as 30m, 24h or 7d".to_owned()),
    }
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let db = database::of(&variables).await?;
    let filter = AuditFilter {
        user_id: arguments.user,
        address: arguments.address,
        action: arguments.action,
        since: arguments.since,
        limit: arguments.limit,
    };
    if arguments.follow {
        follow(&db, filter, arguments.json).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let records = db.audit(&filter).await?;
    if arguments.json {
        show_json(&records)?;
    } else {
        let rows: Vec<[String; 5]> = records.iter().map(row).collect();
        show(&table("", ["AT", "ACTION", "RESULT", "BY", "ABOUT"], &rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what was asked for, and then what comes, until nobody reads any more.
///
/// Numbers are given out before the commit, so a new record may turn up below one that was seen.
/// Hence the whole of the last minute is looked at each time, and what was seen of it is remembered.
async fn follow(db: &Db, asked: AuditFilter, json: bool) -> anyhow::Result<()> {
    let recent = AuditFilter {
        since: Some(LOOK_BACK),
        limit: AT_ONCE,
        ..asked.clone()
    };
    let ids = |records: &[AuditRecord]| -> BTreeSet<i64> { records.iter().map(|record| record.id).collect() };
    let mut seen = ids(&db.audit(&recent).await?);
    let mut new = db.audit(&asked).await?;
    seen.extend(ids(&new));
    loop {
        for record in new.iter().rev() {
            let line = if json {
                serde_json::to_string(record)?
            } else {
                row(record).join("  ")
            };
            if !show_more(&format!("{line}\n"))? {
                return Ok(());
            }
        }
        tokio::time::sleep(EVERY).await;
        new = db.audit(&recent).await?;
        let now = ids(&new);
        new.retain(|record| !seen.contains(&record.id));
        seen = now;
    }
}

fn row(record: &AuditRecord) -> [String; 5] {
    let mut about = Vec::new();
    let mut tell = |name: &str, value: Option<String>| {
        about.extend(value.map(|value| format!("{name}={value}")));
    };
    tell("address", record.address.map(|address| address.to_string()));
    tell("user", record.user_id.map(|id| id.to_string()));
    tell("session", record.session_id.map(|id| id.to_string()));
    tell("ip", record.ip.clone());
    tell("request", record.request_id.as_deref().map(plain));
    for (name, value) in record.detail.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) if !text.contains([' ', '"']) => text.clone(),
            other => other.to_string(),
        };
        tell(name, Some(text));
    }
    [
        instant(record.at),
        record.action.clone(),
        record.result.clone(),
        record.actor.clone(),
        about.join(" "),
    ]
}
