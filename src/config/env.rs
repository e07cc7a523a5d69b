//! What was typed: the environment as text, secrets from files included.
//!
//! The only reader of the process's environment. It does not judge the values; `config` does.

use std::collections::BTreeMap;
use std::fs;

/// Variables by name. An empty value counts as absent, because compose files write `NAME=` for it.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The environment of this process.
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        std::env::vars().collect()
    }

    /// The value of `name`, if there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty())
    }

    /// Sets `name`, unless it has a value already.
    pub fn default_to(&mut self, name: &str, value: impl Into<String>) {
        if self.text(name).is_none() {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// Sets `name`.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The secret `name`, or the content of the file that `name` + `_FILE` names, less a final line end.
    ///
    /// # Errors
    /// A sentence, when both are given or the file cannot be read.
    pub fn secret(&self, name: &str) -> Result<Option<String>, String> {
        let from_file = format!("{name}_FILE");
        match (self.text(name), self.text(&from_file)) {
            (Some(_), Some(_)) => Err(format!(
                "{name} and {from_file} are both set: keep one, so that it is clear which one counts"
            )),
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, Some(path)) => match fs::read_to_string(path) {
                Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(format!("{from_file} names {path}, which cannot be read: {error}")),
            },
            (None, None) => Ok(None),
        }
    }

    /// All variables, for a part that reads names of its own (the local engine).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
