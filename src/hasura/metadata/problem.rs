//! What is wrong with a metadata directory, and how serious it is.

use super::node::Place;

/// How serious a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Hasura or its CLI refuses it, or leaves something out without a word.
    Error,
    /// Hasura and its CLI accept it, and it has no effect.
    Warning,
    /// Hasura knows it, and this program does not: it was not checked, and the local engine does not serve it.
    NotChecked,
}

impl Severity {
    /// Whether the local engine refuses to start on it. With `ignores_unsupported` it leaves out what it does not support.
    pub fn stops_engine(self, ignores_unsupported: bool) -> bool {
        match self {
            Self::Error => true,
            Self::NotChecked => !ignores_unsupported,
            Self::Warning => false,
        }
    }
}

/// Something in the directory that needs a word.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}{}: {reason}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct Problem {
    /// How serious it is.
    pub severity: Severity,
    /// The file, relative to the metadata directory.
    pub file: String,
    /// The line, from one, if it is known.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

impl Problem {
    /// An error in a file.
    pub(super) fn new(file: &str, reason: impl Into<String>) -> Self {
        Self::on_line(file, None, reason)
    }

    /// An error on a line of a file, if the line is known.
    pub(super) fn on_line(file: &str, line: Option<u64>, reason: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line,
            reason: reason.into(),
        }
    }

    /// An error at a place.
    pub(super) fn at(place: &Place, reason: impl Into<String>) -> Self {
        Self::on_line(&place.file, Some(place.line), reason)
    }

    /// The same as a warning.
    #[must_use]
    pub(super) fn into_warning(self) -> Self {
        Self {
            severity: Severity::Warning,
            ..self
        }
    }

    /// The same as something that was not checked.
    #[must_use]
    pub(super) fn into_not_checked(self) -> Self {
        Self {
            severity: Severity::NotChecked,
            ..self
        }
    }
}
