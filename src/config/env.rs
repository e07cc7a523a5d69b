//! What was typed: the environment as text, secrets from files included.
//!
//! The only reader of the process's environment. It does not judge the values; `config` does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Variables by name. An empty value counts as absent, because compose files write `NAME=` for it.
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// Names of those whose value is not UTF-8.
    unreadable: BTreeSet<String>,
}

impl Variables {
    /// The environment of this process. A variable that is not UTF-8 has no value here; [`super::unreadable`] judges its name.
    pub fn of_process() -> Self {
        let mut variables = Self::default();
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        for (name, value) in std::env::vars_os() {
            // A name that is not UTF-8 is none of those that are read.
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    variables.values.insert(name, value);
                }
                Err(_) => {
                    variables.unreadable.insert(name);
                }
            }
        }
        variables
    }

    /// Names of variables whose value is not UTF-8.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }

    /// The value of `name` without white space around it, if there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Sets `name`, unless it has a value already.
    pub fn default_to(&mut self, name: &str, value: impl Into<String>) {
        if self.text(name).is_none() {
            self.values.insert(name.to_owned(), value.into());
        }
    }

    /// Sets `name`.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The secret `name`, or the content of the file that `name` + `_FILE` names, without white space around it: `echo` and
    /// editors add a line end, which no header can carry.
    ///
    /// # Errors
    /// A sentence, when both are given, the file cannot be read, or quotation marks stand around the value. They are not
    /// dropped, because the other side of the secret would keep them.
    pub fn secret(&self, name: &str) -> Result<Option<String>, String> {
        let from_file = format!("{name}_FILE");
        let (value, source) = match (self.text(name), self.text(&from_file)) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "{name} and {from_file} are both set: keep one, so that it is clear which one counts"
                ));
            }
            (Some(value), None) => (value.to_owned(), name),
            (None, Some(path)) => match fs::read_to_string(path) {
                Ok(text) => (text.trim().to_owned(), from_file.as_str()),
                Err(error) => return Err(format!("{from_file} names {path}, which cannot be read: {error}")),
            },
            (None, None) => return Ok(None),
        };
        if is_quoted(&value) {
            return Err(format!(
                "{source} has quotation marks around its value: take them away, because nothing but a shell and compose drops them"
            ));
        }
        Ok(Some(value))
    }

    /// All variables, for a part that reads names of its own (the local engine).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self {
            values: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            unreadable: BTreeSet::new(),
        }
    }
}

/// Whether quotation marks stand around a value.
fn is_quoted(value: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|mark| value.len() > 1 && value.starts_with(*mark) && value.ends_with(*mark))
}
