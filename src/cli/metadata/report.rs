//! Problems and differences as lines for a person and as values for a program. Problems are told once for each cause, with a
//! count.

use std::fmt;

use serde::Serialize;

use serde_json::Value;

use super::Directory;
use crate::engine::Inconsistency;
use crate::hasura::document::Difference;
use crate::hasura::metadata::Problem;

/// Differences for a program. Secrets are stars.
#[derive(Serialize)]
pub(super) struct Comparison {
    equal: bool,
    only_here: Vec<OneSide>,
    only_there: Vec<OneSide>,
    different: Vec<BothSides>,
}

#[derive(Serialize)]
struct OneSide {
    path: String,
    value: Value,
}

#[derive(Serialize)]
struct BothSides {
    path: String,
    here: Value,
    there: Value,
}

impl Comparison {
    pub(super) fn of(found: Vec<Difference>) -> Self {
        let mut comparison = Self {
            equal: found.is_empty(),
            only_here: Vec::new(),
            only_there: Vec::new(),
            different: Vec::new(),
        };
        for Difference { path, here, there } in found.into_iter().map(Difference::hidden) {
            match (here, there) {
                (Some(here), Some(there)) => comparison.different.push(BothSides { path, here, there }),
                (Some(value), None) => comparison.only_here.push(OneSide { path, value }),
                (None, Some(value)) => comparison.only_there.push(OneSide { path, value }),
                (None, None) => {}
            }
        }
        comparison
    }
}

/// One cause, in one place or in several.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Remark {
    /// The first file, if the cause has a place.
    file: Option<String>,
    line: Option<u64>,
    reason: String,
    /// In how many places it was found.
    count: usize,
    /// All of them.
    places: Vec<Place>,
    /// The line that a person reads.
    #[serde(skip)]
    shown: String,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    file: String,
    line: Option<u64>,
}

impl Remark {
    /// A cause that has no place.
    pub(super) fn general(reason: String) -> Self {
        Self {
            file: None,
            line: None,
            shown: reason.clone(),
            reason,
            count: 1,
            places: Vec::new(),
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Gathers problems by cause, in the order of their first places.
pub(super) fn remarks(problems: Vec<Problem>, directory: &Directory) -> Vec<Remark> {
    let mut causes: Vec<(Cause, Vec<Place>)> = Vec::new();
    for problem in problems {
        let place = Place {
            file: directory.shown(&problem.file),
            line: problem.line,
        };
        for cause in Cause::of(&problem.reason) {
            match causes.iter_mut().find(|(own, _)| *own == cause) {
                Some((_, places)) => places.push(place.clone()),
                None => causes.push((cause, vec![place.clone()])),
            }
        }
    }
    causes
        .into_iter()
        .map(|(cause, places)| remark(&cause, places))
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// An environment variable is missing where things of this kind need it.
    Variable { name: String, kind: &'static str },
    /// What the reason says.
    Other(String),
}

impl Cause {
    fn of(reason: &str) -> Vec<Self> {
        let missing = Inconsistency::missing_variables(reason);
        if missing.is_empty() {
            return vec![Self::Other(reason.to_owned())];
        }
        let kind = match reason.contains("in action ") {
            true => "action",
            false => "place",
        };
        let variable = |name: &str| Self::Variable {
            name: name.to_owned(),
            kind,
        };
        missing.into_iter().map(variable).collect()
    }
}

fn remark(cause: &Cause, places: Vec<Place>) -> Remark {
    let count = places.len();
    let plural = if count == 1 { "" } else { "s" };
    let (reason, more) = match cause {
        Cause::Variable { name, kind } => (
            format!("{name} is not set: {count} {kind}{plural}"),
            String::new(),
        ),
        Cause::Other(reason) => (
            reason.clone(),
            match count - 1 {
                0 => String::new(),
                1 => " (and in 1 more place)".to_owned(),
                more => format!(" (and in {more} more places)"),
            },
        ),
    };
    let first = &places[0];
    let line = first.line.map(|line| format!(":{line}")).unwrap_or_default();
    Remark {
        shown: format!("{}{line}: {reason}{more}", first.file),
        file: Some(first.file.clone()),
        line: first.line,
        reason,
        count,
        places,
    }
}
