//! What a check found, and how that is shown: a line for a person, an object for a program.

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::table::plain;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It holds.
    Ok,
    /// It holds, and somebody should look at it.
    Warn,
    /// It does not hold.
    Fail,
    /// It cannot be told, or was not asked for.
    Skip,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What was seen, and what to do about it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) status: Status,
    seen: String,
    cure: Option<String>,
}

pub(super) fn ok(seen: impl Into<String>) -> Outcome {
    Outcome {
        status: Status::Ok,
        seen: seen.into(),
        cure: None,
    }
}

pub(super) fn warn(seen: impl Into<String>, cure: impl Into<String>) -> Outcome {
    Outcome {
        status: Status::Warn,
        seen: seen.into(),
        cure: Some(cure.into()),
    }
}

pub(super) fn fail(seen: impl Into<String>, cure: impl Into<String>) -> Outcome {
    Outcome {
        status: Status::Fail,
        seen: seen.into(),
        cure: Some(cure.into()),
    }
}

pub(super) fn skip(seen: impl Into<String>) -> Outcome {
    Outcome {
        status: Status::Skip,
        seen: seen.into(),
        cure: None,
    }
}

/// A check with its outcome.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) outcome: Outcome,
}

impl Finding {
    /// One line, whatever a server said. `width` is that of the longest name of a check.
    pub(super) fn line(&self, width: usize) -> String {
        let Outcome { status, seen, cure } = &self.outcome;
        let check = self.check;
        let cure = cure
            .as_ref()
            .map(|cure| format!(" → {}", plain(cure)))
            .unwrap_or_default();
        format!("{:4}  {check:width$}  {}{cure}\n", status.word(), plain(seen))
    }

    pub(super) fn json(&self) -> Value {
        let Outcome { status, seen, cure } = &self.outcome;
        json!({"check": self.check, "status": status, "seen": seen, "cure": cure})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_was_seen() {
        let finding = Finding {
            check: "hasura",
            outcome: fail("it said\n\u{1b}[31mno", "ask it"),
        };
        assert_eq!(
            finding.line(8),
            "fail  hasura    it said\\n\\u{1b}[31mno → ask it\n"
        );
        assert_eq!(
            finding.json(),
            json!({"check": "hasura", "status": "fail", "seen": "it said\n\u{1b}[31mno", "cure": "ask it"})
        );
    }
}
