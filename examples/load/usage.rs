//! What processes use, as /proc says: CPU time and resident memory. Linux alone.

use std::fs;

use anyhow::Context;

/// Clock ticks a second: what Linux shows to user space on every architecture.
const TICKS: f64 = 100.0;

/// CPU seconds of these processes so far.
pub fn cpu(pids: &[u32]) -> anyhow::Result<f64> {
    pids.iter().map(|pid| Ok(own_and_buried(*pid)?.0)).sum()
}

/// CPU seconds of a process and of all its children, also of those that have ended.
pub fn cpu_with_children(pid: u32) -> anyhow::Result<f64> {
    let (own, buried) = own_and_buried(pid)?;
    let mut sum = own + buried;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ends meanwhile is counted by its parent, the next time.
        if let Ok(fields) = fields(child)
            && fields.get(1).is_some_and(|parent| *parent == pid.to_string())
        {
            sum += ticks(&fields, 11)? + ticks(&fields, 12)?;
        }
    }
    Ok(sum)
}

/// Resident memory in MiB.
pub fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok())
        .context("no VmRSS")?;
    Ok(kibibytes / 1024.0)
}

fn own_and_buried(pid: u32) -> anyhow::Result<(f64, f64)> {
    let fields = fields(pid)?;
    Ok((
        ticks(&fields, 11)? + ticks(&fields, 12)?,
        ticks(&fields, 13)? + ticks(&fields, 14)?,
    ))
}

/// Those behind the name, which may hold anything; the state is the first.
fn fields(pid: u32) -> anyhow::Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("a stat without a name")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

fn ticks(fields: &[String], at: usize) -> anyhow::Result<f64> {
    let count: f64 = fields.get(at).context("a short stat")?.parse()?;
    Ok(count / TICKS)
}
