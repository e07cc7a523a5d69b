//! YAML files with the CLI's includes: a quoted string `"!include path"` stands for that file.
//!
//! The reader collects problems instead of stopping at the first, and remembers which files it
//! has seen, so that a file nobody asked for can be named.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::node::{Content, Node};
use super::{Files, Problem, duplicates, typed};

/// How deep includes may nest; the CLI writes two levels.
const DEPTH: usize = 8;

pub(super) struct Reader<'f> {
    files: &'f Files,
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
    documents: BTreeMap<String, Node>,
}

impl<'f> Reader<'f> {
    pub(super) fn new(files: &'f Files) -> Self {
        Self {
            files,
            seen: BTreeSet::new(),
            problems: Vec::new(),
            documents: BTreeMap::new(),
        }
    }

    pub(super) fn problem(&mut self, file: &str, reason: impl Into<String>) {
        self.problems.push(Problem::new(file, reason));
    }

    /// A problem with what stands at a path of a document that was read.
    pub(super) fn problem_in(&mut self, file: &str, path: &[&str], reason: impl Into<String>) {
        let node = self.documents.get(file).and_then(|root| root.find(path));
        self.problems.push(match node {
            Some(node) => Problem::at(&node.place, reason),
            None => Problem::new(file, reason),
        });
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A file's text as it stands; empty when there is none.
    pub(super) fn text(&mut self, file: &str) -> &'f str {
        self.seen.insert(file.to_owned());
        self.files.get(file).unwrap_or_default()
    }

    /// A file, its includes expanded; `None` when it is missing, empty or wrong.
    pub(super) fn file<T: DeserializeOwned>(&mut self, file: &str) -> Option<T> {
        let node = self.node(file)?;
        typed::read(&node, &mut self.problems)
    }

    /// A file that holds a list; missing means empty.
    pub(super) fn list<T: DeserializeOwned>(&mut self, file: &str) -> Vec<T> {
        self.file(file).unwrap_or_default()
    }

    /// Complains unless the file says nothing: absent, null, or empty lists and maps throughout.
    pub(super) fn expect_empty(&mut self, file: &str) {
        if let Some(node) = self.node(file).filter(|node| !node.says_nothing()) {
            self.add(Problem::at(&node.place, "is not supported and must be empty"));
        }
    }

    /// A file as a tree, its includes expanded; `None` when it is missing, empty or wrong.
    pub(super) fn node(&mut self, file: &str) -> Option<Node> {
        let node = self.load(file, 0)?;
        self.problems.extend(duplicates::find(&node));
        self.documents.insert(file.to_owned(), node.clone());
        Some(node)
    }

    /// What was read, and the problems; a file that nobody read is one of them.
    pub(super) fn finish(mut self) -> (BTreeMap<String, Node>, Vec<Problem>) {
        let strangers: Vec<&str> = self
            .files
            .paths()
            .filter(|path| !self.seen.contains(*path))
            .collect();
        for path in strangers {
            self.problems
                .push(Problem::new(path, "is not a metadata file this reader knows"));
        }
        (self.documents, self.problems)
    }

    fn load(&mut self, file: &str, depth: usize) -> Option<Node> {
        self.seen.insert(file.to_owned());
        match Node::parse(file, self.files.get(file)?) {
            Ok(node) => node.map(|node| self.expand(node, depth)),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn expand(&mut self, node: Node, depth: usize) -> Node {
        let Node { place, content } = node;
        let content = match content {
            Content::Scalar(value) => match value.as_str().and_then(|text| text.strip_prefix("!include ")) {
                Some(target) => {
                    let outer = Node {
                        place,
                        content: Content::Scalar(Value::Null),
                    };
                    return self.include(outer, target.trim(), depth);
                }
                None => Content::Scalar(value),
            },
            Content::List(items) => {
                Content::List(items.into_iter().map(|item| self.expand(item, depth)).collect())
            }
            Content::Map(fields) => Content::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| (key, self.expand(value, depth)))
                    .collect(),
            ),
        };
        Node { place, content }
    }

    fn include(&mut self, outer: Node, target: &str, depth: usize) -> Node {
        let path = match outer.place.file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{target}"),
            None => target.to_owned(),
        };
        let reason = if depth >= DEPTH {
            format!("includes of {path} nest too deep")
        } else if self.files.get(&path).is_none() {
            format!("includes {path}, which does not exist")
        } else {
            return self.load(&path, depth + 1).unwrap_or(outer);
        };
        self.add(Problem::at(&outer.place, reason));
        outer
    }
}

/// Absent in all but name: null, or empty lists and maps throughout.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        _ => false,
    }
}
