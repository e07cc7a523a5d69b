//! Runs a target: kept inputs first, then mutated ones, and keeps each input at which a property fails.
//!
//! There is no instrumentation, so that the stable toolchain does. What stands in for coverage is the target's
//! answer: an input that is answered as none before it becomes a seed for the next ones.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;

use super::draw::Draw;
use crate::repository::root;

type Check = Box<dyn FnMut(&[u8]) -> String>;

/// Something that reads what strangers send.
pub struct Target {
    /// The name of its folder in tests/fuzz/regressions/.
    pub name: &'static str,
    /// Good inputs.
    pub seeds: Vec<Vec<u8>>,
    /// Makes another input of the seeds.
    pub mutate: fn(&mut Draw, &[Vec<u8>]) -> Vec<u8>,
    /// Reads an input and panics where a property fails. What it returns says in a few words how the input was
    /// answered: a code, a shape; never a part of the input, or every input would be a new one.
    pub check: Check,
    /// How many inputs the short pass makes.
    pub short: usize,
}

/// What came of a run.
pub struct Summary {
    pub name: &'static str,
    pub inputs: usize,
    pub answers: usize,
    pub slowest: Duration,
    pub took: Duration,
    pub found: Vec<String>,
}

/// An input that takes longer is a fault, if it does so three times: another process may have had the core.
const SLOW: Duration = Duration::from_secs(1);
/// An input that takes this long will not end.
const HANGS: Duration = Duration::from_secs(60);
/// The seed of the short pass.
const FIXED_SEED: u64 = 4361;
/// The short pass ends here on a slow machine, with fewer inputs.
const SHORT: Duration = Duration::from_secs(15);
/// A run ends after so many faults.
const MOST_FAULTS: usize = 200;
/// Inputs kept besides the seeds.
const MOST_KEPT: usize = 2000;

/// The kept inputs and a bounded number of new ones, always the same.
pub fn short(mut target: Target) {
    let inputs = target.short;
    let summary = run(&mut target, FIXED_SEED, inputs, SHORT);
    assert!(summary.found.is_empty(), "{}", summary.found.join("\n"));
}

/// As many inputs as fit the time, or until it has found enough.
pub fn run(target: &mut Target, seed: u64, most: usize, time: Duration) -> Summary {
    let began = Instant::now();
    let mut draw = Draw::new(seed);
    let mut seeds = target.seeds.clone();
    let (mut known, mut kinds, mut faults) = (BTreeSet::new(), BTreeSet::new(), 0);
    let mut summary = Summary {
        name: target.name,
        inputs: 0,
        answers: 0,
        slowest: Duration::ZERO,
        took: Duration::ZERO,
        found: Vec::new(),
    };
    let watched = Watched::begin(target.name);
    let kept = kept(target.name);
    let old = target.seeds.len() + kept.len();
    let mut first = target.seeds.clone().into_iter().chain(kept);
    while summary.inputs < old || (summary.inputs < most + old && began.elapsed() < time) {
        let input = first.next().unwrap_or_else(|| (target.mutate)(&mut draw, &seeds));
        summary.inputs += 1;
        match watched.try_once(target, &input) {
            Ok((answer, took)) => {
                summary.slowest = summary.slowest.max(took);
                if known.insert(answer) && seeds.len() < target.seeds.len() + MOST_KEPT {
                    seeds.push(input);
                }
            }
            Err(fault) => {
                // One fault is found by many inputs: the first of each kind is kept.
                let kind: String = fault.chars().take(40).collect();
                if kinds.insert(kind) {
                    let path = keep(target.name, &input);
                    let fault: String = fault.chars().take(2000).collect();
                    summary
                        .found
                        .push(format!("{}: {fault}; kept as {path}", target.name));
                }
                faults += 1;
                if faults == MOST_FAULTS {
                    break;
                }
            }
        }
    }
    summary.answers = known.len();
    summary.took = began.elapsed();
    summary
}

/// The inputs that were found before, in the order of their names.
fn kept(name: &str) -> Vec<Vec<u8>> {
    let Ok(folder) = fs::read_dir(folder(name)) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

pub fn folder(name: &str) -> PathBuf {
    root().join("tests/fuzz/regressions").join(name)
}

fn keep(name: &str, input: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, input);
    let path = folder(name).join(hex::encode(&digest.as_ref()[..6]));
    fs::create_dir_all(folder(name)).unwrap();
    fs::write(&path, input).unwrap();
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// What the input under way leaves behind where no panic can be caught: a text of its own for a stack that ran
/// over, and an end for a loop that has none.
struct Watched {
    last: PathBuf,
    began: Instant,
    since: Arc<AtomicU64>,
    _over: mpsc::Sender<()>,
}

impl Watched {
    fn begin(name: &'static str) -> Self {
        let last = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}.last"));
        let (began, since) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let (over, ended) = mpsc::channel::<()>();
        let (watch, path) = (Arc::clone(&since), last.clone());
        std::thread::spawn(move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(Duration::from_secs(1)) {
                let since = Duration::from_millis(watch.load(Ordering::Relaxed));
                if began
                    .elapsed()
                    .checked_sub(since)
                    .is_some_and(|time| time > HANGS)
                {
                    let input = fs::read(&path).unwrap_or_default();
                    eprintln!("{name}: an input has no end; kept as {}", keep(name, &input));
                    std::process::abort();
                }
            }
        });
        Self {
            last,
            began,
            since,
            _over: over,
        }
    }

    fn try_once(&self, target: &mut Target, input: &[u8]) -> Result<(String, Duration), String> {
        fs::write(&self.last, input).unwrap();
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let now = Instant::now();
            let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap();
            self.since.store(millis, Ordering::Relaxed);
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
            self.since.store(u64::MAX, Ordering::Relaxed);
            fastest = fastest.min(now.elapsed());
            match outcome {
                Ok(answer) if fastest < SLOW => return Ok((answer, fastest)),
                Ok(_) => {}
                Err(panic) => return Err(sentence(&*panic)),
            }
        }
        Err(format!("it took {fastest:?}, three times"))
    }
}

fn sentence(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic").to_owned()
}

/// The most memory that this process has had, in MiB; `None` where the system does not say.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024)
}
