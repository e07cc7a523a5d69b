//! YAML files with the CLI's includes: `!include path`, as a tag or as a text, stands for that file.
//!
//! The reader collects problems instead of stopping at the first. It remembers which files it has read, so that it can
//! name those that have no effect.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::node::{Content, Node, Place};
use super::{Files, Problem, duplicates, typed};

/// How deep includes may nest; the CLI writes two levels.
const MAX_INCLUDE_DEPTH: usize = 8;

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

    /// An error in a file.
    pub(super) fn problem(&mut self, file: &str, reason: impl Into<String>) {
        self.problems.push(Problem::new(file, reason));
    }

    /// A problem with what stands at a path of a document that was read; an error unless it is made another.
    pub(super) fn problem_in(&self, file: &str, path: &[&str], reason: impl Into<String>) -> Problem {
        match self.documents.get(file).and_then(|root| root.find(path)) {
            Some(node) => Problem::at(&node.place, reason),
            None => Problem::new(file, reason),
        }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A file's text as it stands; empty when there is none.
    pub(super) fn text(&mut self, file: &str) -> &'f str {
        self.seen.insert(file.to_owned());
        match self.files.text(file) {
            Some(Ok(text)) => text,
            Some(Err(reason)) => {
                self.problem(file, reason);
                ""
            }
            None => "",
        }
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

    /// Says that a file was not checked, unless it says nothing: absent, null, or empty lists and maps throughout.
    pub(super) fn pass_over(&mut self, file: &str) {
        if let Some(node) = self.node(file).filter(|node| !node.says_nothing()) {
            self.add(Problem::at(&node.place, "not supported by the local engine").into_not_checked());
        }
    }

    /// Adds what stands in the way of reading a tree as a type to the problems.
    pub(super) fn typed<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        typed::read(node, &mut self.problems)
    }

    /// A file as a tree, its includes expanded; `None` when it is missing, empty or wrong.
    pub(super) fn node(&mut self, file: &str) -> Option<Node> {
        let node = self
            .load(file, 0)
            .filter(|node| !matches!(node.content, Content::Include(_)))?;
        self.problems.extend(duplicates::find(&node));
        self.documents.insert(file.to_owned(), node.clone());
        Some(node)
    }

    /// What was read, and the problems; a file that was not read is one of them.
    pub(super) fn finish(mut self) -> (BTreeMap<String, Node>, Vec<Problem>) {
        let unread = self.files.paths().filter(|path| !self.seen.contains(*path));
        let unread: Vec<Problem> = unread.filter_map(unread_file).collect();
        self.problems.extend(unread);
        (self.documents, self.problems)
    }

    fn load(&mut self, file: &str, depth: usize) -> Option<Node> {
        self.seen.insert(file.to_owned());
        let text = match self.files.text(file) {
            Some(Ok(text)) => text,
            Some(Err(reason)) => {
                self.problem(file, reason);
                return None;
            }
            None => return None,
        };
        match Node::parse(file, text) {
            Ok(document) => {
                if let Some(second) = document.second {
                    self.add(
                        Problem::at(&second, "only the first document of a file is read").into_warning(),
                    );
                }
                document.root.map(|root| self.expand(root, depth))
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn expand(&mut self, node: Node, depth: usize) -> Node {
        let Node { place, content } = node;
        let content = match content {
            Content::Scalar(value) => Content::Scalar(value),
            Content::Include(target) => return self.include(place, &target, depth),
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

    /// A file that does not end in `.yaml` is put in as a text, as the CLI does.
    fn include(&mut self, place: Place, target: &str, depth: usize) -> Node {
        // What cannot be included stays an include, which the readers pass over: its problem is told once.
        let unresolved = |place| Node {
            place,
            content: Content::Include(target.to_owned()),
        };
        let reason = match resolved(&place.file, target) {
            None => format!("includes {target}, which is outside of the metadata directory"),
            Some(path) if depth >= MAX_INCLUDE_DEPTH => format!("includes of {path} nest too deep"),
            Some(path) => match self.files.text(&path) {
                None => format!("includes {path}, which does not exist"),
                Some(Err(reason)) => format!("includes {path}, which {reason}"),
                Some(Ok(_)) if path.ends_with(".yaml") => {
                    return self.load(&path, depth + 1).unwrap_or_else(|| unresolved(place));
                }
                Some(Ok(text)) => {
                    self.seen.insert(path);
                    let content = Content::Scalar(text.into());
                    return Node { place, content };
                }
            },
        };
        self.add(Problem::at(&place, reason));
        unresolved(place)
    }
}

/// The path of an include, from the folder of the file that has it. `None` if it leads out of the directory.
fn resolved(file: &str, target: &str) -> Option<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut path: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(target.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                path.pop()?;
            }
            step => path.push(step),
        }
    }
    Some(path.join("/"))
}

/// What to say of a file that was not read. Only YAML can be meant as metadata.
fn unread_file(path: &str) -> Option<Problem> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let list = match folder.rsplit('/').next() {
        Some("tables") => Some("tables.yaml"),
        Some("functions") => Some("functions.yaml"),
        _ => None,
    };
    let reason = match list {
        _ if name.ends_with(".yml") => {
            "has no effect: the Hasura CLI reads files that end in .yaml".to_owned()
        }
        _ if !name.ends_with(".yaml") => return None,
        Some(list) if list != name => {
            format!("has no effect: {list} does not include it. Delete the file, or add it to {list}")
        }
        _ => "has no effect: it is not a metadata file of the Hasura CLI, and no file includes it".to_owned(),
    };
    Some(Problem::new(path, reason).into_warning())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_includes_are_cleaned() {
        for (file, target, expected) in [
            ("a.yaml", "b.yaml", Some("b.yaml")),
            ("databases/a.yaml", "./b.yaml", Some("databases/b.yaml")),
            ("databases/x/a.yaml", "../y/b.yaml", Some("databases/y/b.yaml")),
            ("databases/a.yaml", "/b.yaml", Some("databases/b.yaml")),
            ("a.yaml", "../b.yaml", None),
        ] {
            assert_eq!(resolved(file, target).as_deref(), expected, "{file} {target}");
        }
    }
}
