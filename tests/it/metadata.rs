//! The commands about Hasura's metadata, and the engine that reads it, as the binary runs them.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod apply;
mod build;
mod check;
mod diff;
mod engine;
pub(crate) mod hasura;
mod projects;
mod recorded;
mod rehearsal;
mod shapes;

use std::path::Path;

use crate::repository::{files, root};

/// A metadata directory of a test's own.
struct Directory(tempfile::TempDir);

impl Directory {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One table, one action, one REST endpoint.
    fn small() -> Self {
        Self::copy_of("tests/fixtures/metadata/small")
    }

    /// A copy of a folder of the project.
    fn copy_of(folder: &str) -> Self {
        let copy = Self::empty();
        for extension in ["yaml", "graphql"] {
            for path in files(folder, extension) {
                let text = std::fs::read_to_string(root().join(&path)).unwrap();
                copy.write(
                    Path::new(&path).strip_prefix(folder).unwrap().to_str().unwrap(),
                    &text,
                );
            }
        }
        copy
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a piece of a file that must be there.
    fn change(&self, path: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.0.path().join(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replacen(from, to, 1));
    }

    fn path(&self) -> String {
        self.0.path().to_str().unwrap().to_owned()
    }
}
