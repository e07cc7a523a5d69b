//! YAML files with the CLI's includes: a quoted string `"!include path"` stands for that file.
//!
//! The reader collects problems instead of stopping at the first, and remembers which files it
//! has seen, so that a file nobody asked for can be named.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Files, Problem};

/// How deep includes may nest; the CLI writes two levels.
const DEPTH: usize = 8;

pub(super) struct Reader<'f> {
    files: &'f Files,
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    pub(super) fn new(files: &'f Files) -> Self {
        Self {
            files,
            seen: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn problem(&mut self, file: &str, reason: impl Into<String>) {
        self.problems.push(Problem::new(file, reason));
    }

    /// A file's text as it stands; empty when there is none.
    pub(super) fn text(&mut self, file: &str) -> &'f str {
        self.seen.insert(file.to_owned());
        self.files.get(file).unwrap_or_default()
    }

    /// A file, its includes expanded; `None` when it is missing, empty or wrong.
    pub(super) fn file<T: DeserializeOwned>(&mut self, file: &str) -> Option<T> {
        let value = self.value(file, 0)?;
        match serde_json::from_value(value) {
            Ok(read) => Some(read),
            Err(error) => {
                self.problem(file, error.to_string());
                None
            }
        }
    }

    /// A file that holds a list; missing means empty.
    pub(super) fn list<T: DeserializeOwned>(&mut self, file: &str) -> Vec<T> {
        self.file(file).unwrap_or_default()
    }

    /// Complains unless the file says nothing: absent, null, or empty lists and maps throughout.
    pub(super) fn expect_empty(&mut self, file: &str) {
        if self.value(file, 0).is_some_and(|value| !says_nothing(&value)) {
            self.problem(file, "is not supported and must be empty");
        }
    }

    /// The result, or the problems; a file that nobody read is one of them.
    pub(super) fn finish<T>(mut self, read: T) -> Result<T, Vec<Problem>> {
        let strangers: Vec<&str> = self
            .files
            .paths()
            .filter(|path| !self.seen.contains(*path))
            .collect();
        for path in strangers {
            self.problems
                .push(Problem::new(path, "is not a metadata file this reader knows"));
        }
        if self.problems.is_empty() {
            Ok(read)
        } else {
            Err(self.problems)
        }
    }

    fn value(&mut self, file: &str, depth: usize) -> Option<Value> {
        self.seen.insert(file.to_owned());
        let text = self.files.get(file)?;
        if text.trim().is_empty() {
            return None;
        }
        match serde_saphyr::from_str::<Value>(text) {
            Ok(Value::Null) => None,
            Ok(value) => Some(self.expand(file, value, depth)),
            Err(error) => {
                self.problem(file, error.to_string());
                None
            }
        }
    }

    fn expand(&mut self, file: &str, value: Value, depth: usize) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix("!include ") {
                Some(target) => self.include(file, target.trim(), depth),
                None => Value::String(text),
            },
            Value::Array(items) => Value::Array(
                items
                    .into_iter()
                    .map(|item| self.expand(file, item, depth))
                    .collect(),
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(key, item)| (key, self.expand(file, item, depth)))
                    .collect(),
            ),
            other => other,
        }
    }

    fn include(&mut self, file: &str, target: &str, depth: usize) -> Value {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if folder.is_empty() {
            target.to_owned()
        } else {
            format!("{folder}/{target}")
        };
        if depth >= DEPTH {
            self.problem(file, format!("includes of {path} nest too deep"));
        } else if self.files.get(&path).is_none() {
            self.problem(file, format!("includes {path}, which does not exist"));
        } else {
            return self.value(&path, depth + 1).unwrap_or(Value::Null);
        }
        Value::Null
    }
}

pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        _ => false,
    }
}
